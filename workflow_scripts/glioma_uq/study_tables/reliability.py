"""How often the predicted class is correct at each confidence, with bands of chance."""

from glioma_uq.statistics.curves import reliability_table
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell


def tabulate(*, cells, selection, seed, intervals, ece):
    _, passes = read_selected_cell(selection)
    sampled = {name: intervals[name] for name in ("resamples", "level")}
    return reliability_table(at_passes(cells, passes), ece=ece, seed=seed, **sampled)
