"""Write the manifest of a cohort, its excluded cases and the quality metrics."""

from glioma_uq.cohorts.collection import (
    EXCLUDED_COLUMNS,
    check_someone_is_left,
    divide_cases,
    exclude_copies,
    gather_metrics,
    manifest_of,
)
from glioma_uq.errors import BadInput
from glioma_uq.plurals import counted
from glioma_uq.quality.rows import read_rows, write_table
from glioma_uq.steps import run


def main(*, labels, quality, volumes, excluded, metrics, on_bad_case="exclude"):
    """Write volumes.csv, excluded.csv and quality.csv from labels.csv and the steps' records.

    Of two cases with the same scan the later is excluded, or `on_bad_case` "stop" stops the run.
    """
    rows = [row for path in quality for row in read_rows(path)]
    included, out = divide_cases(read_rows(labels), rows)
    included, copies = exclude_copies(included, rows)
    if copies and on_bad_case == "stop":
        raise BadInput("{case}: {reason}".format(**copies[0]))
    out += copies
    print(f"taking part: {counted(len(included), 'case')}, excluded: {len(out)}")
    check_someone_is_left(included, out)
    manifest = manifest_of(included, rows)
    write_table(volumes, list(manifest[0]), manifest)
    write_table(excluded, EXCLUDED_COLUMNS, out)
    write_table(metrics, *gather_metrics(rows))


if __name__ == "__main__":
    run(main, snakemake)
