"""Compare probabilities and uncertainty with the true posterior, known for the phantom alone."""

from functools import partial

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import measure_cells, write_measures
from glioma_uq.statistics.measures import Ece
from glioma_uq.statistics.posterior_truth import truth_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run
from glioma_uq.tables import read_table


def main(*, cells, truth, selection, seed, intervals, ece, output):
    _, passes = read_selected_cell(selection)
    table = measure_cells(
        at_passes(cells, passes),
        partial(truth_measures, truth=read_table(truth), ece=Ece.of_config(**ece)),
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        **intervals,
    )
    write_measures(table, output)


if __name__ == "__main__":
    run(main, snakemake)
