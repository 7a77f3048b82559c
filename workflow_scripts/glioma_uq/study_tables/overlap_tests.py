"""Overlap of every network against that of the first, paired by case."""

from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.statistics.paired_tests import compare_networks


def tabulate(*, overlap, network, intervals, rng):
    return compare_networks(read_cells(overlap), network, **intervals, rng=rng())
