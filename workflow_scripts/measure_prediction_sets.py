"""Measure conformal prediction sets, calibrated on validation cases: coverage and size."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.fitted_tables import conformal_table
from glioma_uq.statistics.long_tables import read_cells, write_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run


def main(*, cells, validation, selection, alpha, class_conditional, seed, intervals, output):
    _, passes = read_selected_cell(selection)
    table = conformal_table(
        *(read_cells(at_passes(paths, passes)) for paths in (cells, validation)),
        alpha=alpha,
        class_conditional=class_conditional,
        rng_of=lambda: np.random.default_rng(seed_for(seed, "bootstrap")),
        **intervals,
    )
    write_measures(table, output)


if __name__ == "__main__":
    run(main, snakemake)
