"""Calibration and discrimination of the three classification tasks by dropout rate."""

from itertools import product

import numpy as np
import pandas as pd

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, at_passes, in_order, read_rows
from glioma_uq.figures.style import (
    BLUE,
    DASHED,
    GREEN,
    GREY,
    count_text,
    finish,
    key,
    note_empty,
    panel_title,
    panels,
)
from glioma_uq.figures.words import joined
from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

CAPTION = (
    "Can the probabilities be trusted",
    "Expected calibration error (the gap between confidence and accuracy), negative log "
    "likelihood (confident errors cost most) and area under the ROC curve (how well the classes "
    "are separated), by dropout rate at T = {passes}. Bars are {level} % bootstrap intervals; "
    "dashed lines mark guessing with equal probabilities. The calibration error of few cases is "
    "above 0 even for perfect probabilities, and its interval is biased upwards.",
    (
        "truth",
        "The green line is the ROC-AUC of the phantom’s true probabilities for the same labels "
        "(Bayes), which better networks approach.",
    ),
    ("seeds", "Grey dots are single seeds of training."),
    "Corresponds to Figure 3 of the paper on Monte Carlo dropout.",
)

MEASURES = {"ece": "ECE", "nll": "NLL (nats)", "auc": "ROC-AUC"}
NULL_BAND = "ece_null"
BAYES = "bayes_auc"


def read(*, classification, posterior_truth, by_seed, selection, network):
    """Return ECE, NLL and AUC of each task at the T of the selected cell.

    Rows of the measure `ece_null`, if there are any, are included: the interval of the ECE of a
    perfectly calibrated model at this n. So are rows of `bayes_auc` where the truth is known:
    `posterior_truth` is the path of that table, or empty. So is `by_seed`, the values of single
    seeds, which the column `seed` names; an ensemble of all has none.
    """
    _, passes = read_selected_cell(selection)
    rows = read_rows(classification, network)
    if posterior_truth:
        of_truth = read_rows(posterior_truth, network)
        rows = pd.concat([rows, of_truth[of_truth["measure"] == BAYES]])
    if by_seed:
        seeds = read_table(by_seed)
        mine = seeds["network"].eq(network) & seeds["seed"].astype(str).ne(ALL_SEEDS)
        rows = pd.concat([rows, seeds[mine]]) if mine.any() else rows
    return in_order(at_passes(rows, passes), product(TASKS, [*MEASURES, NULL_BAND, BAYES]))


def draw(table, *, level):
    """Return the figure: tasks x measures, with intervals of `level`."""
    figure, grid = panels(len(TASKS), len(MEASURES), height=5.4, sharex=True)
    for axes_of_task, task in zip(grid, TASKS, strict=True):
        rows = table[table["task"] == task]
        for axes, measure in zip(axes_of_task, MEASURES, strict=True):
            draw_points(axes, rows[rows["measure"] == measure])
            draw_reference(axes, without_seeds(rows), measure, classes=len(TASKS[task]))
        axes_of_task[0].set_ylabel(TASK_NAMES[task])
    for axes, (measure, name) in zip(grid[0], MEASURES.items(), strict=True):
        panel_title(axes, f"{name}, {'higher' if measure == 'auc' else 'lower'} is better")
    set_rate_axis(grid[0, 0], np.unique(table["rate"]))
    for axes in grid[-1]:
        axes.set_xlabel("Dropout rate p")
    look = {"color": BLUE, "marker": "|", "markersize": 9, "markeredgewidth": 1.1}
    bar = key(f"{100 * level:g} % interval", linestyle="", **look)
    return finish(figure, headline(table), bar)


def headline(table):
    """Return where the ECE is lowest, and how many values chance alone can explain."""
    by_cell = without_seeds(table).dropna(subset="value").set_index(["measure", "task", "rate"])
    measures = by_cell.index.get_level_values("measure")
    if "ece" not in measures:
        return "No calibration error was measured"
    ece = by_cell.loc["ece"]
    lowest = [ece.loc[[task], "value"].idxmin() for task in TASKS if task in ece.index]
    best = [f"{rate:.2f} ({IN_TEXT[task]})" for task, rate in lowest]
    text = f"ECE is lowest at p = {joined(best)}" if table["rate"].nunique() > 1 else ""
    if NULL_BAND in measures:
        chance = by_cell.loc[NULL_BAND].loc[ece.index, "high"]
        inside = f"{(ece['value'] <= chance).sum()} of {len(ece)} values"
        return f"{text}{'; ' if text else ''}{inside} are within what chance alone gives"
    return text or "Calibration error, likelihood and discrimination at the one rate measured"


def without_seeds(table):
    """Return the rows of all seeds together."""
    return table[table["seed"].isna()] if "seed" in table else table


def draw_points(axes, rows):
    """Draw value and interval at each rate, and n in the panel's title.

    The interval is drawn from low to high, not around the value, since the percentile interval
    of an ECE can lie above it.
    Behind them are the values of single seeds.
    """
    if "seed" in rows:
        seeds = rows.dropna(subset="seed")
        axes.plot(seeds["rate"], seeds["value"], "o", color=GREY, markersize=3, alpha=0.7,
                  label="one seed of training" if len(seeds) else None)  # fmt: skip
    rows = without_seeds(rows)
    if rows["value"].isna().all():
        note_empty(axes)
    axes.vlines(rows["rate"], rows["low"], rows["high"], color=BLUE, linewidth=1.1, alpha=0.75)
    axes.plot(rows["rate"], rows["value"], "o-", color=BLUE, linewidth=0.8, markersize=3.5)
    axes.set_title(count_text(rows["n"]))


def draw_reference(axes, rows, measure, classes):
    """Draw guessing with equal probabilities, perfect calibration, or the true probabilities."""
    if measure == "ece":
        null = rows[rows["measure"] == NULL_BAND]
        x, low, high = (null[column].to_numpy() for column in ("rate", "low", "high"))
        if len(null) == 1:
            x, low, high = x + [-0.02, 0.02], low.repeat(2), high.repeat(2)
        if len(null):
            axes.fill_between(x, low, high, color=GREY, alpha=0.2, linewidth=0,
                              label="perfect calibration at this n")  # fmt: skip
    else:
        guess = np.log(classes) if measure == "nll" else 0.5
        axes.axhline(guess, **DASHED, label="guessing with equal probabilities")
    if measure == "auc":
        for value in rows.loc[rows["measure"] == BAYES, "value"].unique()[:1]:
            look = DASHED | {"color": GREEN}
            axes.axhline(value, **look, label="truth (Bayes)")
        lowest = rows.loc[rows["measure"] == "auc", ["low", "value"]].min().min()
        axes.set_ylim(np.fmin(0.45, lowest - 0.02), 1)
    else:
        axes.set_ylim(bottom=0)


def set_rate_axis(axes, rates):
    """Put ticks at the measured rates only, at every second one if there are many."""
    axes.set_xticks(rates if len(rates) <= 5 else rates[::2])
    axes.xaxis.set_major_formatter("{x:.2f}")
    if len(rates):
        axes.set_xlim(rates[0] - 0.03, rates[-1] + 0.03)
