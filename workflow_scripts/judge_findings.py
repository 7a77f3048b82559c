"""Judge each claim of the paper by the study's results: seen, not seen or undecided."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.findings import findings_table
from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.statistics.measures import Ece
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, classification, segmentation, selection, network, seed, intervals, ece, auc_average,
         dice_threshold, tolerance, output):  # fmt: skip
    rate, passes = read_selected_cell(selection)
    cells = [
        {cell: table for cell, table in read_cells(paths).items()
         if cell.network == network and (cell.rate == rate or cell.passes == passes)}
        for paths in (classification, segmentation)
    ]  # fmt: skip
    table = findings_table(
        *cells,
        rate=rate,
        passes=passes,
        ece=Ece.of_config(**ece),
        auc_average=auc_average,
        dice_threshold=dice_threshold,
        tolerance=tolerance,
        rng_of=lambda: np.random.default_rng(seed_for(seed, "bootstrap")),
        **intervals,
    )
    write_table(table, output)
    print(table.drop(columns="how").to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
