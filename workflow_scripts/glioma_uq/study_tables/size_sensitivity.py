"""Overlap between sizes of the same lesion, and between networks at each size."""

from functools import partial

from glioma_uq.statistics.long_tables import grouped_table, read_cells
from glioma_uq.statistics.size_sensitivity import COLUMNS, compare_sizes
from glioma_uq.tables import read_table


def tabulate(*, overlap, truth, network, intervals, rng):
    resample = partial(compare_sizes, truth=read_table(truth), reference=network)
    return grouped_table(resample, read_cells(overlap), COLUMNS, rng=rng(), **intervals)
