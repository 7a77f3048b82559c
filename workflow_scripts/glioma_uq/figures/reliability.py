"""Reliability diagrams: accuracy of predictions by their confidence."""

import numpy as np
import pandas as pd

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, by_task, of_cell, read_rows
from glioma_uq.figures.style import BLUE, DASHED, GREY, finish, key, panel_title, panels
from glioma_uq.figures.words import format_number, joined
from glioma_uq.statistics.selected_cell import read_selected_cell
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
    ("seeds", "Numbers of cases are means over the seeds of training."),
)

LARGEST_MARKER = 70  # area in points squared, of the largest bin


def read(*, reliability, selection, network):
    """Return the bins of the selected cell, in the order of the tasks."""
    rows = read_rows(reliability, network)
    tasks = by_task(of_cell(rows, *read_selected_cell(selection)))
    return pd.concat(tasks.values(), ignore_index=True)


def draw(table, *, level):
    """Return the figure: accuracy against confidence above, numbers of cases below, by task."""
    tasks = by_task(table)
    figure, grid = panels(2, len(tasks), height=3.5, sharex="col", sharey="row",
                          gridspec_kw={"height_ratios": [4, 1]})  # fmt: skip
    for above, below, (task, rows) in zip(*grid, tasks.items(), strict=True):
        draw_bins(above, rows)
        width = rows["high"] - rows["low"]
        below.bar(rows["low"], rows["n"], 0.92 * width, align="edge", color=BLUE, alpha=0.6)
        panel_title(above, TASK_NAMES[task], f"n = {rows['n'].sum():.0f}; gap {gap_text(rows)}")
        below.set_xlabel("Confidence in the predicted class")
        below.set_xlim(1 / len(TASKS[task]) - 0.04, 1.02)
    grid[0, 0].set_ylabel("Accuracy")
    grid[1, 0].set_ylabel("Cases")
    bar = {"color": GREY, "marker": "|", "markersize": 10, "markeredgewidth": 4, "alpha": 0.3}
    return finish(
        figure,
        headline(table),
        key("bin, sized by n", color=BLUE, marker="o", linestyle="", markersize=5),
        key(f"{100 * level:g} % range of perfect calibration", linestyle="", **bar),
    )


def draw_bins(axes, rows):
    """Draw one task's bins: points sized by n, and the range that chance alone gives."""
    axes.plot([0, 1], [0, 1], **DASHED, label="perfect calibration")
    x = rows["confidence"]
    axes.vlines(x, rows["null_low"], rows["null_high"], color=GREY, alpha=0.3, linewidth=4)
    size = LARGEST_MARKER * rows["n"] / rows["n"].max()
    axes.scatter(x, rows["accuracy"], np.maximum(size, 6), BLUE, linewidths=0.5, edgecolors="white",
                 zorder=3)  # fmt: skip
    axes.set_ylim(-0.04, 1.04)


def gap_text(rows):
    """Return accuracy minus mean confidence over all cases: below 0 if overconfident."""
    gap = np.average(rows["accuracy"] - rows["confidence"], weights=rows["n"])
    return format_number(gap, "+.2f")


def headline(table):
    """Return how many bins lie outside the range of perfect calibration, and the gaps."""
    is_out = (table["accuracy"] < table["null_low"]) | (table["accuracy"] > table["null_high"])
    gaps = [f"{gap_text(rows)} ({IN_TEXT[task]})" for task, rows in by_task(table).items()]
    return (
        f"{is_out.sum()} of {len(table)} bins lie outside the range of perfect "
        f"calibration; accuracy minus confidence is {joined(gaps)}"
    )
