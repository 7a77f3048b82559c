"""Volumes of the tumours' regions, and the number of small enhancing tumours."""

import numpy as np
import pandas as pd

from glioma_uq.figures.networks import REGION_NAMES, SMALL_ML
from glioma_uq.figures.style import (
    BLUE,
    DASHED,
    GREY,
    ORANGE,
    finish,
    note_empty,
    panel_title,
    panels,
)
from glioma_uq.figures.words import joined
from glioma_uq.plurals import counted
from glioma_uq.subregions import REGIONS
from glioma_uq.tables import read_table

CAPTION = (
    "How large are the tumours",
    "Volumes of the reference segmentations, each case once. (a) Where present: enhancing "
    "tumour; tumour core (enhancing, necrotic and other non-enhancing tumour); whole "
    "tumour (core and oedema): the box holds the middle half of the cases, the orange line is the "
    "median, whiskers reach at most 1.5 box heights, and circles are beyond. (b) Number of cases "
    "with an enhancing tumour of at most the given volume, on a logarithmic axis; dashed: 1 and 2 "
    "ml (1,000 and 2,000 mm³), the tables’ limits of a small tumour.",
)


def read(*, overlap):
    """Return case, region and volume_mm3 of the reference, from one cell's table of overlap."""
    table = read_table(overlap)
    rows = table[table["rule"] == "none"].drop_duplicates(["case", "region"])
    rows = rows.rename(columns={"reference_volume_mm3": "volume_mm3"})
    rows = rows[["case", "region", "volume_mm3"]].sort_values("case")
    return pd.concat([rows[rows["region"] == one] for one in REGIONS], ignore_index=True)


def in_ml(table, region):
    """Return the volumes of one region in ml, an array."""
    return table.loc[table["region"] == region, "volume_mm3"].to_numpy(float) / 1000


def present(volumes):
    """Return the volumes of the cases that have the region."""
    return volumes[volumes > 0]


def draw(table):
    """Return the figure: a box for each region, and the number of small ET."""
    figure, (grid,) = panels(1, 2, height=3.0, gridspec_kw={"width_ratios": [1, 1.25]})
    draw_boxes(grid[0], table)
    draw_small(grid[1], in_ml(table, "et"))
    return finish(figure, headline(table))


def draw_boxes(axes, table):
    """Draw a box of each region, of the cases that have it.

    It shows quartiles, median, and whiskers of at most 1.5 box heights.
    """
    line = {"color": "#333333", "linewidth": 0.8}
    volumes = {region: present(in_ml(table, region)) for region in REGIONS}
    axes.boxplot(
        list(volumes.values()),
        tick_labels=[
            f"{REGION_NAMES[region]}\nn = {len(values)}".replace(" ", "\n", 1)
            for region, values in volumes.items()
        ],
        widths=0.5, boxprops=line, whiskerprops=line, capprops=line,
        medianprops={"color": ORANGE, "linewidth": 1.6},
        flierprops={"marker": "o", "markersize": 3, "markeredgecolor": GREY},
    )  # fmt: skip
    axes.set_ylabel("Volume (ml)")
    panel_title(axes, "(a) Regions of the tumours", f"n = {table['case'].nunique()} cases")


def draw_small(axes, volumes):
    """Draw the cumulative number of cases by volume, and the limits of a small tumour."""
    positive = np.sort(present(volumes))
    note = f"n = {counted(len(positive), 'case')} with ET; {len(volumes) - len(positive)} without"
    panel_title(axes, "(b) Enhancing tumour", note)
    axes.set(xscale="log", xlabel="Volume (ml)", ylabel="Cases with at most this volume")
    if not len(positive):
        note_empty(axes, "no enhancing tumour")
        return
    axes.step([positive[0], *positive], range(1 + len(positive)), where="post", color=BLUE)
    axes.xaxis.set_major_formatter("{x:g}")
    for limit in SMALL_ML:
        below = int((positive < limit).sum())
        axes.axvline(limit, **DASHED | {"color": ORANGE})
        axes.annotate(f"{below} below {limit:g} ml", (limit, 1), (2, -3), rotation=-90, ha="left",
                      xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
                      size=6.5, color=ORANGE)  # fmt: skip
    axes.set_ylim(0, None)


def headline(table):
    """Return the median volume of each region, and the number of small enhancing tumours.

    A median is that of the cases that have the region; the others are counted beside it.
    """
    medians = [median_text(in_ml(table, region), REGION_NAMES[region]) for region in REGIONS]
    positive, limit = present(in_ml(table, "et")), max(SMALL_ML)
    return (
        f"Median volume, where present, is {joined(medians)}; "
        f"{(positive < limit).sum()} of {len(positive)} enhancing tumours are below {limit:g} ml"
    )


def median_text(volumes, name):
    """Return "2.4 ml (tumour core, in 3 of 4 cases)", without the numbers if all have it."""
    positive = present(volumes)
    if not len(positive):
        return f"not measured ({name}, in no case)"
    n = "" if len(positive) == len(volumes) else f", in {len(positive)} of {len(volumes)} cases"
    return f"{np.median(positive):.1f} ml ({name}{n})"
