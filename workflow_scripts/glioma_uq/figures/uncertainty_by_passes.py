"""Amount and kind of uncertainty, and its convergence with more passes."""

from itertools import product

import pandas as pd

from glioma_uq.figures.cells import TASK_NAMES, by_task, in_order, read_rows
from glioma_uq.figures.lines import draw_lines_over_passes, interval_keys
from glioma_uq.figures.style import (
    GREY,
    count_text,
    finish,
    key,
    panel_title,
    panels,
    rate_colours,
)
from glioma_uq.statistics.selection import stabilised_at, without_biased
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import CORRECTED

CAPTION = (
    "How much uncertainty, and of which kind",
    "Mean uncertainty over the cases (a row for each task) against the number of stochastic "
    "passes T with dropout active, one line for each dropout rate. The total, the entropy of the "
    "mean prediction, is the sum of an aleatoric part (the mean entropy of single passes: "
    "uncertainty shared by every pass) and an epistemic part (disagreement of the passes).",
    ("segmentation", "For segmentation it is the mean over the voxels of the predicted tumour."),
    "A flat line means that more passes change nothing. Few passes make the epistemic part, and "
    "so the total, too small, by some 1/T of it: dashed lines are without that bias (jackknife "
    "over the passes).",
    ("segmentation", "For segmentation the jackknife is over two halves of the passes."),
    "Grey notes give the number of cases and the share of each part in the total; bars on the "
    "right are {level} % bootstrap intervals at the largest T. Axes start at 0 but differ between "
    "panels. Corresponds to Figure 2 of the paper on Monte Carlo dropout.",
)

PANEL_TITLES = {
    "predictive": "Total, predictive (nats)",
    "aleatoric": "Aleatoric (nats)",
    "epistemic": "Epistemic (nats)",
}


def read(*, classification, segmentation, network):
    """Return the uncertainties of each task, those of segmentation over the predicted tumour."""
    tables = [read_rows(path, network) for path in (segmentation, classification) if path]
    kinds = (*PANEL_TITLES, *CORRECTED)
    drawn = [("segmentation", f"{kind}_tumour") for kind in kinds]
    drawn += product(TASKS, kinds)
    return in_order(pd.concat(tables), drawn)


def draw(table, *, level, tolerance):
    """Return the figure: tasks x kinds of uncertainty, with intervals of `level`.

    A value has settled within `tolerance`, a share of its value at the largest T.
    """
    tasks = by_task(table)
    figure, grid = panels(len(tasks), 3, height=0.7 + 1.45 * len(tasks), sharex=True)
    colours = rate_colours(table["rate"])
    for axes_of_task, (task, of_task) in zip(grid, tasks.items(), strict=True):
        kinds = split_by_kind(of_task)
        for axes, (kind, rows) in zip(axes_of_task, kinds.items(), strict=True):
            draw_lines_over_passes(axes, rows, colours)
            corrected = of_task[of_task["measure"].str.startswith(f"{kind}_corrected")]
            corrected = corrected.dropna(subset="value")
            for rate, line in corrected.groupby("rate"):
                axes.plot(line["passes"], line["value"], "--", color=colours[rate], linewidth=1)
            axes.set_ylim(bottom=0)
            axes.set_title(count_text(rows["n"]) + share_text(rows, kinds["predictive"], kind))
        where = "\n(predicted tumour)" if task == "segmentation" else ""
        axes_of_task[0].set_ylabel(TASK_NAMES[task] + where)
    for axes, title in zip(grid[0], PANEL_TITLES.values(), strict=True):
        panel_title(axes, title)
    for axes in grid[-1]:
        axes.set_xlabel("Monte Carlo passes T")
    keys = interval_keys(table, level)
    if len(without_corrected(table)) < len(table):
        keys.append(key("without the bias of few passes", color=GREY, linestyle="--", marker=""))
    return finish(figure, headline(table, tolerance), *keys, columns=5)


def headline(table, tolerance):
    """Return the T from which total uncertainty has settled, or how many curves have not.

    That without the bias of few passes, where it is known.
    """
    rows = without_biased(table[table["measure"].str.startswith("predictive")])
    rows = rows.dropna(subset="value")
    most = table["passes"].max()
    if rows["passes"].nunique() < 2:
        return f"Mean uncertainty with T = {most} passes" if len(table) else "Nothing was measured"
    settled = [
        stabilised_at(line["passes"].to_numpy(), line["value"].to_numpy(), tolerance)
        for _, line in rows.sort_values("passes").groupby(["task", "rate"])
    ]
    share = f"within {100 * tolerance:g} % of its value at T = {most}"
    if max(settled) < most:
        return f"From T = {max(settled)} on, total uncertainty is {share} for every task and rate"
    late = sum(t == most for t in settled)
    return (
        f"In {late} of {len(settled)} pairs of task and rate, total uncertainty is {share} only at "
        "that T: more passes may still change it"
    )


def without_corrected(table):
    """Return the rows of what has the bias of few passes, and of what needs no correction."""
    return table[~table["measure"].str.startswith(CORRECTED)]


def split_by_kind(table):
    """Return {kind: rows} for the three kinds of uncertainty of one task, not corrected ones."""
    table = without_corrected(table)
    kind_of_row = table["measure"].str.split("_").str[0]
    return {kind: table[kind_of_row == kind] for kind in PANEL_TITLES}


def share_text(rows, predictive, kind):
    """Return the share of the mean of `rows` in the mean predictive uncertainty, over all cells.

    Empty for the predictive uncertainty itself, the sum of the other two.
    """
    cells = ["rate", "passes"]
    shares = 100 * rows.set_index(cells)["value"] / predictive.set_index(cells)["value"]
    if kind == "predictive" or shares.isna().all():
        return ""
    least, most = f"{shares.min():.0f}", f"{shares.max():.0f}"
    return f"; {least if least == most else f'{least}–{most}'} % of total"
