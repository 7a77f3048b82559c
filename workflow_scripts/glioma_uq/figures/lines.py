"""Lines of one measure by number of passes, one for each dropout rate."""

import numpy as np

from glioma_uq.figures.style import GREY, key, note_empty


def draw_lines_over_passes(axes, table, colours):
    """Draw value by passes for each rate, and its interval at the most passes on the right.

    `table` has the columns rate, passes, value, low, high; `colours` is {rate: colour}.
    The intervals are side by side beyond the last tick, where they hide no line.
    """
    if table["value"].isna().all():
        note_empty(axes)
    passes = np.unique(table["passes"]) if len(table) else np.array([1])
    span = max(passes[-1] - passes[0], 1)
    for place, (rate, colour) in enumerate(colours.items()):
        line = table[table["rate"] == rate].sort_values("passes")
        axes.plot(line["passes"], line["value"], "o-", color=colour, label=f"p = {rate:.2f}")
        last = line.tail(1)
        beyond = [passes[-1] + span * (0.07 + 0.025 * place)] * len(last)
        axes.vlines(beyond, last["low"], last["high"], color=colour, linewidth=1.4)
        axes.plot(beyond, last["value"], "_", color=colour, markersize=5)
    if len(passes) == 1:
        axes.set_xlim(passes[0] - span, passes[0] + span)
    axes.set_xticks(passes if len(passes) <= 6 else passes[1::2])


def interval_keys(table, level):
    """Return the entry of the legend for the bars, none if the table has no interval."""
    if table["low"].isna().all():
        return []
    label = f"{100 * level:g} % interval at T = {table['passes'].max()}"
    look = {"marker": "|", "markersize": 9, "markeredgewidth": 1.4, "linestyle": ""}
    return [key(label, color=GREY, **look)]
