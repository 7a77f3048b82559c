"""Draw the quality sheet of a case: three planes of each series, with the outlines of its masks.

Drawn with Pillow: importing matplotlib takes longer than drawing a sheet.
"""

from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from scipy import ndimage

# Okabe and Ito's colours, which colour-blind readers can distinguish.
OUTLINES = {"brain": "#E69F00", "template": "#56B4E9", "tumour": "#CC79A7"}
TAKES_PART, LEFT_OUT, TEXT, NOTE = "#35B88F", "#FF8C42", "#FFFFFF", "#A8B0B8"
PANEL = 240  # pixels of the longest edge of a series
LINE = 1.4  # width of an outline in pixels
MARGIN = 12
GAP = 8  # pixels between panels
TITLE = 22  # height of the names of the series
Z_RANGE = (-2.5, 3.5)  # black and white of z-scored intensities


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


def draw_sheet(case, takes_part, verdict, notes, views):
    """Return the sheet of one case as a picture.

    Args:
        case: its name.
        takes_part, verdict: whether the case is included, as a boolean and in words.
        notes: lines of text below the verdict.
        views: series to View, or to the reason why there is none.
    """
    panels = {name: panels_of(view) for name, view in views.items()}
    heights = [GAP + max(parts[row].height for parts in panels.values()) for row in range(3)]
    width = 2 * MARGIN + (PANEL + GAP) * len(panels)
    lines = header_lines(case, takes_part, verdict, notes, width - 2 * MARGIN)
    top = MARGIN + sum(height for *_, height in lines)
    sheet = Picture.new("RGB", (width, top + TITLE + sum(heights)), "black")
    pen = ImageDraw.Draw(sheet)
    write_lines(pen, lines)
    write_legend(pen, {mask for view in views.values() for mask in masks_of(view)}, width)
    for column, (name, parts) in enumerate(panels.items()):
        left, y = MARGIN + (PANEL + GAP) * column, top + TITLE
        pen.text((left + PANEL / 2, top + 2), name.upper(), TEXT, font(13), anchor="ma")
        for part, height in zip(parts, heights, strict=True):
            sheet.paste(part, (left + (PANEL - part.width) // 2, y + (height - part.height) // 2))
            y += height
    return sheet


def panels_of(view):
    """Return the three planes of a view, or one panel of text and two empty ones."""
    if isinstance(view, View):
        return [draw_plane(view, plane) for plane in range(3)]
    blank = Picture.new("RGB", (PANEL, PANEL // 2), "black")
    pen = ImageDraw.Draw(blank)
    for row, line in enumerate(wrapped(view, font(11), PANEL - 20)):
        pen.text((10, 30 + 15 * row), line, NOTE, font(11))
    return [blank, Picture.new("RGB", (PANEL, 1)), Picture.new("RGB", (PANEL, 1))]


def masks_of(view):
    """Return the names of the masks outlined on a view."""
    return view.masks if isinstance(view, View) else ()


def draw_plane(view, plane):
    """Return one plane as a picture, its left = the patient's left, its top = head or front."""
    extent = np.multiply(view.volume.shape, view.voxel_sizes)
    size = tuple(np.maximum(1, np.delete(extent, plane) * PANEL / extent.max()).astype(int))
    low, high = view.window
    grey = (enlarged(view.volume, view.centre, plane, size) - low) / max(high - low, 1e-6)
    colours = np.repeat(255 * np.clip(grey, 0, 1)[..., None], 3, axis=2)
    for name, mask in view.masks.items():
        line = outline(enlarged(mask, view.centre, plane, size))[..., None]
        colours += line * (np.array(rgb(OUTLINES[name])) - colours)
    picture = Picture.fromarray(colours.astype(np.uint8))
    if plane > 0:
        ImageDraw.Draw(picture).text((4, size[1] / 2), "L", NOTE, font(11), anchor="lm")
    return picture


def enlarged(volume, centre, plane, size):
    """Return a plane through `centre` in `size` (width, height) pixels, row 0 on top, float32."""
    cut = np.moveaxis(volume, plane, 0)[centre[plane]].astype(np.float32).T[::-1]
    return np.asarray(Picture.fromarray(cut).resize(size, Picture.Resampling.BILINEAR))


def outline(cover):
    """Return how much of each pixel the contour at .5 of a smooth mask covers, 0 to 1.

    The distance to the contour is about |cover - .5| / |gradient|, which gives an
    antialiased line of even width.
    """
    cover = ndimage.gaussian_filter(cover, 0.8)
    steep = np.hypot(*np.gradient(cover))
    distance = np.abs(cover - 0.5) / np.maximum(steep, 1e-6)
    return np.clip(LINE / 2 + 0.5 - distance, 0, 1)


def middle(tumour, brain):
    """Return the voxel to cut through: the slices with most tumour, or the brain's median."""
    if tumour is not None and tumour.any():
        return tuple(int(tumour.sum(other(axis)).argmax()) for axis in range(3))
    if brain is not None and brain.any():
        return tuple(int(np.median(index)) for index in np.nonzero(brain))
    return None


def other(axis):
    """Return the two axes that are not `axis`."""
    return tuple({0, 1, 2} - {axis})


def contrast(volume):
    """Return the intensity window of a native scan: its 1st and 99.5th percentile."""
    return tuple(np.percentile(volume, [1, 99.5]))


def header_lines(case, takes_part, verdict, notes, width):
    """Return [(text, colour, font, height)] of case, verdict and notes, wrapped to `width`."""
    parts = [
        (case, TEXT, font(18, bold=True), 26),
        (verdict, TAKES_PART if takes_part else LEFT_OUT, font(13), 18),
        *((note, NOTE, font(12), 17) for note in notes),
    ]
    return [
        (line, colour, letters, height)
        for text, colour, letters, height in parts
        for line in wrapped(text, letters, width)
    ]


def write_lines(pen, lines):
    """Write the lines of the header."""
    y = MARGIN
    for text, colour, letters, height in lines:
        pen.text((MARGIN, y), text, colour, letters)
        y += height


def write_legend(pen, masks, width):
    """Write the names of the outlines in their colours, in the upper right corner."""
    x = width - MARGIN
    for name in reversed([name for name in OUTLINES if name in masks]):
        pen.text((x, MARGIN + 4), name, OUTLINES[name], font(13), anchor="ra")
        x -= pen.textlength(name, font(13)) + 14


def wrapped(text, letters, width):
    """Return a text as lines of at most `width` pixels; a longer word gets its own line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and letters.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def rgb(colour):
    """Return the red, green and blue of a colour such as "#E69F00"."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


@cache
def font(size, bold=False):
    """Return DejaVu Sans from matplotlib's files, without the slow import."""
    folder = Path(find_spec("matplotlib").origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
