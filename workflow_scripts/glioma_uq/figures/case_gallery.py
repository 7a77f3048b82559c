"""A gallery of cases in one slice: scan, truth, mean prediction and the three uncertainties."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from glioma_uq.figures.gallery_cases import read_gallery_cases, through_tumour
from glioma_uq.figures.style import panels, set_headline, styled
from glioma_uq.figures.words import format_range
from glioma_uq.statistics.selected_cell import read_selected_cell

CAPTION = (
    "What does the uncertainty look like",
    "Cases from the least to the most uncertain predicted tumour, spread evenly over the study, in "
    "the axial slice with most of the tumour (the patient’s left is on the left). Each row gives "
    "the case’s mean uncertainty in the predicted tumour and its Dice. Mean probability is that of "
    "tumour over the passes. Total uncertainty is aleatoric plus epistemic in each voxel; all "
    "three share one scale up to ln {classes} nats, the maximum for {classes} classes. Dropout "
    "rate {rate}.",
)

MARGIN = 2  # voxels around the brain
TRUTH, PREDICTED = (
    "#56B4E9",
    "#E69F00",
)  # sky blue, orange (Okabe and Ito) for dark background
MAPS = {
    "mean": ("Mean probability", "viridis"),
    "predictive": ("Total (nats)", "inferno"),
    "aleatoric": ("Aleatoric (nats)", "inferno"),
    "epistemic": ("Epistemic (nats)", "inferno"),
}


def read(*, segmentation, selection, maps, mapped, volumes, modalities, network, cases_shown):
    """Return the table of `tabulate`, its `GalleryCase`s, and the number of all cases.

    Args:
        segmentation: paths of the segmentation tables of all cells.
        selection: path of the table of the selected cell.
        cases_shown: maximum number of cases.
        maps, mapped, volumes, modalities, network: those of `read_gallery_cases`.
    """
    cases, _, n = read_gallery_cases(
        segmentation, read_selected_cell(selection), cases_shown,
        network=network, maps=maps, mapped=mapped, volumes=volumes, modalities=modalities,
    )  # fmt: skip
    return tabulate(cases), cases, n


def tabulate(cases):
    """Return one row for each shown case: case, dice, uncertainty (nats), slice."""
    rows = [(case.name, case.dice, case.uncertainty, through_tumour(case)[2]) for case in cases]
    return pd.DataFrame(rows, columns=["case", "dice", "uncertainty", "slice"])


@styled
def draw(table, cases, n, *, classes):
    """Return the figure: a row for each of `cases`, least uncertain first, of `n` in all.

    `table` is that of `tabulate`. Entropies are shown up to ln `classes`, their maximum.
    """
    columns = 2 + len(MAPS)
    figure, grid = panels(len(cases), columns, height=1.1 + 1.12 * len(cases))
    for axes_of_case, case in zip(grid, cases, strict=True):
        images = draw_case(axes_of_case, case, classes)
    for axes, title in zip(grid[0], column_titles(cases[0]), strict=True):
        axes.set_title(title, size=7.5, weight="bold", color="black", loc="center")
    for place, image in enumerate(images, start=columns - len(MAPS)):
        bar = figure.colorbar(
            image, ax=grid[:, place], location="bottom", aspect=14, shrink=0.85, pad=0.01
        )
        top = image.get_clim()[1]
        bar.set_ticks([0, top], labels=["0", "1" if top == 1 else f"ln {classes}"])
        bar.outline.set_linewidth(0.4)
    lines = {"truth": TRUTH, "prediction": PREDICTED}
    handles = [Line2D([], [], color=colour, label=name) for name, colour in lines.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=2)
    set_headline(figure, headline(table, n))
    return figure


def column_titles(case):
    """Return the titles of the columns."""
    scan = list(case.scans)[-1].upper()
    return [
        next(iter(case.scans)).upper(),
        f"{scan}, outlines",
        *(name for name, _ in MAPS.values()),
    ]


def draw_case(axes_of_case, case, classes):
    """Draw one row and return its map images."""
    number = through_tumour(case)[2]
    box = around(case.brain.data)
    cut = partial(sliced, box=box, number=number)
    scans = list(case.scans.values())
    for axes, scan in zip(axes_of_case, (scans[0], scans[-1]), strict=False):
        show_scan(axes, cut(scan.data), cut(case.brain.data))
    outline(axes_of_case[1], cut(case.maps["mean"].data), PREDICTED)
    if case.truth is not None:
        outline(axes_of_case[1], cut(case.truth.data), TRUTH)
    images = [
        axes.imshow(cut(case.maps[kind].data), cmap=colours, vmin=0, origin="lower",
                    vmax=1 if kind == "mean" else np.log(classes), interpolation="nearest")
        for axes, (kind, (_, colours)) in zip(axes_of_case[2:], MAPS.items(), strict=True)
    ]  # fmt: skip
    for axes in axes_of_case:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_anchor("C")
    axes_of_case[0].set_ylabel(row_text(case), size=6.5)
    return images


def sliced(data, *, box, number):
    """Return one axial slice, cropped and transposed, with the left side on the left."""
    return data[box][:, :, number].T


def show_scan(axes, data, brain):
    """Draw a slice of a scan, black outside the brain."""
    inside = data[brain > 0]
    low, high = np.percentile(inside, [0.5, 99.5]) if inside.size else (0, 1)
    axes.imshow(np.where(brain > 0, data, low), cmap="gray", vmin=low, vmax=high, origin="lower",
                interpolation="nearest")  # fmt: skip


def outline(axes, values, colour):
    """Draw the contour of `values` at one half, if there is one."""
    if values.min() < 0.5 < values.max():
        axes.contour(values.astype(float), [0.5], colors=[colour], linewidths=1.0)


def around(mask):
    """Return the slices of x and y around a mask; z is not cropped."""
    sides = []
    for axis in (0, 1):
        used = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        sides.append(slice(max(used[0] - MARGIN, 0), used[-1] + 1 + MARGIN))
    return tuple(sides)


def row_text(case):
    """Return the label of a row."""
    nats = "no tumour found" if np.isnan(case.uncertainty) else f"{case.uncertainty:.2f} nats"
    dice = "no reference" if np.isnan(case.dice) else f"Dice {case.dice:.2f}"
    return f"{case.name}\n{nats}\n{dice}"


def headline(table, n):
    """Return the ranges of Dice of the less and the more uncertain half of the shown cases."""
    half, dice = len(table) // 2, table["dice"].to_numpy()
    halves = dice[:half], dice[-half:]
    if half == 0 or np.isnan(halves).any():
        return f"{len(table)} of {n} cases, from the least to the most uncertain tumour"
    low, high = map(format_range, halves)
    return (
        f"{len(table)} of {n} cases by uncertainty: Dice is {low} in the less uncertain half "
        f"and {high} in the more uncertain one"
    )
