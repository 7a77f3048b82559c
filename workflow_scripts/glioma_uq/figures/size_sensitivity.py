"""Dice of the same tumour at several sizes: levels and paired differences."""

import numpy as np
from matplotlib.lines import Line2D

from glioma_uq.figures.networks import (
    REGION_NAMES,
    add_network_legend,
    at_nearest,
    dodge,
    draw_marks,
    format_by_network,
    in_order,
    network_styles,
    shown_names,
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
    """Return the table of `tabulate` near the selected cell."""
    rate, passes = read_selected_cell(selection)
    return tabulate(read_table(measures), networks=networks, rate=rate, passes=passes)


def tabulate(table, *, networks, rate, passes):
    """Return the rows of Dice without post-processing, at one cell of each network, with `kind`."""
    rows = at_nearest(in_order(table, networks), rate, passes)
    rows = rows[(rows["measure"] == "dice") & (rows["rule"] == "none")]
    minus = rows["minus"].fillna("").astype(str)
    kind = np.select(
        [minus == "", minus.str.startswith("scale ")], [LEVEL, FROM_LARGEST], FROM_FIRST
    )
    return rows.assign(minus=minus, kind=kind).reset_index(drop=True)


@styled
def draw(table, *, level):
    """Return the figure: a row for each region, a column for each kind."""
    networks = list(table["network"].unique())
    styles = network_styles(networks)
    kinds = [kind for kind in (LEVEL, FROM_LARGEST, FROM_FIRST) if kind in set(table["kind"])]
    regions = [region for region in REGIONS if region in set(table["task"])]
    if not kinds:
        return _without_groups()
    figure, grid = panels(len(regions), len(kinds), height=0.9 + 2.3 * len(regions))
    for axes_of_region, region in zip(grid, regions, strict=True):
        for axes, kind in zip(axes_of_region, kinds, strict=True):
            rows = table[(table["task"] == region) & (table["kind"] == kind)]
            draw_panel(axes, rows, networks, styles)
            axes.set_ylabel(label_of(kind, region))
    for axes, kind in zip(grid[0], kinds, strict=True):
        panel_title(axes, title_of(kind, table))
    for axes in grid[-1]:
        axes.set_xlabel("Scale of the diameter")
    bar = Line2D([], [], color=GREY, linewidth=1.1, label=f"{100 * level:g} % interval")
    add_network_legend(figure, networks, styles, more=[bar])
    set_headline(figure, headline(table))
    return figure


def draw_panel(axes, rows, networks, styles):
    """Draw the values by scale, largest on the left, at equal steps."""
    scales = sorted(rows["scale"].unique(), reverse=True)
    if rows["kind"].iloc[:1].ne(LEVEL).any():
        axes.axhline(0, color=GREY, linewidth=0.8)
    for i, network in enumerate(networks):
        mine = rows[rows["network"] == network].set_index("scale")
        if len(mine):
            mine = mine.reindex(scales)
            x = np.arange(len(scales)) + dodge(i, len(networks), 0.4)
            axes.plot(x, mine["value"], color=styles[network]["color"], linewidth=0.8, alpha=0.6)
            draw_marks(axes, x, mine, styles[network])
    axes.set_xticks(range(len(scales)), [f"{scale:g}" for scale in scales])
    axes.set_xlim(-0.5, len(scales) - 0.5)
    axes.set_title(count_text(rows["n"]) + " lesion groups")
    if rows["value"].isna().all():
        note_empty(axes)


def title_of(kind, table):
    """Return the title of a column."""
    if kind == LEVEL:
        return "(a) Mean Dice"
    if kind == FROM_LARGEST:
        return f"(b) Minus that at {minus_of(kind, table)}"
    return f"(c) Minus {shown_names(list(table['network'].unique()))[minus_of(kind, table)]}"


def label_of(kind, region):
    """Return the label of a panel's y axis."""
    what = REGION_NAMES[region].capitalize()
    return f"{what}\nDice" if kind == LEVEL else "Difference of Dice"


def minus_of(kind, table):
    """Return what is subtracted in the differences of a kind."""
    return table.loc[table["kind"] == kind, "minus"].iloc[0]


def headline(table):
    """Return the change of each network's Dice of enhancing tumour at the smallest scale."""
    rows = table[(table["kind"] == FROM_LARGEST) & (table["task"] == "et")]
    if rows["value"].isna().all():
        return "No lesion group could be compared over its sizes"
    smallest = rows["scale"].min()
    mine = rows[rows["scale"] == smallest]
    change = dict(zip(mine["network"], mine["value"], strict=True))
    return (
        f"At {smallest:g} of the same tumour's diameter, Dice of enhancing tumour changes by "
        f"{format_by_network(change, '{:+.2f}')}"
    )


def _without_groups():
    figure, ((axes,),) = panels(1, 1, height=1.5)
    note_empty(axes)
    set_headline(figure, "No lesion group was measured")
    return figure
