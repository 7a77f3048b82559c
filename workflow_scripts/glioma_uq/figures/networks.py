"""Names, colours and markers of several networks in one figure."""

import numpy as np
from matplotlib.lines import Line2D

from glioma_uq.errors import BadInput
from glioma_uq.figures.cells import of_cell
from glioma_uq.figures.words import format_range, joined
from glioma_uq.predictions import cell_of
from glioma_uq.statistics.overlap_groups import BELOW_MM3

# Okabe and Ito's, without yellow, which is hardly visible on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#666666")
MARKS = "osD^vP*Xdh<>"
SAMPLERS = ("-deterministic", "-mc-dropout-ensemble", "-deep-ensemble", "-test-time-augmentation")
REGION_NAMES = {"et": "enhancing tumour", "tc": "tumour core", "wt": "whole tumour"}
SMALL_ML = tuple(sorted(mm3 / 1000 for mm3 in BELOW_MM3.values()))


def shown_names(networks):
    """Return {network: its name in a figure}, without the sampler if all share one."""
    shared = [s for s in SAMPLERS if networks and all(n.endswith(s) for n in networks)]
    return {n: n.removesuffix(shared[0]) if shared else n for n in networks}


def network_styles(networks):
    """Return {network: colour and marker}, by their order."""
    return {
        network: {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)]}
        for i, network in enumerate(networks)
    }


def at_nearest(table, rate, passes):
    """Return the rows at `rate` and at the T of the table nearest to `passes`."""
    measured = table["passes"].unique()
    nearest = min(measured, key=lambda t: (abs(t - passes), t), default=passes)
    return of_cell(table, rate, nearest)


def in_order(table, networks):
    """Return the rows of `networks` only, in their order."""
    rank = {network: place for place, network in enumerate(networks)}
    mine = table[table["network"].isin(rank)]
    return mine.sort_values("network", key=lambda n: n.map(rank), kind="stable")


def format_by_network(values, form="{:.2f}"):
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
    return f"{form.format(value).replace('-', '−')} ({name})"


def dodge(place, number, width=0.7):
    """Return the offset from its tick of the `place`-th of `number` markers."""
    return 0 if number == 1 else width * (place / (number - 1) - 0.5) * min(1, number / 4)


def draw_marks(axes, x, rows, style, **options):
    """Draw the values of `rows` at `x` with their intervals, in the style of their network."""
    axes.vlines(x, rows["low"], rows["high"], color=style["color"], linewidth=1.1, alpha=0.8)
    axes.plot(x, rows["value"], linestyle="", markersize=4.2, zorder=3, **style, **options)


def add_network_legend(figure, networks, styles, *, more=(), **line):
    """Add the legend of colours and markers below the panels."""
    names = shown_names(networks)
    style = {"linestyle": "", "markersize": 4.2} | line
    handles = [Line2D([], [], label=names[n], **styles[n], **style) for n in networks]
    handles += more
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def nearest_cells(paths, networks, rate, passes):
    """Return {cell: path} of `networks`, in order, at `rate` and the T nearest to `passes`."""
    cells = {cell_of(path): path for path in paths}
    at_rate = [cell for cell in cells if np.isclose(cell.rate, rate)]
    nearest = min(
        {cell.passes for cell in at_rate}, key=lambda t: (abs(t - passes), t), default=None
    )
    found = {cell.network: cell for cell in at_rate if cell.passes == nearest}
    missing = [network for network in networks if network not in found]
    if missing:
        raise BadInput(
            f"expected a table of {missing[0]} at rate {rate:g} near {passes} passes, found none; "
            "set selection to a cell whose maps are kept"
        )
    return {found[network]: cells[found[network]] for network in networks}
