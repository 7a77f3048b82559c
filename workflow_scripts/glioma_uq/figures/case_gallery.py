"""A gallery of cases in one slice: scan, truth, mean prediction and the three uncertainties."""

import numpy as np
import pandas as pd

from glioma_uq.figures.gallery_cases import read_gallery_cases, through_tumour
from glioma_uq.figures.slices import outline, show_scans, slice_panels, slicer
from glioma_uq.figures.style import finish, key
from glioma_uq.figures.words import format_range
from glioma_uq.plurals import counted
from glioma_uq.quality.metrics import imputed_note
from glioma_uq.statistics.selected_cell import read_selected_cell

CAPTION = (
    "What does the uncertainty look like",
    "Cases from the least to the most uncertain predicted tumour, spread evenly over the study, in "
    "the axial slice with most of the tumour (the patient’s left is on the left). Each row gives "
    "the case’s mean uncertainty in the predicted tumour and its Dice. Mean probability is that of "
    "tumour over the passes. Total uncertainty is aleatoric plus epistemic in each voxel; all "
    "three share one scale up to ln {classes} nats, the maximum for {classes} classes. Maps are "
    "drawn in the brain. Dropout rate {rate}.",
)

# Sky blue and orange of Okabe and Ito, for a dark background.
TRUTH, PREDICTED = "#56B4E9", "#E69F00"
MAPS = {
    "mean": ("Mean probability", "viridis"),
    "predictive": ("Total (nats)", "inferno"),
    "aleatoric": ("Aleatoric (nats)", "inferno"),
    "epistemic": ("Epistemic (nats)", "inferno"),
}


def read(*, segmentation, selection, maps, mapped, volumes, modalities, network, cases_shown):
    """Return a row for each shown case, its `GalleryCase`, and the number of all cases.

    Columns: case, dice, uncertainty (nats), slice. At most `cases_shown` cases are shown; the
    others are arguments of `read_gallery_cases`.
    """
    cases, _, n = read_gallery_cases(
        segmentation, read_selected_cell(selection), cases_shown,
        network=network, maps=maps, mapped=mapped, volumes=volumes, modalities=modalities,
    )  # fmt: skip
    return tabulate(cases), cases, n


def tabulate(cases):
    rows = [(case.name, case.dice, case.uncertainty, through_tumour(case)[2]) for case in cases]
    return pd.DataFrame(rows, columns=["case", "dice", "uncertainty", "slice"])


def draw(table, cases, n, *, classes):
    """Return the figure: a row for each of `cases`, least uncertain first, of `n` in all.

    Entropies are shown up to ln `classes`, their maximum.
    """
    scans = [name.upper() for name in cases[0].scans]
    titles = [scans[0], f"{scans[-1]}, outlines", *(name for name, _ in MAPS.values())]
    figure, grid = slice_panels(len(cases), titles, height=1.1 + 1.12 * len(cases))
    for axes_of_case, case in zip(grid, cases, strict=True):
        images = draw_case(axes_of_case, case, classes)
    for image, column in zip(images, grid.T[2:], strict=True):
        bar = figure.colorbar(image, ax=column, location="bottom", aspect=14, shrink=0.85, pad=0.01)
        top = image.get_clim()[1]
        bar.set_ticks([0, top], labels=["0", "1" if top == 1 else f"ln {classes}"])
        bar.outline.set_linewidth(0.4)
    lines = key("truth", color=TRUTH), key("prediction", color=PREDICTED)
    return finish(figure, headline(table, n), *lines)


def draw_case(axes_of_case, case, classes):
    """Draw one row and return its map images."""
    cut = slicer(case.brain, through_tumour(case)[2])
    scans = list(case.scans)
    show_scans(zip((scans[0], scans[-1]), axes_of_case, strict=False), case, cut)
    outline(axes_of_case[1], cut(case.predicted), PREDICTED)
    if case.truth is not None:
        outline(axes_of_case[1], cut(case.truth), TRUTH)
    axes_of_case[0].set_ylabel(row_text(case), size=6.5, parse_math=False)
    return [
        axes.imshow(np.where(cut(case.brain) > 0, cut(case.maps[kind]), 0), cmap=colours, vmin=0,
                    vmax=1 if kind == "mean" else np.log(classes))
        for axes, (kind, (_, colours)) in zip(axes_of_case[2:], MAPS.items(), strict=True)
    ]  # fmt: skip


def row_text(case):
    """Return the label of a row."""
    nats = "no tumour found" if np.isnan(case.uncertainty) else f"{case.uncertainty:.2f} nats"
    dice = "no reference" if np.isnan(case.dice) else f"Dice {case.dice:.2f}"
    return "\n".join(filter(None, [case.name, nats, dice, imputed_note(case.imputed)]))


def headline(table, n):
    """Return the ranges of Dice of the less and the more uncertain half of the shown cases."""
    half, dice = len(table) // 2, table["dice"].to_numpy()
    halves = dice[:half], dice[-half:]
    if half == 0 or np.isnan(halves).any():
        return f"{len(table)} of {counted(n, 'case')}, from the least to the most uncertain tumour"
    low, high = map(format_range, halves)
    return (
        f"{len(table)} of {counted(n, 'case')} by uncertainty: Dice is {low} in the less uncertain "
        f"half and {high} in the more uncertain one"
    )
