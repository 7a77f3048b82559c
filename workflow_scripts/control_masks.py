"""Set the tumour threshold on validation cases to limit missed tumour, and measure the result."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.fitted_tables import mask_control_table
from glioma_uq.statistics.long_tables import read_cells, write_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run


def main(*, voxels, validation, selection, alpha, seed, intervals, output):
    _, passes = read_selected_cell(selection)
    table = mask_control_table(
        *(read_cells(at_passes(paths, passes)) for paths in (voxels, validation)),
        alpha=alpha,
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        **intervals,
    )
    write_measures(table, output)


if __name__ == "__main__":
    run(main, snakemake)
