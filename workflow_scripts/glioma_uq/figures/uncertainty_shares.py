"""Aleatoric and epistemic shares of the uncertainty by dropout rate."""

import numpy as np
from matplotlib.patches import Patch

from glioma_uq.figures import uncertainty_by_passes
from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, at_passes
from glioma_uq.figures.style import (
    BLUE,
    ORANGE,
    count_text,
    panel_title,
    panels,
    set_headline,
    styled,
)
from glioma_uq.figures.words import format_range, joined
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table

CAPTION = (
    "Which kind of uncertainty is it",
    "Mean uncertainty by dropout rate at T = {passes}, split into the aleatoric part (uncertainty "
    "shared by every pass) and the epistemic part (disagreement of the passes); percentages are "
    "the epistemic share. For segmentation it is the mean over the predicted tumour. Axes differ "
    "between panels.",
)

COLOURS = {"aleatoric": BLUE, "epistemic": ORANGE}


def read(*, classification, segmentation, selection, network):
    """Return the table of `tabulate` at the T of the selected cell."""
    _, passes = read_selected_cell(selection)
    return tabulate(
        read_table(classification), read_table(segmentation), passes=passes, network=network
    )


def tabulate(classification, segmentation=None, *, passes, network=None):
    """Return the rows of `uncertainty_by_passes` at `passes`, and their `share` of the total."""
    table = uncertainty_by_passes.tabulate(classification, segmentation, network=network)
    table = at_passes(table, passes)
    total = table["value"].where(table["measure"].str.startswith("predictive"))
    total = total.groupby([table["task"], table["rate"]]).transform("max")
    return table.assign(share=table["value"] / total).reset_index(drop=True)


@styled
def draw(table):
    """Return the figure: a bar for each task and rate, aleatoric below and epistemic above."""
    tasks = [task for task in TASK_NAMES if task in set(table["task"])]
    figure, (grid,) = panels(1, len(tasks), height=2.8)
    for axes, task in zip(grid, tasks, strict=True):
        rows = table[table["task"] == task]
        draw_bars(axes, uncertainty_by_passes.split_by_kind(rows))
        panel_title(axes, uncertainty_by_passes.name_of(task, table).split("\n")[0])
        axes.set_title(count_text(rows["n"]))
        axes.set_xlabel("Dropout rate p")
    grid[0].set_ylabel("Mean uncertainty (nats)")
    handles = [Patch(color=colour, label=kind) for kind, colour in reversed(COLOURS.items())]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    set_headline(figure, headline(table))
    return figure


def draw_bars(axes, kinds):
    """Draw one task: stacked bars with the epistemic share above each."""
    bottom = 0
    for kind, colour in COLOURS.items():
        rows = kinds[kind].sort_values("rate")
        places = np.arange(len(rows))
        axes.bar(places, rows["value"], 0.75, bottom, color=colour, linewidth=0)
        bottom = bottom + rows["value"].to_numpy()
    for place, (top, share) in enumerate(zip(bottom, rows["share"], strict=True)):
        if np.isfinite(top):
            size = 6.5 if len(rows) <= 5 else 5
            axes.annotate(f"{100 * share:.0f} %", (place, top), (0, 1.5), ha="center", va="bottom",
                          textcoords="offset points", size=size)  # fmt: skip
    step = 1 if len(rows) <= 5 else 2
    axes.set_xticks(places[::step], [f"{rate:.2f}" for rate in rows["rate"][::step]])
    axes.margins(y=0.1)


def headline(table):
    """Return the range of the epistemic share of each task."""
    epistemic = table[table["measure"].str.startswith("epistemic")].dropna(subset="share")
    texts = []
    for task in TASK_NAMES:
        shares = 100 * epistemic.loc[epistemic["task"] == task, "share"]
        if len(shares):
            texts.append(f"{format_range(shares, '{:.0f}')} % in {IN_TEXT[task]}")
    return f"The epistemic share of the uncertainty is {joined(texts)}"
