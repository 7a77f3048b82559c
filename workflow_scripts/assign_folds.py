"""Assign each patient's cases to folds, once for the whole study."""

from glioma_uq.steps import run

from glioma_uq.folds import ET_SIZE, STRATA, assign_folds, with_et_size
from glioma_uq.tables import read_table, write_table


def main(*, volumes, number, validation_share, seed, output, strata=STRATA, test_share=None):
    """Write folds.csv; `volumes` is the cohort's manifest."""
    table = read_table(volumes)
    if ET_SIZE in strata:
        table = with_et_size(table, dict(zip(table["case"], table["et_mm3"], strict=True)))
    folds = assign_folds(
        table, number, validation_share, seed, strata=strata, test_share=test_share
    )
    write_table(folds, output)
    print(folds.groupby(["fold", "split"]).size().to_string())


if __name__ == "__main__":
    run(main, snakemake)
