"""Overlap by groups of cases: those whose enhancing tumour is small, and those without any.

The groups are nested: `below_2000` and `below_1000` have an enhancing tumour (ET) of more than 0
and less than so many mm³, `empty` has none, `all` is every case. All regions of a case are in the
same groups. All cells, groups and regions share one matrix of resamples.
"""

from functools import partial

import numpy as np

from glioma_uq.overlap.regions import RULES
from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.long_tables import measure_known, resample_cell
from glioma_uq.subregions import CAVITY

BELOW_MM3 = {"below_2000": 2000, "below_1000": 1000}
GROUPS = ("all", *BELOW_MM3, "empty")
REGIONS = ("et", "wt", "tc")  # in the paper's order
MEASURES = ("dice", "tpr", "fpr", "fpr_in_brain", "fp")


def in_group(volume, group):
    """Return which cases belong to `group`, [N] bool, by their volume of ET in mm3 [N]."""
    if group == "all":
        return np.ones(len(volume), dtype=bool)
    if group == "empty":
        return volume == 0
    if group == "from_2000":
        return volume >= 2000
    return (volume > 0) & (volume < BELOW_MM3[group])


def et_volumes(table):
    """Return the reference volume of ET of each case in mm3, a Series by case."""
    of_et = table[(table["region"] == "et") & (table["rule"] == "none")]
    return of_et.groupby("case")["reference_volume_mm3"].first()


def parts_of(table):
    """Yield ((group, rule), region, rows) of a cell's table of overlap."""
    volume = table["case"].map(et_volumes(table)).to_numpy()
    for region in (*REGIONS, *(CAVITY.keys() & set(table["region"]))):
        for rule in RULES:
            mine = ((table["region"] == region) & (table["rule"] == rule)).to_numpy()
            for group in GROUPS:
                yield (group, rule), region, table[mine & in_group(volume, group)]


def overlap_measures(rows, weights, region, measures=MEASURES):
    """Yield the means of one region: each over the cases with a value."""
    for measure in measures:
        yield measure_known(rows, weights, region, measure, weighted_mean, rows[measure])


def resample_groups(tables, *, resamples, interval, rng):
    """Return the `BootstrapResult`s at (group, rule) of {cell: table of overlap}, by cell."""
    drawn = draw_resamples(tables.items(), resamples, rng)
    results = []
    for cell, table in sorted(tables.items()):
        for place, region, rows in parts_of(table):
            measures = partial(overlap_measures, region=region)
            results += resample_cell(cell, rows, measures, drawn, interval, place)
    return results
