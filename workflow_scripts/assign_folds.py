"""Deal the cases out into folds, once for the whole study."""

from glioma_uq.folds import assign_folds
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table, write_table


def main(*, cases, number, validation_share, seed, output):
    folds = assign_folds(read_table(cases), number, validation_share, seed)
    write_table(folds, output)
    print(folds.groupby(["fold", "split"]).size().to_string())


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cases=snakemake.input.cases,
            number=snakemake.params.number,
            validation_share=snakemake.params.validation_share,
            seed=snakemake.params.seed,
            output=snakemake.output.folds,
        )
