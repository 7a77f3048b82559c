"""Reliability diagrams: accuracy of predictions by their confidence."""

import numpy as np
from matplotlib.lines import Line2D

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, of_cell, of_network
from glioma_uq.figures.style import BLUE, GREY, panel_title, panels, set_headline, styled
from glioma_uq.figures.words import joined
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

CAPTION = (
    "How accurate are predictions of each confidence",
    "Predictions at dropout rate {rate} and T = {passes}, sorted into bins by the probability of "
    "the predicted class. A point is a bin, sized by its number of cases: its mean confidence "
    "(across) and its accuracy (up). On the dashed line confidence equals accuracy, above it the "
    "network is underconfident. Grey bars hold {level} % of the accuracies that perfectly "
    "calibrated probabilities would give with so few cases: only points outside them are evidence "
    "of miscalibration. Gap: accuracy minus mean confidence over all cases. Below: cases in each "
    "bin.",
)

LARGEST_MARKER = 70  # area in points squared, of the largest bin


def read(*, reliability, selection, network):
    """Return the table of `tabulate` at the selected cell."""
    rate, passes = read_selected_cell(selection)
    return tabulate(read_table(reliability), rate=rate, passes=passes, network=network)


def tabulate(reliability, *, rate, passes, network=None):
    """Return the bins of one cell, in the order of the tasks."""
    rows = of_cell(of_network(reliability, network), rate, passes)
    order = list(TASK_NAMES)
    return rows.sort_values(
        "task", key=lambda tasks: tasks.map(order.index), kind="stable", ignore_index=True
    )


@styled
def draw(table, *, level):
    """Return the figure: accuracy against confidence above, numbers of cases below, by task."""
    tasks = [task for task in TASKS if task in set(table["task"])]
    figure, grid = panels(2, len(tasks), height=3.5, sharex="col", sharey="row",
                          gridspec_kw={"height_ratios": [4, 1]})  # fmt: skip
    for above, below, task in zip(*grid, tasks, strict=True):
        rows = table[table["task"] == task]
        draw_bins(above, rows)
        width = rows["high"] - rows["low"]
        below.bar(rows["low"], rows["n"], 0.92 * width, align="edge", color=BLUE, alpha=0.6)
        panel_title(above, TASK_NAMES[task])
        above.set_title(f"n = {rows['n'].sum()}; gap {gap_text(rows)}")
        below.set(
            xlabel="Confidence in the predicted class", xlim=(1 / len(TASKS[task]) - 0.04, 1.02)
        )
    grid[0, 0].set_ylabel("Accuracy")
    grid[1, 0].set_ylabel("Cases")
    add_legend(figure, level)
    set_headline(figure, headline(table))
    return figure


def draw_bins(axes, rows):
    """Draw one task's bins: points sized by n, and the range that chance alone gives."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    x = rows["confidence"]
    axes.vlines(x, rows["null_low"], rows["null_high"], color=GREY, alpha=0.3, linewidth=4)
    size = LARGEST_MARKER * rows["n"] / rows["n"].max()
    axes.scatter(x, rows["accuracy"], np.maximum(size, 6), BLUE, linewidths=0.5, edgecolors="white",
                 zorder=3)  # fmt: skip
    axes.set_ylim(-0.04, 1.04)


def mean_gap(rows):
    """Return accuracy minus mean confidence over all cases: below 0 if overconfident."""
    return float(np.average(rows["accuracy"] - rows["confidence"], weights=rows["n"]))


def gap_text(rows):
    """Return the mean gap with its sign."""
    return f"{mean_gap(rows):+.2f}".replace("-", "−")


def headline(table):
    """Return how many bins lie outside the range of perfect calibration, and the gaps."""
    is_out = (table["accuracy"] < table["null_low"]) | (table["accuracy"] > table["null_high"])
    gaps = [
        f"{gap_text(table[table['task'] == task])} ({IN_TEXT[task]})"
        for task in TASKS
        if task in set(table["task"])
    ]
    return (
        f"{is_out.sum()} of {len(table)} bins lie outside the range of perfect "
        f"calibration; accuracy minus confidence is {joined(gaps)}"
    )


def add_legend(figure, level):
    """Add the legend below the panels."""
    bare = {"linestyle": "", "color": GREY}
    handles = [
        Line2D([], [], marker="o", color=BLUE, linestyle="", markersize=5,
               label="bin, sized by n"),
        Line2D([], [], marker="|", markersize=10, markeredgewidth=4, alpha=0.3, **bare,
               label=f"{100 * level:g} % range of perfect calibration"),
        Line2D([], [], color=GREY, linestyle=(0, (4, 3)), linewidth=0.8,
               label="perfect calibration"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
