"""Galleries of axial slices: their panels, and scans and outlines in them."""

import numpy as np

from glioma_uq.figures.style import FULL_WIDTH, panels

MARGIN = 2  # voxels around the brain


def slice_panels(rows, titles, *, width=FULL_WIDTH, height):
    """Return (figure, axes [rows, columns]) for images, with a title above each column."""
    figure, grid = panels(rows, len(titles), width=width, height=height)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[], anchor="C")
        axes.grid(False)
        axes.spines[:].set_visible(False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, size=7, weight="bold", color="black", loc="center")
    return figure, grid


def slicer(brain, number):
    """Return the function from an Image to its axial slice `number`, transposed for imshow.

    The slice is cropped to the mask `brain`; the patient's left is on the left.
    """
    places = np.argwhere(brain.data)[:, :2]
    low, high = places.min(axis=0) - MARGIN, places.max(axis=0) + 1 + MARGIN
    box = tuple(slice(max(a, 0), b) for a, b in zip(low, high, strict=True))
    return lambda image: image.data[box][:, :, number].T


def show_scan(axes, data, brain):
    """Draw a slice of a scan, black outside the brain."""
    inside = data[brain > 0]
    low, high = np.percentile(inside, [0.5, 99.5]) if inside.size else (0, 1)
    axes.imshow(np.where(brain > 0, data, low), cmap="gray", vmin=low, vmax=high)


def show_scans(panels, case, cut):
    """Draw the slice `cut` of a case's scans, by modality in `panels`; imputed ones say so."""
    for modality, axes in panels:
        show_scan(axes, cut(case.scans[modality]), cut(case.brain))
        if modality in case.imputed:
            where = {"transform": axes.transAxes, "ha": "center", "va": "bottom"}
            axes.text(0.5, 0.03, "missing", color="white", size=6.5, **where)


def outline(axes, values, colour):
    """Draw the contour of `values` at one half, if there is one."""
    if values.min() < 0.5 < values.max():
        axes.contour(values.astype(float), [0.5], colors=[colour], linewidths=1.0)
