"""A gallery of cases: scans, the true subregions of the tumour, and each network's."""

import re

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from glioma_uq.figures.gallery_cases import CaseImages, find_maps, read_scans, spread
from glioma_uq.figures.networks import format_by_network, nearest_cells, shown_names
from glioma_uq.figures.slices import show_scans, slice_panels, slicer
from glioma_uq.figures.style import FULL_WIDTH, empty_figure, finish
from glioma_uq.images import read_image
from glioma_uq.plurals import counted
from glioma_uq.quality.metrics import imputed_note
from glioma_uq.statistics.overlap_groups import et_volumes
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.subregions import LABELS, SUBREGIONS
from glioma_uq.tables import read_table
from glioma_uq.volumes import Manifest

CAPTION = (
    "Which tumours do the networks find",
    "Cases with enhancing tumour from the smallest to the largest, spread evenly over the study, "
    "in the axial slice with most of it (the patient’s left is on the left): scans, the reference, "
    "and the prediction of each network over the first scan that is there. Each row gives the "
    "case’s volume of enhancing tumour, and each prediction its Dice of enhancing tumour in the "
    "whole volume. "
    "Dropout rate {rate}; networks of the first seed that were not trained on the case.",
)

SCANS = ("flair", "t1ce", "t1")  # the paper's columns
# Red, green and yellow as in the paper, from the colour-blind safe palette of Okabe and Ito.
# The cavity, which the paper's tumours do not have, is blue.
COLOURS = {"core": "#D55E00", "oedema": "#009E73", "enhancing": "#F0E442", "cavity": "#56B4E9"}
NAMES = {
    "oedema": "oedema",
    "enhancing": "enhancing tumour",
    "core": "core (necrosis, non-enhancing)",
    "cavity": "resection cavity",
}
PANEL = 0.95  # least width of a panel in inches
COLUMNS = ["case", "et_volume_ml", "slice", "network", "dice"]


def read(*, overlap, selection, networks, maps, volumes, modalities, cases_shown):
    """Return a row for each case shown and network, its `CaseImages`, and the number with ET.

    Cases are shown at the selected rate and the nearest T with maps, smallest enhancing tumour
    (ET) first. Truth and maps are canonical labels.

    Args:
        overlap: paths of the tables of overlap of all cells.
        maps: folders of maps of all networks, rates and folds, of one seed each.
        volumes: path of the manifest of the normalised volumes.
        modalities: the study's; those in `SCANS` are shown.
        cases_shown: maximum number of cases.
    """
    cells = nearest_cells(overlap, networks, *read_selected_cell(selection))
    tables = {cell: read_table(path) for cell, path in cells.items()}
    et_ml = sizes_of(next(iter(tables.values())))
    scans = [name for name in SCANS if name in modalities]
    manifest, cases, rows = Manifest(volumes), [], []
    for case, volume in spread(et_ml, cases_shown).items():
        folders = {cell: find_maps(maps, *cell, case) for cell in cells}
        labels = {
            cell.network: read_image(folder / "labels.nii.gz", np.uint8)
            for cell, folder in folders.items()
        }
        truth = read_image(manifest.file(case, "segmentation"), np.uint8)
        images = read_scans(manifest, case, scans)
        cases.append(CaseImages(name=case, maps=labels, truth=truth, **images))
        axial = int(np.argmax((truth.data == SUBREGIONS["enhancing"]).sum(axis=(0, 1))))
        for cell, folder in folders.items():
            dice = dice_of(tables[cell], case, folder)
            rows.append((case, volume, axial, cell.network, dice))
    return pd.DataFrame(rows, columns=COLUMNS), cases, len(et_ml)


def sizes_of(overlap):
    """Return the volumes of ET in ml by case, smallest first, without cases that have none."""
    volume = et_volumes(overlap).sort_index()
    return volume[volume > 0].sort_values(kind="stable") / 1000


def dice_of(overlap, case, maps):
    """Return the Dice of ET of one case and of the seed whose maps these are, without rule."""
    seed = re.search(r"/seed-([^/]+)/", str(maps))[1]
    mine = (overlap["region"] == "et") & (overlap["rule"] == "none") & (overlap["case"] == case)
    return float(overlap.loc[mine & (overlap["seed"].astype(str) == seed), "dice"].iloc[0])


def draw(table, cases, n):
    """Return the figure: a row for each of `cases`, smallest ET first, of `n` in all."""
    if not cases:
        return empty_figure("No case has enhancing tumour", "no case has enhancing tumour")
    titles = [name.upper() for name in cases[0].scans]
    titles += ["truth", *shown_names(cases[0].maps).values()]
    width = max(FULL_WIDTH, PANEL * len(titles))
    row = 1.25 * width / len(titles) + 0.15  # a brain is longer than it is wide
    titles = [title.replace("-", "-\n", 1) if len(title) > 12 else title for title in titles]
    figure, grid = slice_panels(len(cases), titles, width=width, height=0.9 + row * len(cases))
    for axes_of_case, case in zip(grid, cases, strict=True):
        draw_case(axes_of_case, case, table[table["case"] == case.name])
    shown = [image.data for case in cases for image in (case.truth, *case.maps.values())]
    parts = [
        Patch(color=COLOURS[part], label=name) for part, name in NAMES.items()
        if part in SUBREGIONS or any((labels == LABELS[part]).any() for labels in shown)
    ]  # fmt: skip
    return finish(figure, headline(table, n), *parts)


def draw_case(axes_of_case, case, rows):
    """Draw the scans of one case, then its subregions: the true ones and each network's."""
    cut = slicer(case.brain, rows["slice"].iloc[0])
    scans = list(case.scans)
    segmentations = [case.truth, *case.maps.values()]
    below = next(name for name in scans if name not in case.imputed)
    shown = scans + [below] * len(segmentations)
    show_scans(zip(shown, axes_of_case, strict=True), case, cut)
    for axes, labels in zip(axes_of_case[len(scans) :], segmentations, strict=True):
        show_labels(axes, cut(labels))
    for axes, dice in zip(axes_of_case[len(scans) + 1 :], rows["dice"], strict=True):
        axes.set_xlabel(f"Dice {dice:.2f}", size=6.5, labelpad=2)
    volume = f"{rows['et_volume_ml'].iloc[0]:.2f} ml"
    text = "\n".join(filter(None, [case.name, volume, imputed_note(case.imputed)]))
    axes_of_case[0].set_ylabel(text, size=6.5, parse_math=False)


def show_labels(axes, labels):
    """Draw the canonical labels of a slice over the scan."""
    order = sorted(LABELS, key=LABELS.get)
    colours = ListedColormap([COLOURS[name] for name in order])
    labels = np.ma.masked_equal(labels, 0)
    axes.imshow(labels, cmap=colours, vmin=0.5, vmax=len(order) + 0.5, alpha=0.85)


def headline(table, n):
    """Return the number of cases shown, and each network's mean Dice over them."""
    means = table.groupby("network", sort=False)["dice"].mean().to_dict()
    shown = table["case"].nunique()
    return (
        f"{shown} of {counted(n, 'case')} with enhancing tumour, from the smallest to the largest: "
        f"mean Dice is {format_by_network(means)}"
    )
