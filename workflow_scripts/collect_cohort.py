"""Say who takes part in a cohort, who does not and why, and what was measured on the way."""

from glioma_uq.cohorts import (
    EXCLUDED_COLUMNS,
    LABEL_COLUMNS,
    check_someone_is_left,
    divide_cases,
    gather_figures,
)
from glioma_uq.logs import log_to
from glioma_uq.quality.rows import read_rows, write_table


def main(*, labels, quality, cases, excluded, figures):
    """Write cases.csv, excluded.csv and quality.csv from labels.csv and the steps' rows."""
    rows = [row for path in quality for row in read_rows(path)]
    included, out = divide_cases(read_rows(labels), rows)
    print(f"{len(included)} cases take part, {len(out)} are excluded")
    check_someone_is_left(included, out)
    write_table(cases, LABEL_COLUMNS, included)
    write_table(excluded, EXCLUDED_COLUMNS, out)
    write_table(figures, *gather_figures(rows))


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            labels=snakemake.input.labels,
            quality=snakemake.input.quality,
            cases=snakemake.output.cases,
            excluded=snakemake.output.excluded,
            figures=snakemake.output.quality,
        )
