"""Risk-coverage curves: the risk when the most uncertain cases are left out."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, of_network
from glioma_uq.figures.style import GREY, panel_title, panels, rate_colours, set_headline, styled
from glioma_uq.figures.words import joined
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table

CAPTION = (
    "What is gained by referring the most uncertain cases",
    "Mean risk (wrong classes; for segmentation 1 − Dice) of the cases that are kept when the most "
    "uncertain ones are left out, by the share of cases kept, at T = {passes}: a line for each "
    "dropout rate, thick for the selected one, with its {level} % bootstrap interval. On the right "
    "all cases are kept (dashed). With useful uncertainty the line falls towards the left; at the "
    "far left few cases are kept, and the line is mostly noise. Cases without a predicted tumour "
    "have no tumour uncertainty and are left out of the segmentation’s curve.",
)

KEPT = 0.8  # coverage in the headline
TOTAL = ("predictive", "tumour_predictive")  # the latter for segmentation
RISKS = {"segmentation": "Risk: 1 − mean Dice"}


def read(*, risk_coverage, selection, network):
    """Return the table of `tabulate` at the selected T, and the selected rate."""
    rate, passes = read_selected_cell(selection)
    return tabulate(read_table(risk_coverage), passes=passes, network=network), rate


def tabulate(table, *, passes, network=None):
    """Return the curves of total uncertainty of all rates at `passes`."""
    rows = of_network(table, network)
    rows = rows[(rows["passes"] == passes) & rows["doubt"].isin(TOTAL)]
    return rows.reset_index(drop=True)


@styled
def draw(table, rate, *, level):
    """Return the figure: a panel for each task, a line for each rate, one with its band."""
    tasks = [task for task in TASK_NAMES if task in set(table["task"])]
    figure, (grid,) = panels(1, len(tasks), height=2.9, sharex=True)
    colours = rate_colours(table["rate"])
    for axes, task in zip(grid, tasks, strict=True):
        rows = table[table["task"] == task]
        for one, colour in colours.items():
            draw_curve(axes, rows[rows["rate"] == one], colour, is_selected=np.isclose(one, rate))
        axes.set(xlim=(0, 1.02), ylim=(0, None), xlabel="Share of cases kept",
                 xticks=[0, 0.5, 1])  # fmt: skip
        axes.set_ylabel(RISKS.get(task, "Risk: error rate" if task == first_of(tasks) else ""))
        panel_title(axes, TASK_NAMES[task])
        axes.set_title(f"n = {rows.loc[np.isclose(rows['rate'], rate), 'n'].max()}")
    add_legend(figure, colours, rate, level)
    set_headline(figure, headline(table, rate))
    return figure


def first_of(tasks):
    """Return the first classification task, whose panel has the label for all."""
    return next((task for task in tasks if task != "segmentation"), None)


def draw_curve(axes, rows, colour, *, is_selected):
    """Draw one rate's curve; thick for the selected rate, with its interval and full risk."""
    rows = rows.sort_values("coverage")
    width, alpha = (1.8, 1) if is_selected else (0.8, 0.8)
    axes.plot(rows["coverage"], rows["risk"], color=colour, linewidth=width, alpha=alpha,
              zorder=3 if is_selected else 2)  # fmt: skip
    if is_selected and len(rows):
        axes.fill_between(rows["coverage"], rows["low"], rows["high"], color=colour, alpha=0.15,
                          linewidth=0)  # fmt: skip
        axes.axhline(rows["risk"].iloc[-1], color=GREY, linestyle=(0, (4, 3)), linewidth=0.8)


def at_coverage(rows, kept):
    """Return (risk at coverage `kept`, risk of all cases) of one curve."""
    rows = rows.sort_values("coverage")
    nearest = (rows["coverage"] - kept).abs().idxmin()
    return rows.loc[nearest, "risk"], rows["risk"].iloc[-1]


def headline(table, rate):
    """Return the change of each task's risk when the most uncertain cases are left out."""
    selected = table[np.isclose(table["rate"], rate)]
    changes = []
    for task in TASK_NAMES:
        rows = selected[selected["task"] == task]
        if len(rows):
            kept, full = at_coverage(rows, KEPT)
            changes.append(f"{full:.2f} to {kept:.2f} ({IN_TEXT[task]})")
    if not changes:
        return "No risk-coverage curve was measured"
    return (
        f"Leaving out the {100 * (1 - KEPT):.0f} % most uncertain cases changes the risk "
        f"from {joined(changes)}"
    )


def add_legend(figure, colours, rate, level):
    """Add the legend below the panels."""
    handles = [
        Line2D([], [], color=colour, linewidth=1.8 if np.isclose(one, rate) else 0.8,
               label=f"p = {one:.2f}")
        for one, colour in colours.items()
    ]  # fmt: skip
    selected = next(colour for one, colour in colours.items() if np.isclose(one, rate))
    handles += [
        Patch(color=selected, alpha=0.15, linewidth=0, label=f"{100 * level:g} % interval"),
        Line2D([], [], color=GREY, linestyle=(0, (4, 3)), linewidth=0.8, label="all cases kept"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6))
