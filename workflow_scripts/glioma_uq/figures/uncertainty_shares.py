"""Aleatoric and epistemic shares of the uncertainty by dropout rate."""

import numpy as np

from glioma_uq.figures import uncertainty_by_passes
from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, at_passes, by_task
from glioma_uq.figures.style import BLUE, ORANGE, count_text, finish, panel_title, panels
from glioma_uq.figures.words import format_range, joined
from glioma_uq.statistics.selected_cell import read_selected_cell

CAPTION = (
    "Which kind of uncertainty is it",
    "Mean uncertainty by dropout rate at T = {passes}, split into the aleatoric part (uncertainty "
    "shared by every pass) and the epistemic part (disagreement of the passes); percentages are "
    "the epistemic share.",
    ("segmentation", "For segmentation it is the mean over the predicted tumour."),
    "Axes differ between panels.",
)

COLOURS = {"aleatoric": BLUE, "epistemic": ORANGE}


def read(*, classification, segmentation, selection, network):
    """Return the rows of `uncertainty_by_passes` at the selected T, and their `share` of total."""
    table = uncertainty_by_passes.read(
        classification=classification, segmentation=segmentation, network=network
    )
    _, passes = read_selected_cell(selection)
    table = at_passes(uncertainty_by_passes.without_corrected(table), passes)
    total = table["value"].where(table["measure"].str.startswith("predictive"))
    total = total.groupby([table["task"], table["rate"]]).transform("max")
    return table.assign(share=table["value"] / total).reset_index(drop=True)


def draw(table):
    """Return the figure: a bar for each task and rate, aleatoric below and epistemic above."""
    tasks = by_task(table)
    figure, (grid,) = panels(1, len(tasks), height=2.8)
    for axes, (task, rows) in zip(grid, tasks.items(), strict=True):
        draw_bars(axes, uncertainty_by_passes.split_by_kind(rows))
        panel_title(axes, TASK_NAMES[task], count_text(rows["n"]))
        axes.set_xlabel("Dropout rate p")
    grid[0].set_ylabel("Mean uncertainty (nats)")
    return finish(figure, headline(table))


def draw_bars(axes, kinds):
    """Draw one task: stacked bars with the epistemic share above each."""
    bottom = 0
    for kind, colour in COLOURS.items():
        rows = kinds[kind].sort_values("rate")
        places = np.arange(len(rows))
        bars = axes.bar(places, rows["value"], 0.75, bottom, color=colour, linewidth=0, label=kind)
        bottom = bottom + rows["value"].to_numpy()
    few = len(rows) <= 5
    shares = [f"{100 * share:.0f} %" for share in rows["share"]]
    axes.bar_label(bars, shares, padding=1.5, size=6.5 if few else 5)
    step = 1 if few else 2
    axes.set_xticks(places[::step], [f"{rate:.2f}" for rate in rows["rate"][::step]])
    axes.margins(y=0.1)


def headline(table):
    """Return the range of the epistemic share of each task."""
    epistemic = table[table["measure"].str.startswith("epistemic")].dropna(subset="share")
    texts = [
        f"{format_range(100 * rows['share'], '.0f')} % in {IN_TEXT[task]}"
        for task, rows in by_task(epistemic).items()
    ]
    return f"The epistemic share of the uncertainty is {joined(texts)}"
