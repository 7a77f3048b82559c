"""Uncertainty by size of the enhancing tumour (ET), and its detection of missed tumours."""

import numpy as np
from matplotlib.lines import Line2D

from glioma_uq.figures.networks import (
    add_network_legend,
    at_nearest,
    dodge,
    draw_marks,
    format_by_network,
    in_order,
    network_styles,
)
from glioma_uq.figures.style import (
    GREY,
    count_text,
    note_empty,
    panel_title,
    panels,
    set_headline,
    styled,
)
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table

CAPTION = (
    "Is the uncertainty of small tumours different",
    "By volume of the enhancing tumour (below 1 ml is part of below 2 ml), with {level} % "
    "bootstrap intervals: (a) the epistemic share of the uncertainty (disagreement of the passes), "
    "in the predicted tumour; (b) the calibration error of the voxels’ probability of tumour, in "
    "the tumour and its rim; (c) the chance that a case whose enhancing tumour is missed (less "
    "than a tenth of it found) has more total uncertainty than one where it is found; (d) the same "
    "chance for other scores, over all cases. Dashed: 0.5, an uninformative score. It is undefined "
    "if no tumour, or every tumour, is missed. Dropout rate {rate}.",
)

GROUPS = {
    "empty": "none",
    "below_1000": "< 1",
    "below_2000": "< 2",
    "from_2000": "≥ 2",
    "all": "all",
}
SHARE, ECE, AUROC = "epistemic_share", "voxel_ece_dilated", "missed_auroc_"
BASE = f"{AUROC}tumour_or_top_predictive"
BY_SIZE = {
    SHARE: ("(a) Epistemic share", "Epistemic / total uncertainty"),
    ECE: ("(b) Calibration of voxels", "Calibration error"),
    BASE: ("(c) Does uncertainty find missed tumours?", "AUROC for a missed tumour"),
}
SCORES = {  # that may detect a missed tumour
    "tumour_or_top_predictive": "tumour, total",
    "tumour_or_top_epistemic": "tumour, epistemic",
    "rim_predictive": "rim of tumour, total",
    "outside_mass_mm3": "tumour elsewhere",
    "brain_epistemic": "brain, epistemic",
    "reconstruction_error": "reconstruction",
}


def read(*, measures, selection, networks):
    """Return the table of `tabulate` near the selected cell."""
    rate, passes = read_selected_cell(selection)
    return tabulate(read_table(measures), networks=networks, rate=rate, passes=passes)


def tabulate(table, *, networks, rate, passes):
    """Return the rows that are drawn, at one cell of each network."""
    rows = at_nearest(in_order(table, networks), rate, passes)
    measures = [*BY_SIZE, *(AUROC + score for score in SCORES)]
    return rows[rows["measure"].isin(measures)].reset_index(drop=True)


@styled
def draw(table, *, level):
    """Return the figure: three measures by size, and the scores."""
    networks = list(table["network"].unique())
    styles = network_styles(networks)
    figure, grid = panels(2, 2, height=5.4)
    for axes, (measure, names) in zip(grid.flat, BY_SIZE.items(), strict=False):
        draw_sizes(axes, table[table["measure"] == measure], networks, styles, *names)
    draw_scores(grid[1, 1], table[table["group"] == "all"], networks, styles)
    chance = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 0.8}
    grid[1, 0].axhline(0.5, **chance)
    grid[1, 1].axvline(0.5, **chance)
    bar = Line2D([], [], color=GREY, linewidth=1.1, label=f"{100 * level:g} % interval")
    add_network_legend(figure, networks, styles, more=[bar])
    set_headline(figure, headline(table))
    return figure


def draw_sizes(axes, rows, networks, styles, title, label):
    """Draw one measure of each network by size of ET."""
    known = rows.dropna(subset="value")
    groups = [group for group in GROUPS if group in set(known["group"])]
    for i, network in enumerate(networks):
        mine = known[known["network"] == network].set_index("group").reindex(groups)
        draw_marks(axes, np.arange(len(groups)) + dodge(i, len(networks)), mine, styles[network])
    counts = known.groupby("group")["n"].max()
    axes.set_xticks(range(len(groups)), [f"{GROUPS[g]}\nn = {counts[g]:.0f}" for g in groups])
    axes.set(xlabel="Volume of enhancing tumour (ml)", ylabel=label)
    axes.set_title(count_text(counts[counts.index == "all"]) + " cases")
    panel_title(axes, title)
    if not groups:
        note_empty(axes)


def draw_scores(axes, rows, networks, styles):
    """Draw how well each score separates missed from found tumours, over all cases."""
    rows = rows.dropna(subset="value")
    scores = [score for score in SCORES if f"{AUROC}{score}" in set(rows["measure"])]
    for i, network in enumerate(networks):
        mine = rows[rows["network"] == network].set_index("measure")
        mine = mine.reindex([AUROC + score for score in scores])
        y = -np.arange(len(scores)) - dodge(i, len(networks))
        axes.hlines(y, mine["low"], mine["high"], color=styles[network]["color"], linewidth=1.1,
                    alpha=0.8)  # fmt: skip
        axes.plot(mine["value"], y, linestyle="", markersize=4.2, zorder=3, **styles[network])
    axes.set_yticks(-np.arange(len(scores)), [SCORES[score] for score in scores])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(0.5 - len(scores), 0.5)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")
    axes.set_xlabel("AUROC for a missed tumour")
    of_scores = rows[rows["measure"].str.startswith(AUROC)]
    axes.set_title(count_text(of_scores["n"]) + " cases with enhancing tumour")
    panel_title(axes, "(d) Which score finds missed tumours?")
    if not scores:
        note_empty(axes)


def headline(table):
    """Return the epistemic share by size, and how well uncertainty detects missed tumours."""

    def of(measure, group):
        rows = table[(table["measure"] == measure) & (table["group"] == group)]
        return dict(zip(rows["network"], rows["value"], strict=True))

    return (
        f"Epistemic share below 2 ml: {format_by_network(of(SHARE, 'below_2000'))}, from 2 ml: "
        f"{format_by_network(of(SHARE, 'from_2000'))}; AUROC of uncertainty for a missed tumour: "
        f"{format_by_network(of(BASE, 'all'))}"
    )
