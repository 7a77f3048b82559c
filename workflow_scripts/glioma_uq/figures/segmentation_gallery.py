"""A gallery of cases: scans, the true subregions of the tumour, and each network's."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from glioma_uq.errors import BadInput
from glioma_uq.figures.case_gallery import around, show_scan, sliced
from glioma_uq.figures.networks import format_by_network, nearest_cells, shown_names
from glioma_uq.figures.style import FULL_WIDTH, note_empty, panels, set_headline, styled
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.images import read_image, read_mask
from glioma_uq.statistics.overlap_groups import et_volumes
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.subregions import SUBREGIONS
from glioma_uq.tables import read_table
from glioma_uq.volumes import volume_path

CAPTION = (
    "Which tumours do the networks find",
    "Cases with enhancing tumour from the smallest to the largest, spread evenly over the study, "
    "in the axial slice with most of it (the patient’s left is on the left): scans, the reference, "
    "and the prediction of each network over the first scan. Each row gives the case’s volume of "
    "enhancing tumour, and each prediction its Dice of enhancing tumour in the whole volume. "
    "Dropout rate {rate}; networks of the first seed that were not trained on the case.",
)

SCANS = ("flair", "t1ce", "t1")  # the paper's columns
# Red, green and yellow as in the paper, from the colour-blind safe palette of Okabe and Ito.
COLOURS = {"core": "#D55E00", "oedema": "#009E73", "enhancing": "#F0E442"}
NAMES = {
    "oedema": "oedema",
    "enhancing": "enhancing tumour",
    "core": "core (necrosis, non-enhancing)",
}
PANEL = 0.95  # least width of a panel in inches
COLUMNS = ["case", "et_volume_ml", "slice", "network", "dice"]


@dataclass(frozen=True)
class SegmentedCase:
    """One case: name, volume of enhancing tumour (ET) in ml, and Images on one grid.

    `scans` by modality (z-scores), `truth` canonical labels, `predicted` labels by network,
    `dice` of ET by network, `brain` a mask.
    """

    name: str
    et_ml: float
    scans: dict
    truth: object
    predicted: dict
    dice: dict
    brain: object


def read(*, overlap, selection, networks, maps, volumes, modalities, cases_shown):
    """Return the table of `tabulate`, its `SegmentedCase`s, and the number of cases with ET.

    Cases are shown at the selected rate and the nearest T with maps, smallest ET first.

    Args:
        overlap: paths of the tables of overlap of all cells.
        selection: path of the table of the selected cell.
        networks: names, in order.
        maps: folders of maps of all networks, rates and folds, of one seed each.
        volumes: path of the manifest of the normalised volumes.
        modalities: the study's; those in `SCANS` are shown.
        cases_shown: maximum number of cases.
    """
    cells = nearest_cells(overlap, networks, *read_selected_cell(selection))
    tables = {cell.network: read_table(path) for cell, path in cells.items()}
    first = next(iter(cells))
    of_first = tables[first.network]
    cases = [
        read_case(case, volume / 1000, tables, maps=maps, rate=first.rate, passes=first.passes,
                  volumes=volumes, scans=[name for name in SCANS if name in modalities])
        for case, volume in spread_over_sizes(of_first, cases_shown).items()
    ]  # fmt: skip
    return tabulate(cases), cases, int((et_volumes(of_first) > 0).sum())


def tabulate(cases):
    """Return one row for each case and network: case, et_volume_ml, slice, network, dice."""
    rows = [
        (case.name, case.et_ml, through_enhancing(case.truth), network, dice)
        for case in cases
        for network, dice in case.dice.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def spread_over_sizes(overlap, number):
    """Return {case: volume of ET in mm3} of at most `number` cases with ET.

    They are spread evenly over the order of volumes, smallest first.
    """
    volume = et_volumes(overlap).sort_index()
    volume = volume[volume > 0].sort_values(kind="stable")
    places = np.linspace(0, len(volume) - 1, min(number, len(volume))).round().astype(int)
    return volume.iloc[places].to_dict()


def read_case(case, et_ml, tables, *, maps, rate, passes, volumes, scans):
    """Return the `SegmentedCase` of one case."""
    found = {network: find_labels(maps, network, rate, passes, case) for network in tables}
    return SegmentedCase(
        name=case,
        et_ml=et_ml,
        scans={name: read_image(volume_path(volumes, case, name)) for name in scans},
        truth=read_image(volume_path(volumes, case, "segmentation"), np.uint8),
        predicted={network: read_image(path, np.uint8) for network, (path, _) in found.items()},
        dice={
            network: dice_of(tables[network], case, seed) for network, (_, seed) in found.items()
        },
        brain=read_mask(volume_path(volumes, case, "brain_mask")),
    )


def find_labels(maps, network, rate, passes, case):
    """Return (path of the predicted labels of a case, name of their seed)."""
    for folder in map(Path, maps):
        *_, of, dropout, _fold, seed, _samples, _maps = folder.parts
        path = folder / case / f"passes-{format_passes(passes)}" / "labels.nii.gz"
        if (of, dropout) == (network, f"dropout-{format_rate(rate)}") and path.is_file():
            return path, seed.removeprefix("seed-")
    raise BadInput(
        f"expected labels of {case} by {network} at T = {passes}, found none; add {passes} to "
        "sampling.maps"
    )


def dice_of(overlap, case, seed):
    """Return the Dice of ET of one case and seed, without post-processing rule."""
    mine = (overlap["region"] == "et") & (overlap["rule"] == "none") & (overlap["case"] == case)
    return float(overlap.loc[mine & (overlap["seed"].astype(str) == seed), "dice"].iloc[0])


def through_enhancing(truth):
    """Return the number of the axial slice with the most true enhancing tumour."""
    return int(np.argmax((truth.data == SUBREGIONS["enhancing"]).sum(axis=(0, 1))))


@styled
def draw(table, cases, n):
    """Return the figure: a row for each of `cases`, smallest ET first, of `n` in all.

    `table` is that of `tabulate`.
    """
    if not cases:
        return _without_cases()
    first = cases[0]
    titles = [
        *(name.upper() for name in first.scans),
        "truth",
        *shown_names(first.predicted).values(),
    ]
    width = max(FULL_WIDTH, PANEL * len(titles))
    row = 1.25 * width / len(titles) + 0.15  # a brain is longer than it is wide
    figure, grid = panels(len(cases), len(titles), width=width, height=0.9 + row * len(cases))
    for axes_of_case, case in zip(grid, cases, strict=True):
        draw_case(axes_of_case, case)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title.replace("-", "-\n", 1) if len(title) > 12 else title, size=7,
                       weight="bold", color="black", loc="center")  # fmt: skip
    handles = [Patch(color=COLOURS[subregion], label=name) for subregion, name in NAMES.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    set_headline(figure, headline(table, n))
    return figure


def draw_case(axes_of_case, case):
    """Draw the scans of one case, then its subregions: the true ones and each network's."""
    cut = partial(sliced, box=around(case.brain.data), number=through_enhancing(case.truth))
    brain = cut(case.brain.data)
    scans = list(case.scans.values())
    segmentations = [case.truth, *case.predicted.values()]
    texts = ["", *(f"Dice {dice:.2f}" for dice in case.dice.values())]
    for axes, scan in zip(axes_of_case, scans, strict=False):
        show_scan(axes, cut(scan.data), brain)
    for axes, labels, text in zip(axes_of_case[len(scans) :], segmentations, texts, strict=True):
        show_scan(axes, cut(scans[0].data), brain)
        show_labels(axes, cut(labels.data))
        axes.set_xlabel(text, size=6.5, labelpad=2)
    for axes in axes_of_case:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    axes_of_case[0].set_ylabel(f"{case.name}\n{case.et_ml:.2f} ml", size=6.5)


def show_labels(axes, labels):
    """Draw the canonical labels of a slice over the scan."""
    order = sorted(SUBREGIONS, key=SUBREGIONS.get)
    colours = ListedColormap([COLOURS[name] for name in order])
    axes.imshow(np.ma.masked_equal(labels, 0), cmap=colours, vmin=0.5, vmax=len(order) + 0.5,
                origin="lower", interpolation="nearest", alpha=0.85)  # fmt: skip


def headline(table, n):
    """Return the number of cases shown, and each network's mean Dice over them."""
    means = table.groupby("network", sort=False)["dice"].mean().to_dict()
    shown = table["case"].nunique()
    return (
        f"{shown} of {n} cases with enhancing tumour, from the smallest to the largest: "
        f"mean Dice is {format_by_network(means)}"
    )


def _without_cases():
    figure, ((axes,),) = panels(1, 1, height=1.5)
    note_empty(axes, "no case has enhancing tumour")
    set_headline(figure, "No case has enhancing tumour")
    return figure
