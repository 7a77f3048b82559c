"""Measure how often the predicted class is correct at each confidence, with bands of chance."""

from glioma_uq.statistics.curves import reliability_table
from glioma_uq.statistics.measures import Ece
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, cells, selection, seed, intervals, ece, output):
    _, passes = read_selected_cell(selection)
    table = reliability_table(
        at_passes(cells, passes),
        ece=Ece.of_config(**ece),
        resamples=intervals["resamples"],
        level=intervals["level"],
        seed=seed,
    )
    write_table(table, output)
    print(f"{len(table)} bins")


if __name__ == "__main__":
    run(main, snakemake)
