"""Names, colours and markers of several networks in one figure."""

from itertools import cycle

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.figures.cells import of_cell
from glioma_uq.figures.style import GREY, across_axes, key, note_empty
from glioma_uq.figures.words import format_number, format_range, joined
from glioma_uq.grid import SUFFIXES
from glioma_uq.predictions import cell_of
from glioma_uq.statistics.overlap_groups import BELOW_MM3
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table

# Okabe and Ito's, without yellow, which is hardly visible on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#666666")
MARKS = "osD^vP*Xdh<>"
REGION_NAMES = {"et": "enhancing tumour", "tc": "tumour core", "wt": "whole tumour",
                "rc": "resection cavity"}  # fmt: skip
SMALL_ML = tuple(sorted(mm3 / 1000 for mm3 in BELOW_MM3.values()))


def shown_names(networks):
    """Return {network: its name in a figure}, without the sampler if all share one."""
    shared = [s for s in SUFFIXES if networks and all(n.endswith(s) for n in networks)]
    return {n: n.removesuffix(shared[0]) if shared else n for n in networks}


def network_styles(networks):
    """Return {network: colour, marker and label}, by their order."""
    return {
        network: {"color": colour, "marker": mark, "label": name}
        for (network, name), colour, mark in zip(
            shown_names(list(networks)).items(), cycle(COLOURS), cycle(MARKS), strict=False
        )
    }


def _nearest(measured, passes):
    return min(measured, key=lambda t: (abs(t - passes), t), default=passes)


def at_nearest(table, rate, passes):
    """Return the rows at `rate` and at the T of the table nearest to `passes`."""
    return of_cell(table, rate, _nearest(table["passes"].unique(), passes))


def read_near(path, networks, selection):
    """Return the rows of `networks`, in their order, near the selected cell.

    `path` is that of the long table, `selection` that of the selected cell.
    """
    table = read_table(path)
    rank = {network: place for place, network in enumerate(networks)}
    mine = table[table["network"].isin(rank)]
    mine = mine.sort_values("network", key=lambda n: n.map(rank), kind="stable")
    return at_nearest(mine, *read_selected_cell(selection))


def values_of(rows):
    """Return {network: value} of a table with one row for each network."""
    return dict(zip(rows["network"], rows["value"], strict=True))


def format_by_network(values, form=".2f"):
    """Return "0.31 (csnet) and 0.44 (unet)" from {network: value}, or both ends of more than 3."""
    names = shown_names(list(values))
    known = {network: value for network, value in values.items() if not np.isnan(value)}
    if not known:
        return "not measured"
    if len(known) > 3:
        ends = (min(known, key=known.get), max(known, key=known.get))
        if format_range(known.values(), form) == format_range([known[ends[0]]], form):
            return _one(known[ends[0]], f"all {len(known)}", form)
        return " to ".join(_one(known[n], names[n], form) for n in ends)
    return joined(_one(value, names[n], form) for n, value in known.items())


def _one(value, name, form):
    return f"{format_number(value, form)} ({name})"


def draw_groups(
    axes, rows, column, groups, styles, *, connected=False, across=False, empty="not measured"
):
    """Draw values with their intervals by group, the networks of a group side by side.

    Args:
        rows: at most one of each network and group.
        column: that of the groups.
        groups: {group: its label at the axis}, in order.
        styles: of `network_styles`.
        connected: whether a line connects the values of a network.
        across: whether values are drawn from left to right, and groups from top to bottom.
        empty: what is written where nothing can be drawn.
    """
    ticks = np.arange(len(groups))
    width = (0.4 if connected else 0.7) * min(1, len(styles) / 4)
    offsets = np.linspace(-width / 2, width / 2, len(styles)) if len(styles) > 1 else [0]
    for offset, (network, style) in zip(offsets, styles.items(), strict=True):
        mine = rows[rows["network"] == network].set_index(column).reindex(list(groups))
        places = ticks + offset
        colour = style["color"]
        if connected:
            axes.plot(places, mine["value"], color=colour, linewidth=0.8, alpha=0.6)
        bars = axes.hlines if across else axes.vlines
        bars(places, mine["low"], mine["high"], color=colour, linewidth=1.1, alpha=0.8)
        points = (mine["value"], places) if across else (places, mine["value"])
        axes.plot(*points, linestyle="", markersize=4.2, zorder=3, **style)
    if not groups or rows["value"].isna().all():
        note_empty(axes, empty)
    if across:
        across_axes(axes)
        axes.set_yticks(ticks, groups.values())
        axes.set_ylim(max(len(groups), 1) - 0.5, -0.5)
    else:
        axes.set_xticks(ticks, groups.values())


def interval_key(level):
    """Return the entry of the legend for the intervals of `draw_groups`."""
    return key(f"{100 * level:g} % interval", color=GREY, linewidth=1.1)


def nearest_cells(paths, networks, rate, passes):
    """Return {cell: path} of `networks`, in order, at `rate` and the T nearest to `passes`."""
    cells = {cell_of(path): path for path in paths}
    at_rate = [cell for cell in cells if np.isclose(cell.rate, rate)]
    nearest = _nearest({cell.passes for cell in at_rate}, passes)
    found = {cell.network: cell for cell in at_rate if cell.passes == nearest}
    missing = [network for network in networks if network not in found]
    if missing:
        raise BadInput(
            f"expected a table of {missing[0]} at rate {rate:g} near {passes} passes, found none; "
            "set selection to a cell whose maps are kept"
        )
    return {found[network]: cells[found[network]] for network in networks}
