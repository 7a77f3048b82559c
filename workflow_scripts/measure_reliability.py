"""Measure how often the predicted class is true at each confidence, beside what chance allows."""

from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import at_passes, read_choice
from glioma_uq.statistics.curves import reliability_table
from glioma_uq.statistics.measures import Ece
from glioma_uq.tables import write_table


def main(*, cells, selection, seed, resamples, level, ece, output):
    _, passes = read_choice(selection)
    table = reliability_table(
        at_passes(cells, passes),
        ece=Ece.of_config(**ece),
        resamples=resamples,
        level=level,
        seed=seed,
    )
    write_table(table, output)
    print(f"{len(table)} bins")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cells=snakemake.input.cells,
            selection=snakemake.input.selection,
            seed=snakemake.params.seed,
            resamples=snakemake.params.resamples,
            level=snakemake.params.level,
            ece=snakemake.params.ece,
            output=snakemake.output.table,
        )
