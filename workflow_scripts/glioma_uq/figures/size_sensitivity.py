"""Dice of the same tumour at several sizes: levels and paired differences."""

import numpy as np

from glioma_uq.figures.networks import (
    REGION_NAMES,
    draw_groups,
    format_by_network,
    interval_key,
    network_styles,
    read_near,
    shown_names,
    values_of,
)
from glioma_uq.figures.style import GREY, count_text, empty_figure, finish, panel_title, panels

CAPTION = (
    "What if the same tumour were smaller",
    "The same phantom subjects, each scanned with its tumour at several sizes: a lesion group, "
    "tested as a whole by networks that were trained on none of it. (a) Mean Dice at each scale of "
    "the diameter (half the diameter is an eighth of the volume); (b) the difference from the same "
    "subject at the largest scale; (c) each network minus the first on the same tumour. Bars are "
    "{level} % bootstrap intervals over lesion groups, so that all differences are paired; an "
    "interval that excludes 0 is more than chance. Groups whose region is empty at some scale are "
    "left out. Dropout rate {rate}.",
)

REGIONS = ("et", "wt")
LEVEL, FROM_LARGEST, FROM_FIRST = "level", "from the largest", "from the first network"


def read(*, measures, selection, networks):
    """Return the rows of Dice without post-processing near the selected cell, with `kind`."""
    rows = read_near(measures, networks, selection)
    rows = rows[(rows["measure"] == "dice") & (rows["rule"] == "none")]
    minus = rows["minus"].fillna("").astype(str)
    kind = np.select(
        [minus == "", minus.str.startswith("scale ")], [LEVEL, FROM_LARGEST], FROM_FIRST
    )
    return rows.assign(minus=minus, kind=kind).reset_index(drop=True)


def draw(table, *, level):
    """Return the figure: a row for each region, a column for each kind."""
    styles = network_styles(table["network"].unique())
    kinds = [kind for kind in (LEVEL, FROM_LARGEST, FROM_FIRST) if kind in set(table["kind"])]
    regions = [region for region in REGIONS if region in set(table["task"])]
    if not kinds:
        return empty_figure("No lesion group was measured", "not measured")
    figure, grid = panels(len(regions), len(kinds), height=0.9 + 2.3 * len(regions))
    for axes_of_region, region in zip(grid, regions, strict=True):
        for axes, kind in zip(axes_of_region, kinds, strict=True):
            rows = table[(table["task"] == region) & (table["kind"] == kind)]
            draw_panel(axes, rows, styles)
            what = REGION_NAMES[region].capitalize()
            axes.set_ylabel(f"{what}\nDice" if kind == LEVEL else "Difference of Dice")
    for axes, kind in zip(grid[0], kinds, strict=True):
        panel_title(axes, title_of(kind, table))
    for axes in grid[-1]:
        axes.set_xlabel("Scale of the diameter")
    return finish(figure, headline(table), interval_key(level))


def draw_panel(axes, rows, styles):
    """Draw the values by scale, largest on the left, at equal steps."""
    scales = sorted(rows["scale"].unique(), reverse=True)
    if rows["kind"].iloc[:1].ne(LEVEL).any():
        axes.axhline(0, color=GREY, linewidth=0.8)
    labels = {scale: f"{scale:g}" for scale in scales}
    draw_groups(axes, rows, "scale", labels, styles, connected=True)
    axes.set_xlim(-0.5, len(scales) - 0.5)
    axes.set_title(count_text(rows["n"], "lesion group"))


def title_of(kind, table):
    """Return the title of a column."""
    if kind == LEVEL:
        return "(a) Mean Dice"
    minus = table.loc[table["kind"] == kind, "minus"].iloc[0]
    if kind == FROM_LARGEST:
        return f"(b) Minus that at {minus}"
    return f"(c) Minus {shown_names(list(table['network'].unique()))[minus]}"


def headline(table):
    """Return the change of each network's Dice of enhancing tumour at the smallest scale."""
    rows = table[(table["kind"] == FROM_LARGEST) & (table["task"] == "et")]
    if rows["value"].isna().all():
        return "No lesion group could be compared over its sizes"
    smallest = rows["scale"].min()
    change = values_of(rows[rows["scale"] == smallest])
    return (
        f"At {smallest:g} of the same tumour's diameter, Dice of enhancing tumour changes by "
        f"{format_by_network(change, '+.2f')}"
    )
