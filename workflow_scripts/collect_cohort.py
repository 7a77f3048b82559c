"""Write the manifest of a cohort, its excluded cases and the quality metrics."""

from glioma_uq.cohorts.collection import (
    EXCLUDED_COLUMNS,
    check_someone_is_left,
    divide_cases,
    gather_metrics,
    manifest_of,
)
from glioma_uq.plurals import counted
from glioma_uq.quality.rows import read_rows, write_table
from glioma_uq.steps import run


def main(*, labels, quality, volumes, excluded, metrics):
    """Write volumes.csv, excluded.csv and quality.csv from labels.csv and the steps' records."""
    rows = [row for path in quality for row in read_rows(path)]
    included, out = divide_cases(read_rows(labels), rows)
    print(f"taking part: {counted(len(included), 'case')}, excluded: {len(out)}")
    check_someone_is_left(included, out)
    manifest = manifest_of(included, rows)
    write_table(volumes, list(manifest[0]), manifest)
    write_table(excluded, EXCLUDED_COLUMNS, out)
    write_table(metrics, *gather_metrics(rows))


if __name__ == "__main__":
    run(main, snakemake)
