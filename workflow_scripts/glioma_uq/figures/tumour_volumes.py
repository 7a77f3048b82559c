"""How large the regions of the tumours are, and how many enhancing ones are small."""

import numpy as np

from glioma_uq.figures.networks import REGION_NAMES, SMALL_ML
from glioma_uq.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    count_text,
    note_empty,
    panel_title,
    panels,
    set_headline,
    styled,
)
from glioma_uq.subregions import REGIONS
from glioma_uq.tables import read_table

CAPTION = (
    "How large are the tumours",
    "Volumes of the reference segmentations, each case once, 0 without the region. (a) "
    "Enhancing tumour; tumour core (enhancing, necrotic and other non-enhancing tumour); whole "
    "tumour (core and oedema): the box holds the middle half of the cases, the orange line is "
    "the median, whiskers reach 1.5 box heights at most, circles lie beyond. (b) How many "
    "cases have an enhancing tumour of at most so many ml, on a logarithmic axis; dashed: the "
    "1 and 2 ml (1,000 and 2,000 mm³, so many voxels of 1 mm) below which the tables call a "
    "tumour small.",
)


def read(*, overlap):
    """Return the table of `tabulate` from the path of one cell's table of overlap."""
    return tabulate(read_table(overlap))


def tabulate(overlap):
    """Return case, region and volume_mm3 of the reference, from one cell's table of overlap."""
    rows = overlap[overlap["rule"] == "none"].drop_duplicates(["case", "region"])
    rows = rows.rename(columns={"reference_volume_mm3": "volume_mm3"})
    order = {region: place for place, region in enumerate(REGIONS)}
    rows = rows.sort_values(
        ["region", "case"], key=lambda c: c.map(order) if c.name == "region" else c
    )
    return rows[["case", "region", "volume_mm3"]].reset_index(drop=True)


def in_ml(table, region):
    """Return the volumes of one region in ml, an array."""
    return table.loc[table["region"] == region, "volume_mm3"].to_numpy(float) / 1000


@styled
def draw(table):
    """Return the figure: a box for each region, and how many ET are small."""
    figure, (grid,) = panels(1, 2, height=3.0, gridspec_kw={"width_ratios": [1, 1.25]})
    draw_boxes(grid[0], table)
    draw_small(grid[1], in_ml(table, "et"))
    set_headline(figure, headline(table))
    return figure


def draw_boxes(axes, table):
    """Draw a box of each region: quartiles, median, whiskers of at most 1.5 box heights."""
    line = {"color": "#333333", "linewidth": 0.8}
    axes.boxplot(
        [in_ml(table, region) for region in REGIONS],
        widths=0.5, boxprops=line, whiskerprops=line, capprops=line,
        medianprops={"color": ORANGE, "linewidth": 1.6},
        flierprops={"marker": "o", "markersize": 3, "markeredgecolor": GREY},
    )  # fmt: skip
    axes.set_xticks(
        range(1, 1 + len(REGIONS)), [REGION_NAMES[r].replace(" ", "\n") for r in REGIONS]
    )
    axes.set_ylabel("Volume (ml)")
    axes.set_title(count_text([table["case"].nunique()]))
    panel_title(axes, "(a) Regions of the tumours")


def draw_small(axes, volumes):
    """Draw how many cases have an enhancing tumour of at most so many ml; the limits of small."""
    there = np.sort(volumes[volumes > 0])
    panel_title(axes, "(b) Enhancing tumour")
    axes.set_title(f"n = {len(there)} cases with some; {len(volumes) - len(there)} without")
    axes.set(xscale="log", xlabel="Volume (ml)", ylabel="Cases with at most this volume")
    if not len(there):
        note_empty(axes, "no enhancing tumour")
        return
    axes.step([there[0], *there], range(1 + len(there)), where="post", color=BLUE)
    axes.xaxis.set_major_formatter("{x:g}")
    for limit in SMALL_ML:
        below = int((there < limit).sum())
        axes.axvline(limit, color=ORANGE, linestyle=(0, (4, 3)), linewidth=0.9)
        axes.annotate(f"{below} below {limit:g} ml", (limit, 1), (2, -3), rotation=-90, ha="left",
                      xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
                      size=6.5, color=ORANGE)  # fmt: skip
    axes.set_ylim(0, None)


def headline(table):
    """Return the median volume of each region, and how many enhancing tumours are small."""
    medians = [
        f"{np.median(in_ml(table, region)):.1f} ml ({REGION_NAMES[region]})" for region in REGIONS
    ]
    volumes = in_ml(table, "et")
    there, limit = volumes[volumes > 0], max(SMALL_ML)
    return (
        f"Median volume is {medians[0]}, {medians[1]} and {medians[2]}; "
        f"{(there < limit).sum()} of {len(there)} enhancing tumours are below {limit:g} ml"
    )
