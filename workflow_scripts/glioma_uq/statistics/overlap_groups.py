"""Overlap by groups of cases: those whose enhancing tumour is small, and those without any.

The groups are nested: `below_2000` and `below_1000` have an enhancing tumour (ET) of more than 0
and less than so many mm³, `empty` has none, `all` is every case. All regions of a case are in the
same groups. All cells, groups and regions share one matrix of resamples.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.grid import format_rate
from glioma_uq.overlap.regions import RULES
from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.long_tables import (
    COLUMNS,
    BootstrapResult,
    difference,
    numbers,
    resample_cell,
)

BELOW_MM3 = {"below_2000": 2000, "below_1000": 1000}
GROUPS = ("all", *BELOW_MM3, "empty")
REGIONS = ("et", "wt", "tc")  # in the paper's order
MEASURES = ("dice", "tpr", "fpr", "fpr_in_brain", "fp")


class GroupedResamples(NamedTuple):
    """A `BootstrapResult`, and its values of a table's further columns, the tuple `place`."""

    drawn: BootstrapResult
    place: tuple


def in_group(volume, group):
    """Return which cases belong to `group`, [N] bool, by their volume of ET in mm3 [N]."""
    if group == "all":
        return np.ones(len(volume), dtype=bool)
    if group == "empty":
        return volume == 0
    return (volume > 0) & (volume < BELOW_MM3[group])


def et_volumes(table):
    """Return the reference volume of ET of each case in mm3, a Series by case."""
    of_et = table[(table["region"] == "et") & (table["rule"] == "none")]
    return of_et.groupby("case")["reference_volume_mm3"].first()


def parts_of(table):
    """Yield ((group, rule), region, rows) of a cell's table of overlap."""
    volume = table["case"].map(et_volumes(table)).to_numpy()
    for region in REGIONS:
        for rule in RULES:
            mine = ((table["region"] == region) & (table["rule"] == rule)).to_numpy()
            for group in GROUPS:
                yield (group, rule), region, table[mine & in_group(volume, group)]


def overlap_measures(rows, weights, region):
    """Yield (region, measure, replicates [B], n cases): means over the cases with a value."""
    for measure in MEASURES:
        known = rows[measure].notna().to_numpy()
        replicates = weighted_mean(rows[measure][known], weights[:, known])
        yield region, measure, replicates, rows["case"][known].nunique()


def resample_groups(tables, *, resamples, interval, rng):
    """Return the `GroupedResamples` (group, rule) of {cell: table of overlap}, by cell."""
    drawn = draw_resamples(tables.values(), resamples, rng)
    return [
        GroupedResamples(found, place)
        for cell, table in sorted(tables.items(), key=lambda pair: pair[0])
        for place, region, rows in parts_of(table)
        for found in resample_cell(
            cell,
            rows,
            partial(overlap_measures, region=region),
            drawn,
            interval in CORRECTED,
        )
    ]


def from_reference(placed, reference):
    """Yield each other network's `GroupedResamples` minus its partner of network `reference`.

    Partners have the same rate, passes, task, measure and place; rows without one are left out.
    """
    of_reference = {(p.drawn.cell, p.drawn.task, p.drawn.measure, p.place): p.drawn for p in placed}
    for drawn, place in placed:
        partner = (drawn.cell._replace(network=reference), drawn.task, drawn.measure, place)
        if drawn.cell.network != reference and partner in of_reference:
            yield GroupedResamples(difference(drawn, of_reference[partner]), place)


def grouped_table(resample, tables, columns, *, resamples, level, interval, rng):
    """Return the long table of what `resample` returns for `tables`, with an interval each.

    Args:
        resample: from (tables, resamples, interval, rng) to `GroupedResamples`.
        columns: names of their places.
    """
    placed = resample(tables, resamples=resamples, interval=interval, rng=rng)
    return long_table(placed, columns, level=level, interval=interval)


def long_table(placed, columns, *, level, interval):
    """Return the long table of `placed`: `long_tables.COLUMNS`, with `columns` before reason."""
    rows = [
        (cell.network, format_rate(cell.rate), cell.passes, *numbers(d, level, interval), *place)
        for (d, place), cell in ((p, p.drawn.cell) for p in placed)
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *columns])
    return table[[*COLUMNS[:-1], *columns, COLUMNS[-1]]]
