"""Uncertainty by size of the enhancing tumour, and how well it detects a missed one."""

import pandas as pd

from glioma_uq.statistics.long_tables import concat_nonempty, grouped_table, read_cells
from glioma_uq.statistics.size_uncertainty import resample_by_size, without_histograms


def tabulate(*, segmentation, overlap, voxels, intervals, rng):
    tables = [read_cells(paths) for paths in (segmentation, overlap, voxels)]
    table = grouped_table(resample_by_size, tables, ["group"], rng=rng(), **intervals)
    rows = without_histograms(set(tables[1]) - set(tables[2]))
    return concat_nonempty([table, pd.DataFrame(rows, columns=table.columns)])
