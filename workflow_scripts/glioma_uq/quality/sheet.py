"""Draw the quality sheet of a case: three planes of each series, with the outlines of its masks."""

from dataclasses import dataclass, field
from textwrap import wrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe and Ito's colours, which colour-blind readers can distinguish.
OUTLINES = {"brain": "#E69F00", "template": "#56B4E9", "tumour": "#CC79A7"}
TAKES_PART, LEFT_OUT, TEXT, NOTE = "#35B88F", "#FF8C42", "#FFFFFF", "#A8B0B8"
PANEL, MARGIN, GAP = 2.4, 0.12, 0.04  # inches: longest edge of a series, border, between panels
TITLE = 0.26  # inches for the names of the series
LEADING = 1.4 / 72  # inches from line to line, by the points of the font
DPI = 100


@dataclass(frozen=True)
class View:
    """A series and the masks outlined on it.

    volume: intensities [x, y, z], RAS. voxel_sizes: mm. window: the intensities that are black
    and white. centre: the voxel in all three planes. masks: booleans by name.
    """

    volume: np.ndarray
    voxel_sizes: np.ndarray
    window: tuple
    centre: tuple
    masks: dict = field(default_factory=dict)

    @property
    def extent(self):
        """Edges of the series in mm."""
        return np.multiply(self.volume.shape, self.voxel_sizes)


def draw_sheet(case, takes_part, verdict, notes, views):
    """Return the sheet of one case as a figure.

    Args:
        case: its name.
        takes_part, verdict: whether the case is included, as a boolean and in words.
        notes: lines of text below the verdict.
        views: series to View, or to the reason why there is none.
    """
    images = [view for view in views.values() if isinstance(view, View)]
    shares = [view.extent[[2, 2, 1]] / view.extent.max() for view in images]
    heights = PANEL * np.max(shares or [np.full(3, 0.3)], axis=0)
    width = len(views) * (PANEL + GAP) - GAP + 2 * MARGIN
    lines = header_lines(case, takes_part, verdict, notes, width - 2 * MARGIN)
    top = MARGIN + LEADING * sum(size for *_, size in lines) + TITLE
    height = top + heights.sum() + 2 * GAP + MARGIN
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="black")
    write_header(figure, lines, {name for view in images for name in view.masks})
    place = {"left": MARGIN / width, "right": 1 - MARGIN / width, "bottom": MARGIN / height,
             "top": 1 - top / height, "wspace": GAP / PANEL, "hspace": GAP / heights.mean(),
             "height_ratios": heights}  # fmt: skip
    grid = figure.subplots(3, len(views), squeeze=False, gridspec_kw=place)
    for column, (name, view) in zip(grid.T, views.items(), strict=True):
        column[0].set_title(name.upper(), color=TEXT, size=9.5)
        for plane, axes in enumerate(column):
            axes.axis("off")
            if isinstance(view, View):
                draw_plane(axes, view, plane)
        if not isinstance(view, View):
            text = "\n".join(wrap(view, 34))
            column[0].text(0.04, 0.5, text, color=NOTE, size=8, va="center", parse_math=False)
    return figure


def draw_plane(axes, view, plane):
    """Draw one plane in mm from its centre: the patient's left on the left, head or front on top.

    All planes of a view have one scale.
    """
    (x, y), longest = np.delete(view.extent, plane) / 2, view.extent.max() / 2
    where = {"extent": (-x, x, -y, y), "origin": "lower"}

    def cut(volume):
        return np.take(volume, view.centre[plane], plane).T

    low, high = view.window
    axes.imshow(cut(view.volume), "gray", vmin=low, vmax=high, interpolation="bilinear", **where)
    for name, mask in view.masks.items():
        if cut(mask).any() and not cut(mask).all():
            axes.contour(cut(mask), [0.5], colors=OUTLINES[name], linewidths=1, **where)
    axes.set(xlim=(-longest, longest), ylim=(-y, y))
    if plane > 0:
        axes.text(-x, 0, " L", color=NOTE, size=8, va="center")


def header_lines(case, takes_part, verdict, notes, width):
    """Return [(text, colour, points)] of case, verdict and notes, wrapped to `width` in inches."""
    parts = [(case, TEXT, 13), (verdict, TAKES_PART if takes_part else LEFT_OUT, 9.5)]
    parts += [(note, NOTE, 8.5) for note in notes]
    return [
        (line, colour, size)
        for text, colour, size in parts
        for line in wrap(text, int(width * 72 / (0.56 * size)))  # a letter is about .56 em wide
    ]


def write_header(figure, lines, masks):
    """Write the lines of the header, and the names of the outlines in the upper right corner."""
    width, height = figure.get_size_inches()
    y = height - MARGIN
    for text, colour, size in lines:
        weight = "bold" if colour == TEXT else "normal"
        where = {"x": MARGIN / width, "y": y / height, "va": "top"}
        figure.text(s=text, color=colour, size=size, weight=weight, parse_math=False, **where)
        y -= LEADING * size
    named = [name for name in OUTLINES if name in masks]
    handles = [Line2D([], [], color=OUTLINES[name], label=name) for name in named]
    figure.legend(handles=handles, ncols=3, loc="upper right", labelcolor="linecolor",
                  frameon=False, fontsize=9.5)  # fmt: skip
