"""Write the manifest of a cohort, its excluded cases and the quality metrics."""

from glioma_uq.steps import run

from glioma_uq.cohorts.collection import (
    EXCLUDED_COLUMNS,
    check_someone_is_left,
    divide_cases,
    exclude_other_grids,
    gather_metrics,
    manifest_of,
)
from glioma_uq.cohorts.copies import exclude_copies
from glioma_uq.errors import BadInput
from glioma_uq.plurals import counted
from glioma_uq.quality.rows import read_rows, write_table


def main(
    *, labels, quality, volumes, excluded, metrics, on_bad_case="exclude", on_own_grid=False
):  # fmt: skip
    """Write volumes.csv, excluded.csv and quality.csv from labels.csv and the steps' records.

    Of two cases with the same scan the later is excluded and, where cases keep their own grid
    (`on_own_grid`), each that is not on that of most; or `on_bad_case` "stop" stops the run.
    """
    rows = [row for path in quality for row in read_rows(path)]
    included, out = divide_cases(read_rows(labels), rows)
    included, unfit = exclude_copies(included, rows)
    if on_own_grid:
        included, others = exclude_other_grids(included, rows)
        unfit += others
    if unfit and on_bad_case == "stop":
        raise BadInput("{case}: {reason}".format(**unfit[0]))
    out += unfit
    print(f"taking part: {counted(len(included), 'case')}, excluded: {len(out)}")
    check_someone_is_left(included, out)
    manifest = manifest_of(included, rows)
    write_table(volumes, list(manifest[0]), manifest)
    write_table(excluded, EXCLUDED_COLUMNS, out)
    write_table(metrics, *gather_metrics(rows))


if __name__ == "__main__":
    run(main, snakemake)
