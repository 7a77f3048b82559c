"""Common style of all figures: sizes, fonts, colours, notes on panels, and file output.

Colours are safe for colour-blind readers and keep their order in grey print: a ramp of
lightness for rates, the palette of Okabe and Ito (2008) for categories.
"""

import textwrap

import matplotlib
import numpy as np

matplotlib.use("agg")  # before seaborn selects a backend with windows

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from glioma_uq.files import written_whole
from glioma_uq.plurals import counted
from glioma_uq.tables import write_table

PNG_DPI = 220  # for screens; print takes the PDF
FULL_WIDTH = 7.2  # inches: both columns of a printed page
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
DASHED = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 0.8}  # lines of reference
STYLE = {  # of matplotlib while a figure is drawn and saved
    "font.family": "DejaVu Sans",  # part of matplotlib: the same on every machine
    "font.size": 8,
    "axes.formatter.useoffset": False,  # nothing beside an axis
    "axes.titlesize": 7,
    "axes.titlecolor": GREY,
    "axes.titlelocation": "left",
    "axes.titlepad": 4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#333333",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.xmargin": 0.04,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 2.6,
    "image.origin": "lower",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "pdf.fonttype": 42,  # text stays text in the PDF
}


def panels(rows, columns, *, width=FULL_WIDTH, height, **kwargs):
    """Return (figure, axes [rows, columns]) with a constrained layout; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.05, wspace=0.03, hspace=0.03)
    return figure, figure.subplots(rows, columns, squeeze=False, **kwargs)


def rate_colours(rates):
    """Return {rate: colour}: viridis from dark (smallest rate) to light, without its yellow."""
    rates = sorted(set(rates))
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.85, len(rates)))
    return dict(zip(rates, map(tuple, colours), strict=True))


def panel_title(axes, text, note=None, *, above=16):
    """Write the title of a panel or its column in bold, `above` points over the axes.

    `note` is written in grey between title and axes.
    """
    axes.annotate(
        text, (0.5, 1), (0, above), xycoords="axes fraction", textcoords="offset points",
        ha="center", va="bottom", weight="bold",
    )  # fmt: skip
    if note:
        axes.set_title(note)


def key(label, **look):
    """Return an entry of a legend that looks like a line or, without linestyle, its markers."""
    return Line2D([], [], label=label, **look)


def finish(figure, headline, *keys, columns=4):
    """Return `figure` with its main result, a sentence, above the panels and a legend below.

    The legend has each label of what was drawn once, then `keys`; panels with a legend of their
    own are left out.
    """
    width = int(13.5 * figure.get_figwidth())  # characters per line
    headline = textwrap.fill(headline, width)
    figure.suptitle(headline, x=0.008, ha="left", size=8.5, weight="bold", parse_math=False)
    handles = {}
    for axes in figure.axes:
        if axes.get_legend() is None:
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
                handles.setdefault(label, handle)
    handles = [*handles.values(), *keys]
    if handles:
        columns = min(len(handles), columns)
        figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    return figure


def count_text(counts, noun=None):
    """Return "n = 60", or "n = 52–60" if n differs between the points of a panel.

    With a `noun`, "n = 1 case" or "n = 52–60 cases".
    """
    counts = [int(n) for n in counts] or [0]
    low, high = min(counts), max(counts)
    most = counted(high, noun) if noun else high
    return f"n = {most}" if low == high else f"n = {low}–{most}"


def empty_figure(headline, text):
    """Return a figure of which there is nothing to draw, with `text` in its one panel."""
    figure, ((axes,),) = panels(1, 1, height=1.5)
    note_empty(axes, text)
    return finish(figure, headline)


def across_axes(axes):
    """Prepare a panel of rows, whose values are drawn from left to right."""
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")


def note_empty(axes, text="not measured"):
    """Write `text` in the middle of an empty panel, over its grid and lines of reference."""
    blank = {"facecolor": "white", "edgecolor": "none", "pad": 2}
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY,
              bbox=blank, zorder=4)  # fmt: skip


def save_figure(figure, table, *, pdf, png, csv):
    """Write the figure as vector PDF and as PNG, and its data as CSV.

    Both images have the headline as their title, which `report.page.title_in` reads.
    The bytes depend on the figure alone: no date is written into the PDF.
    """
    figure.draw_without_rendering()  # one layout for both files
    figure.set_layout_engine(None)
    title = {"Title": " ".join(figure.get_suptitle().split())}
    with written_whole(pdf) as path:
        figure.savefig(path, format="pdf", metadata={"CreationDate": None, **title})
    with written_whole(png) as path:
        figure.savefig(path, format="png", dpi=PNG_DPI, metadata=title)
    write_table(table, csv)
