"""Risk-coverage curves: the risk when the most uncertain cases are left out."""

import numpy as np

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, by_task, read_rows
from glioma_uq.figures.style import DASHED, finish, panel_title, panels, rate_colours
from glioma_uq.figures.words import joined
from glioma_uq.statistics.selected_cell import read_selected_cell

CAPTION = (
    "What is gained by referring the most uncertain cases",
    "Mean risk of the cases that are kept when the most uncertain ones are left out, by the share "
    "of cases kept, at T = {passes}.",
    ("tasks", "The risk of a task is its share of wrong classes."),
    ("segmentation", "That of the segmentation is 1 − Dice."),
    "A line for each dropout rate, thick for the selected one, with its {level} % bootstrap "
    "interval. On the right all cases are kept (dashed). With useful uncertainty the line falls "
    "towards the left; at the far left few cases are kept, and the line is mostly noise.",
    (
        "segmentation",
        "Cases without a predicted tumour have no tumour uncertainty and are left out of the "
        "segmentation’s curve.",
    ),
)

KEPT = 0.8  # coverage in the headline
TOTAL = ("predictive", "tumour_predictive")  # the latter for segmentation


def read(*, risk_coverage, selection, network):
    """Return the curves of total uncertainty of all rates at the selected T, and that rate."""
    rate, passes = read_selected_cell(selection)
    rows = read_rows(risk_coverage, network)
    rows = rows[(rows["passes"] == passes) & rows["uncertainty"].isin(TOTAL)]
    return rows.reset_index(drop=True), rate


def draw(table, rate, *, level):
    """Return the figure: a panel for each task, a line for each rate, one with its band."""
    tasks = by_task(table)
    figure, (grid,) = panels(1, len(tasks), height=2.9, sharex=True)
    colours = rate_colours(table["rate"])
    (rate,) = [one for one in colours if np.isclose(one, rate)]
    for axes, (task, rows) in zip(grid, tasks.items(), strict=True):
        for one, curve in rows.sort_values("coverage").groupby("rate"):
            width, alpha, order = (1.8, 1, 3) if one == rate else (0.8, 0.8, 2)
            axes.plot(curve["coverage"], curve["risk"], color=colours[one], linewidth=width,
                      alpha=alpha, zorder=order, label=f"p = {one:.2f}")  # fmt: skip
        selected = rows[rows["rate"] == rate].sort_values("coverage")
        axes.fill_between(selected["coverage"], selected["low"], selected["high"], alpha=0.15,
                          color=colours[rate], linewidth=0,
                          label=f"{100 * level:g} % interval")  # fmt: skip
        axes.axhline(selected["risk"].iloc[-1], **DASHED, label="all cases kept")
        if task == "segmentation":
            axes.set_ylabel("Risk: 1 − mean Dice")
        elif task == next(one for one in tasks if one != "segmentation"):
            axes.set_ylabel("Risk: error rate")  # of all on its right
        axes.set(xlim=(0, 1.02), ylim=(0, None), xlabel="Share of cases kept",
                 xticks=[0, 0.5, 1])  # fmt: skip
        panel_title(axes, TASK_NAMES[task], f"n = {selected['n'].max()}")
    return finish(figure, headline(table[table["rate"] == rate]), columns=6)


def headline(selected):
    """Return the change of each task's risk when the most uncertain cases are left out."""
    changes = []
    for task, rows in by_task(selected).items():
        risk = rows.sort_values("coverage").set_index("coverage")["risk"]
        kept = risk.iloc[np.abs(risk.index - KEPT).argmin()]
        changes.append(f"{risk.iloc[-1]:.2f} to {kept:.2f} ({IN_TEXT[task]})")
    if not changes:
        return "No risk-coverage curve was measured"
    return (
        f"Leaving out the {100 * (1 - KEPT):.0f} % most uncertain cases changes the risk "
        f"from {joined(changes)}"
    )
