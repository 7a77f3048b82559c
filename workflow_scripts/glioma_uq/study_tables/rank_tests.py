"""Uncertainty of incorrect against correct cases in every cell: Mann-Whitney U, Holm."""

from glioma_uq.statistics.rank_tests import compare_cells


def tabulate(*, classification, segmentation, dice_threshold, intervals, rng):
    cells = (classification, segmentation)
    return compare_cells(*cells, dice_threshold=dice_threshold, rng=rng(), **intervals)
