"""Uncertainty by size of the enhancing tumour (ET), and its detection of missed tumours."""

from glioma_uq.figures.networks import (
    draw_groups,
    format_by_network,
    interval_key,
    network_styles,
    read_near,
    values_of,
)
from glioma_uq.figures.style import DASHED, count_text, finish, panel_title, panels

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
    """Return the rows that are drawn, of each network near the selected cell."""
    rows = read_near(measures, networks, selection)
    shown = [*BY_SIZE, *(AUROC + score for score in SCORES)]
    return rows[rows["measure"].isin(shown)].reset_index(drop=True)


def draw(table, *, level):
    """Return the figure: three measures by size, and the scores."""
    styles = network_styles(table["network"].unique())
    known = table.dropna(subset="value")
    figure, grid = panels(2, 2, height=5.4)
    for axes, (measure, names) in zip(grid.flat, BY_SIZE.items(), strict=False):
        draw_sizes(axes, known[known["measure"] == measure], styles, *names)
    draw_scores(grid[1, 1], known[known["group"] == "all"], styles)
    grid[1, 0].axhline(0.5, **DASHED)
    grid[1, 1].axvline(0.5, **DASHED)
    return finish(figure, headline(table), interval_key(level))


def draw_sizes(axes, rows, styles, title, label):
    """Draw one measure of each network by size of ET."""
    counts = rows.groupby("group")["n"].max()
    groups = {g: f"{name}\nn = {counts[g]:.0f}" for g, name in GROUPS.items() if g in counts}
    draw_groups(axes, rows, "group", groups, styles)
    axes.set(xlabel="Volume of enhancing tumour (ml)", ylabel=label)
    panel_title(axes, title, count_text(counts[counts.index == "all"], "case"))


def draw_scores(axes, rows, styles):
    """Draw how well each score separates missed from found tumours, over all cases."""
    rows = rows[rows["measure"].str.startswith(AUROC)]
    measured = set(rows["measure"])
    scores = {AUROC + one: name for one, name in SCORES.items() if AUROC + one in measured}
    draw_groups(axes, rows, "measure", scores, styles, across=True)
    axes.set_xlabel("AUROC for a missed tumour")
    note = count_text(rows["n"], "case") + " with enhancing tumour"
    panel_title(axes, "(d) Which score finds missed tumours?", note)


def headline(table):
    """Return the epistemic share by size, and how well uncertainty detects missed tumours."""
    small, large, auroc = (
        format_by_network(values_of(table[(table["measure"] == measure) & (table["group"] == g)]))
        for measure, g in ((SHARE, "below_2000"), (SHARE, "from_2000"), (BASE, "all"))
    )
    return (
        f"Epistemic share below 2 ml: {small}, from 2 ml: {large}; AUROC of uncertainty for a "
        f"missed tumour: {auroc}"
    )
