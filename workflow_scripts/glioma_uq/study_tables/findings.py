"""Each claim of the paper, judged by the study's results: seen, not seen or undecided."""

from glioma_uq.statistics.findings import findings_table
from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.statistics.selected_cell import read_selected_cell


def tabulate(*, classification, segmentation, selection, network, intervals, ece, auc_average,
             dice_threshold, tolerance, rng):  # fmt: skip
    rate, passes = read_selected_cell(selection)
    cells = [
        {cell: table for cell, table in read_cells(paths).items()
         if cell.network == network and (cell.rate == rate or cell.passes == passes)}
        for paths in (classification, segmentation)
    ]  # fmt: skip
    return findings_table(
        *cells,
        rate=rate,
        passes=passes,
        ece=ece,
        auc_average=auc_average,
        dice_threshold=dice_threshold,
        tolerance=tolerance,
        rng_of=rng,
        resamples=intervals["resamples"],
    )
