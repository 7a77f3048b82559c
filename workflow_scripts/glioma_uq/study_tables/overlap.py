"""Overlap of each region by group of cases, with intervals."""

from glioma_uq.statistics.long_tables import grouped_table, read_cells
from glioma_uq.statistics.overlap_groups import resample_groups


def tabulate(*, overlap, intervals, rng):
    columns = ["group", "rule"]
    return grouped_table(resample_groups, read_cells(overlap), columns, rng=rng(), **intervals)
