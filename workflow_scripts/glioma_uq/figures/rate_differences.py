"""Paired differences of each dropout rate from the selected one, with intervals."""

import numpy as np

from glioma_uq.figures.cells import TASK_NAMES, by_task, read_rows
from glioma_uq.figures.style import (
    BLUE,
    GREY,
    across_axes,
    count_text,
    finish,
    key,
    note_empty,
    panel_title,
    panels,
)
from glioma_uq.plurals import counted
from glioma_uq.statistics.long_tables import THESE_NETWORKS

CAPTION = (
    "Do the dropout rates differ by more than chance",
    "Each dropout rate minus the selected one ({rate}), at T = {passes} and on the same cases, "
    "with {level} % bootstrap intervals of the paired difference. If an interval includes 0 (open "
    "points), there are too few cases to tell the rates apart. Intervals are not corrected for "
    "multiple comparisons.",
)

MEASURES = {"nll": "Δ NLL (nats)", "ece": "Δ ECE", "auc": "Δ ROC-AUC", "dice": "Δ Dice"}
HIGHER_IS_BETTER = {"auc", "dice"}


def read(*, differences, network):
    """Return the differences of one network in the measures that are drawn."""
    rows = read_rows(differences, network)
    return rows[rows["measure"].isin(MEASURES)].reset_index(drop=True)


def draw(table, *, level):
    """Return the figure: a panel for each measure, a row for each task and rate."""
    measures = [name for name in MEASURES if name in set(table["measure"])] or ["nll"]
    tasks, rates = list(by_task(table)), sorted(table["rate"].unique())
    places = {  # {(task, rate): height}, with a gap between tasks
        (task, rate): -(number * (len(rates) + 0.8) + place)
        for number, task in enumerate(tasks)
        for place, rate in enumerate(rates)
    }
    height = 1.5 + 0.15 * len(places) + 0.12 * len(tasks)
    figure, (grid,) = panels(1, len(measures), height=max(height, 2.4), sharey=True)
    for axes, measure in zip(grid, measures, strict=True):
        draw_panel(axes, table[table["measure"] == measure], places, measure)
    label_rows(grid[0], places)
    bare = {"marker": "o", "linestyle": "", "color": BLUE, "markersize": 3.8}
    return finish(
        figure,
        headline(table),
        key(f"{100 * level:g} % interval excludes 0", **bare),
        key("it includes 0", **bare, markerfacecolor="white"),
    )


def draw_panel(axes, rows, places, measure):
    """Draw the differences of one measure; filled points where the interval excludes 0."""
    if rows["value"].isna().all():
        note_empty(axes)
    height = np.array([places[key] for key in zip(rows["task"], rows["rate"], strict=True)])
    excludes_zero = is_seen(rows).to_numpy(bool)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.hlines(height, rows["low"], rows["high"], color=BLUE, linewidth=1.1, alpha=0.75)
    axes.scatter(rows["value"], height, 14, [BLUE if one else "white" for one in excludes_zero],
                 edgecolors=BLUE, linewidths=0.9, zorder=3)  # fmt: skip
    better = "right" if measure in HIGHER_IS_BETTER else "left"
    axes.set_xlabel(f"{MEASURES[measure]}\nbetter to the {better}")
    across_axes(axes)
    name = MEASURES[measure].removeprefix("Δ ").split(" (")[0]
    panel_title(axes, name, count_text(rows["n"]))


def is_seen(rows):
    """Return whether the interval of each difference excludes 0."""
    return (rows["low"] > 0) | (rows["high"] < 0)


def label_rows(axes, places):
    """Write the rate beside each row and the task above its rows."""
    axes.set_yticks(list(places.values()), [f"{rate:.2f}" for _, rate in places])
    axes.set_ylabel("Dropout rate p")
    first = {task: max(places[one] for one in places if one[0] == task) for task, _ in places}
    for task, height in first.items():
        axes.annotate(TASK_NAMES[task], (0, height + 0.72), xycoords=("axes fraction", "data"),
                      xytext=(2, 0), textcoords="offset points", size=7, weight="bold", va="center",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    axes.set_ylim(min(places.values(), default=0) - 0.6, 1.2)


def headline(table):
    """Return how many differences from the selected rate exceed chance."""
    measured = table.dropna(subset=["low", "high"])
    if measured.empty:
        return "No difference between rates has an interval"
    reference = f"{measured['reference_rate'].iloc[0]:.2f}"
    seen = is_seen(measured)
    is_worse = (measured["value"] < 0) == measured["measure"].isin(HIGHER_IS_BETTER)
    worse, better = (seen & is_worse).sum(), (seen & ~is_worse).sum()
    given = f", given {THESE_NETWORKS}" if measured["given"].eq(THESE_NETWORKS).any() else ""
    return (
        f"Of {counted(len(measured), 'difference')} from p = {reference}, {worse} "
        f"{'is' if worse == 1 else 'are'} worse and {better} better with an interval that "
        f"excludes 0{given}; {(~seen).sum()} undecided"
    )
