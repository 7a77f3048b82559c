"""Risk when the most uncertain cases are rejected, at every coverage."""

from glioma_uq.statistics.curves import risk_coverage_table
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell


def tabulate(*, classification, segmentation, selection, intervals, rng):
    _, passes = read_selected_cell(selection)
    cells = (at_passes(paths, passes) for paths in (classification, segmentation))
    sampled = {name: intervals[name] for name in ("resamples", "level")}
    return risk_coverage_table(*cells, rng=rng(), **sampled)
