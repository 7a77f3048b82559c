"""Uncertainty of right and wrong predictions."""

import numpy as np
import pandas as pd
import seaborn
from scipy.stats import gaussian_kde, qmc

from glioma_uq.errors import BadInput
from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, by_task, of_cell, read_rows
from glioma_uq.figures.style import GREEN, ORANGE, finish, note_empty, panel_title, panels
from glioma_uq.figures.words import joined
from glioma_uq.plurals import counted
from glioma_uq.statistics.rank_tests import judged_cases
from glioma_uq.statistics.selected_cell import at_cell, read_selected_cell
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS

CAPTION = (
    "Are wrong predictions more uncertain",
    "Total uncertainty of each case at dropout rate {rate} and T = {passes}, for predictions that "
    "are right and wrong.",
    ("segmentation", "A segmentation is right with a Dice above {dice_threshold}."),
    "Each violin shows the distribution and its bar the median; points are cases (none for groups "
    "of more than 400, only points for groups of fewer than four). p: two-sided Mann-Whitney U "
    "test with Holm’s correction over the tasks. AUROC: the chance that a wrong case is more "
    "uncertain than a right one (0.5: no information).",
    ("seeds", "Values are averaged over the seeds of training; the measures pool the seeds."),
    "Corresponds to Figure 5 of the paper on Monte Carlo dropout.",
)

NATS = "nats"
FEWEST_FOR_VIOLIN = 4  # with fewer, a density shows its bandwidth, not the data
MOST_FOR_POINTS = 400  # more would hide the violin
MANY = 100  # more points than this are drawn small


def read(*, classification, segmentation, ranks, selection, network, dice_threshold):
    """Return task, case, good, uncertainty and its unit of each case, and the rows of `ranks`.

    Both are of the selected cell; `classification` and `segmentation` are the paths of the
    tables of all cells. A prediction is good when its most probable class is the true one, or
    its Dice above the threshold. Uncertainty is predictive; for segmentation it is the mean
    over the predicted tumour. Cases are averaged and left out as for the rank tests.
    """
    cell = read_selected_cell(selection)
    parts = []
    for paths, tasks in ((segmentation, ["segmentation"]), (classification, TASKS)):
        for table in map(read_table, at_cell(paths, network, *cell)):
            for task in tasks:
                rows, uncertainty, is_wrong = judged_cases(table, task, dice_threshold)
                columns = {"case": rows["case"], "good": ~is_wrong, "uncertainty": uncertainty}
                unit = rows.get(f"{task}_unit", NATS)
                parts.append(pd.DataFrame({"task": task, **columns, "unit": unit}))
    ranks = of_cell(read_rows(ranks, network), *cell)
    return pd.concat(parts, ignore_index=True), ranks


def draw(table, ranks, *, dice_threshold, level):
    """Return the figure: one panel for each task, good predictions left, bad ones right.

    `ranks` are the rows of rank_tests.csv at the same cell. Their group sizes must be
    those drawn; a task without a row is drawn without a label. The headline names a difference
    if p after Holm is below 1 - `level`.
    """
    tasks = by_task(table) or dict.fromkeys(TASKS, table)
    names = {"segmentation": (f"Dice > {dice_threshold:g}", f"Dice ≤ {dice_threshold:g}")}
    figure, (grid,) = panels(1, len(tasks), height=3.0)
    shown = ""
    for axes, (task, rows) in zip(grid, tasks.items(), strict=True):
        good = rows["good"].astype(bool)
        values = [rows.loc[side, "uncertainty"].to_numpy() for side in (good, ~good)]
        draw_groups(axes, values, names.get(task, ("right", "wrong")))
        unit = next(iter(rows["unit"]), NATS)
        axes.set_ylabel("" if unit == shown else f"Total uncertainty ({unit})")
        shown = unit
        note = rank_text(ranks[ranks["task"] == task], task, [len(v) for v in values])
        panel_title(axes, TASK_NAMES[task], note, above=26)
    return finish(figure, headline(ranks[ranks["task"].isin(tasks)], round(1 - level, 9)))


def headline(ranks, alpha):
    """Return the tasks in which bad predictions are more uncertain, less, or neither."""
    tested = ranks.dropna(subset="p_holm")
    if tested.empty:
        return "Too few good or bad predictions to compare their uncertainty"
    seen = tested["p_holm"] < alpha
    groups = {
        "Bad predictions are more uncertain in": tested[seen & (tested["auroc"] > 0.5)],
        "less uncertain in": tested[seen & (tested["auroc"] <= 0.5)],
        "no difference is seen in": tested[~seen],
    }
    text = "; ".join(
        f"{words} {joined(IN_TEXT[task] for task in by_task(rows))}"
        for words, rows in groups.items()
        if len(rows)
    )
    return f"{text[0].upper()}{text[1:]} (Holm’s p < {alpha:g})"


def draw_groups(axes, values, names):
    """Draw violins of groups that are large enough, and points of those that are not too large."""
    for place, (group, colour) in enumerate(zip(values, (GREEN, ORANGE), strict=True)):
        if len(group) >= FEWEST_FOR_VIOLIN and np.ptp(group) > 0:
            seaborn.violinplot(
                x=place, y=group, ax=axes, native_scale=True, color=colour, cut=0, width=0.8,
                inner=None, linewidth=0.7, alpha=0.35,
            )  # fmt: skip
        draw_points(axes, place, group, colour)
    if not any(len(group) for group in values):
        note_empty(axes, "no case")
    labels = [f"{name}\nn = {len(group)}" for name, group in zip(names, values, strict=True)]
    axes.set_xticks([0, 1], labels)
    least = min((group.min() for group in values if len(group)), default=0)
    axes.set(xlim=(-0.6, 1.6), xlabel="", ylabel="", ylim=(min(least, 0), None))


def draw_points(axes, place, group, colour):
    """Draw the values of a group, spread over its violin, and a bar at the median."""
    if len(group) <= MOST_FOR_POINTS:
        sideways = 0.36 * spread(group)
        size = 6 if len(group) <= MANY else 2
        axes.scatter(place + sideways, group, s=size, color=colour, linewidths=0, zorder=3,
                     clip_on=False)  # fmt: skip
    if len(group) > 1:
        axes.hlines(np.median(group), place - 0.22, place + 0.22, color="black", linewidth=1.2,
                    zorder=4)  # fmt: skip


def spread(values):
    """Return the sideways offset of each value, -1 to 1, wider where values are dense.

    It is the van der Corput sequence in order of the values, times their density: not random.
    """
    offset = np.zeros(len(values))
    if len(values) >= FEWEST_FOR_VIOLIN and np.ptp(values) > 0:
        density = gaussian_kde(values)(values)
        even = 2 * qmc.Halton(1, scramble=False).random(len(values) + 1)[1:, 0] - 1
        offset[np.argsort(values, kind="stable")] = even
        offset *= density / density.max()
    return offset


def rank_text(rank, task, counts):
    """Return the label of a panel: p after Holm and the AUROC of uncertainty for a bad result."""
    if rank.empty or rank["p_holm"].isna().all():
        return "no test: a group is empty" if 0 in counts else "no test"
    row = rank.iloc[0]
    if [int(row["n_right"]), int(row["n_wrong"])] != counts:
        raise BadInput(
            f"expected the rank test of {task} on {counts[0]} good and "
            f"{counted(counts[1], 'bad case')}, found {row['n_right']:.0f} and "
            f"{row['n_wrong']:.0f}; test and draw the same cell"
        )
    auroc = f"AUROC = {row['auroc']:.2f}"
    if not np.isnan(row.get("auroc_low", np.nan)):
        auroc += f" ({row['auroc_low']:.2f} to {row['auroc_high']:.2f})"
    return f"{p_text(row['p_holm'])} (Holm)\n{auroc}"


def p_text(p):
    """Return "p < 0.001", "p = 0.012" or "p = 0.35": with two significant digits."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"
