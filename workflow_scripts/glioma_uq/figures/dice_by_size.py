"""Dice of the enhancing tumour (ET) by its size: means of size groups, and all cases."""

import numpy as np
import pandas as pd

from glioma_uq.figures.networks import (
    SMALL_ML,
    draw_groups,
    format_by_network,
    interval_key,
    nearest_cells,
    network_styles,
    values_of,
)
from glioma_uq.figures.style import DASHED, count_text, finish, note_empty, panel_title, panels
from glioma_uq.grid import format_rate
from glioma_uq.plurals import counted
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.long_tables import numbers, resample_cell
from glioma_uq.statistics.patients import count_cases
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table

CAPTION = (
    "Are small tumours segmented worse",
    "Dice of the enhancing tumour (0: no overlap with the reference, 1: the same voxels). (a) Mean "
    "of each size group, with its n; bars are {level} % bootstrap intervals. A case without "
    "enhancing tumour counts 1 if none is predicted, else 0. (b) All cases with enhancing tumour, "
    "on a logarithmic axis; dashed: 1 and 2 ml. A case with several seeds counts once, with its "
    "mean. Dropout rate {rate}.",
)

# ASSUME: the paper does not define its size groups; here the first ones end at its limits of a
# small tumour, and the last begins at its median of 20 ml.
SIZES = ("none", "< 1", "1–2", "2–5", "5–20", "≥ 20")
LIMITS = (1, 2, 5, 20)  # in ml, between the sizes from the second one on
UNBROKEN = "\xa0"  # non-breaking space
OF_CASE = ["network", "rate", "passes", "case", "et_volume_ml", "dice", "size"]
OF_SIZE = ["value", "low", "high", "n", "given", "reason"]


def read(*, overlap, selection, networks, seed, intervals):
    """Return the table of `tabulate` at the selected rate and the nearest T with maps.

    `overlap` are the paths of the tables of all cells.
    """
    cells = nearest_cells(overlap, networks, *read_selected_cell(selection))
    tables = {cell: read_table(path) for cell, path in cells.items()}
    rng = np.random.default_rng(seed_for(seed, "bootstrap"))
    return tabulate(tables, **intervals, rng=rng)


def size_of(volume_ml):
    """Return the group of `SIZES` of each volume of ET in ml [N]; upper limits are exclusive."""
    places = 1 + np.searchsorted(LIMITS, volume_ml, side="right")
    return np.array(SIZES)[np.where(np.asarray(volume_ml) > 0, places, 0)]


def tabulate(tables, *, resamples, level, interval, rng):
    """Return a row for each cell and case, `OF_CASE`, with the mean of its size group, `OF_SIZE`.

    Dice is a case's mean over seeds; value, low and high are of the group's mean, n is
    its number of cases. `tables` is {cell: table of overlap}, one cell of each network.
    """
    rows = {cell: of_enhancing(table) for cell, table in tables.items()}
    resampled = draw_resamples(rows.items(), resamples, rng)
    groups = []
    for cell, table in rows.items():
        for size in SIZES:
            mine = table[table["size"] == size]
            if len(mine):
                (found,) = resample_cell(cell, mine, mean_dice, resampled, interval)
                cases = mine.groupby("case", as_index=False).agg(
                    {"et_volume_ml": "first", "dice": "mean", "size": "first"}
                )
                named = dict(zip(OF_SIZE, numbers(found, level, interval)[2:], strict=True))
                named |= {**cell._asdict(), "rate": format_rate(cell.rate)}
                groups.append(cases.assign(**named))
    return pd.concat(groups, ignore_index=True)[OF_CASE + OF_SIZE]


def of_enhancing(overlap):
    """Return case, patient, fold, seed, et_volume_ml, size and dice of ET, without any rule."""
    rows = overlap[(overlap["region"] == "et") & (overlap["rule"] == "none")]
    volume = rows["reference_volume_mm3"] / 1000
    rows = rows.filter(items=["case", "patient", "fold", "seed", "dice"])
    return rows.assign(et_volume_ml=volume, size=size_of(volume)).reset_index(drop=True)


def mean_dice(rows, weights):
    """Yield the mean Dice of a group."""
    yield "et", "dice", weighted_mean(rows["dice"].to_numpy(float), weights), count_cases(rows)


def draw(table, *, level):
    """Return the figure: size groups with intervals of `level`, and all cases."""
    styles = network_styles(table["network"].unique())
    figure, (grid,) = panels(1, 2, height=3.4, gridspec_kw={"width_ratios": [1.25, 1]}, sharey=True)
    groups = table.drop_duplicates(["network", "size"])
    draw_means(grid[0], groups, styles)
    draw_cases(grid[1], table[table["et_volume_ml"] > 0], styles)
    grid[0].set(ylabel="Dice of enhancing tumour", ylim=(-0.04, 1.04))
    return finish(figure, headline(groups), interval_key(level))


def draw_means(axes, groups, styles):
    """Draw the mean Dice of each size group, networks side by side."""
    counts = groups.groupby("size")["n"].max()
    sizes = {size: f"{size}\nn = {counts[size]}" for size in SIZES if size in counts}
    draw_groups(axes, groups, "size", sizes, styles)
    axes.set_xlabel("Volume of enhancing tumour (ml)")
    panel_title(axes, "(a) By size", count_text([counts.sum()], "case"))


def draw_cases(axes, cases, styles):
    """Draw each case with enhancing tumour against its volume on a logarithmic axis."""
    n = cases["case"].nunique()
    panel_title(axes, "(b) All cases", f"n = {counted(n, 'case')} with enhancing tumour")
    axes.set(xscale="log", xlabel="Volume of enhancing tumour (ml)")
    if cases.empty:
        note_empty(axes, "no enhancing tumour")
        return
    for network, rows in cases.groupby("network", sort=False):
        axes.plot(rows["et_volume_ml"], rows["dice"], linestyle="", markersize=3, alpha=0.7,
                  markeredgewidth=0, **styles[network])  # fmt: skip
    axes.xaxis.set_major_formatter("{x:g}")
    for limit in SMALL_ML:
        axes.axvline(limit, **DASHED)


def headline(groups):
    """Return each network's Dice of the smallest and of the largest enhancing tumours."""
    sizes = [size for size in SIZES[1:] if size in set(groups["size"])]
    if not sizes:
        return "No case has enhancing tumour"
    texts = []
    for size in dict.fromkeys((sizes[0], sizes[-1])):
        values = format_by_network(values_of(groups[groups["size"] == size]))
        texts.append(f"{values} at " + f"{size} ml".replace(" ", UNBROKEN))
    return f"Mean Dice of enhancing tumour is {' and '.join(texts)}"
