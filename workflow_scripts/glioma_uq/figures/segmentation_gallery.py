"""A gallery of cases: scans, the true parts of the tumour, and those that each network sees."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from glioma_uq.figures.case_gallery import around, show_scan, sliced
from glioma_uq.figures.networks import shown_names, told
from glioma_uq.figures.style import FULL_WIDTH, panels, say, say_empty, styled
from glioma_uq.parts import PARTS
from glioma_uq.shown_parts import through_enhancing

# Red, green and yellow as in the paper, those of Okabe and Ito, which colour-blind readers tell.
COLOURS = {"core": "#D55E00", "oedema": "#009E73", "enhancing": "#F0E442"}
NAMES = {
    "oedema": "oedema",
    "enhancing": "enhancing tumour",
    "core": "core (necrosis, non-enhancing)",
}
PANEL = 0.95  # inches that a panel has at least
COLUMNS = ["case", "et_volume_ml", "slice", "network", "dice"]


def gallery_table(cases):
    """Return one row for each case and network: case, et_volume_ml, slice, network, dice."""
    rows = [
        (case.name, case.et_ml, through_enhancing(case.truth), network, dice)
        for case in cases
        for network, dice in case.dice.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@styled
def draw_segmentation_gallery(cases, *, n):
    """Return the figure: a row for each `ShownParts`, smallest ET first, of `n` in all."""
    if not cases:
        return _without_cases()
    first = cases[0]
    heads = [
        *(name.upper() for name in first.scans),
        "truth",
        *shown_names(first.predicted).values(),
    ]
    width = max(FULL_WIDTH, PANEL * len(heads))
    row = 1.25 * width / len(heads) + 0.15  # a brain is longer than wide
    figure, grid = panels(len(cases), len(heads), width=width, height=0.9 + row * len(cases))
    for axes_of_case, case in zip(grid, cases, strict=True):
        draw_case(axes_of_case, case)
    for axes, title in zip(grid[0], heads, strict=True):
        axes.set_title(title.replace("-", "-\n", 1) if len(title) > 12 else title, size=7,
                       weight="bold", color="black", loc="center")  # fmt: skip
    handles = [Patch(color=COLOURS[part], label=name) for part, name in NAMES.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    say(figure, headline(cases, n))
    return figure


def draw_case(axes_of_case, case):
    """Draw the scans of one case, then its parts: the true ones and each network's."""
    cut = partial(sliced, box=around(case.brain.data), number=through_enhancing(case.truth))
    brain = cut(case.brain.data)
    scans = list(case.scans.values())
    parts = [case.truth, *case.predicted.values()]
    texts = ["", *(f"Dice {dice:.2f}" for dice in case.dice.values())]
    for axes, scan in zip(axes_of_case, scans, strict=False):
        show_scan(axes, cut(scan.data), brain)
    for axes, labels, text in zip(axes_of_case[len(scans) :], parts, texts, strict=True):
        show_scan(axes, cut(scans[0].data), brain)
        show_parts(axes, cut(labels.data))
        axes.set_xlabel(text, size=6.5, labelpad=2)
    for axes in axes_of_case:
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    axes_of_case[0].set_ylabel(f"{case.name}\n{case.et_ml:.2f} ml", size=6.5)


def show_parts(axes, labels):
    """Draw canonical labels of a slice over what is drawn already."""
    order = sorted(PARTS, key=PARTS.get)
    colours = ListedColormap([COLOURS[part] for part in order])
    axes.imshow(np.ma.masked_equal(labels, 0), cmap=colours, vmin=0.5, vmax=len(order) + 0.5,
                origin="lower", interpolation="nearest", alpha=0.85)  # fmt: skip


def headline(cases, n):
    """Return how many cases are shown, and each network's mean Dice over them."""
    table = gallery_table(cases)
    means = table.groupby("network", sort=False)["dice"].mean().to_dict()
    return (
        f"{len(cases)} of {n} cases with enhancing tumour, from the smallest to the largest: "
        f"its mean Dice over them is {told(means)}"
    )


def _without_cases():
    figure, ((axes,),) = panels(1, 1, height=1.5)
    say_empty(axes, "no case has enhancing tumour")
    say(figure, "No case has enhancing tumour")
    return figure
