"""Detected and false-positive lesions: by size of the lesion, and over all thresholds (FROC).

A table of events has a row for each run (`event` run: one case of one seed, the unit by which
false lesions are counted), each reference lesion and each false lesion.
"""

from functools import partial

import numpy as np
import pandas as pd

from glioma_uq.grid import format_cell
from glioma_uq.overlap.lesions import ONE_TO_ONE
from glioma_uq.overlap.regions import RULES
from glioma_uq.statistics.bootstrap import draw_resamples, ratio, weighted_mean
from glioma_uq.statistics.long_tables import CELL, measure_known, resample_cell
from glioma_uq.statistics.overlap_groups import REGIONS
from glioma_uq.statistics.patients import count_cases

# ASSUME: four sizes of lesions; the larger limits are those of the groups of cases.
SIZES_MM3 = {
    "all": (0, np.inf),
    "below_250": (0, 250),
    "250_to_1000": (250, 1000),
    "1000_to_2000": (1000, 2000),
    "from_2000": (2000, np.inf),
}
FALSE_PER_CASE = (0.125, 0.25, 0.5, 1, 2)
CURVE = [*CELL, "task", "rule", "threshold_mm3", "false_per_case", "sensitivity"]


def events_of(overlap, lesions, region, rule):
    """Return the events of one region and rule from a cell's tables of overlap and lesions."""
    runs, mine = (
        table[(table["region"] == region) & (table["rule"] == rule)] for table in (overlap, lesions)
    )
    kind = np.where(mine["lesion"].notna(), "reference", "false")
    runs = runs.filter(items=["case", "patient", "fold", "seed", *ONE_TO_ONE]).assign(event="run")
    return pd.concat([runs, mine.assign(event=kind)], ignore_index=True)


def of_size(events, size):
    """Return which events are reference lesions of a size, smallest <= volume < largest: bool."""
    smallest, largest = SIZES_MM3[size]
    inside = (events["volume_mm3"] >= smallest) & (events["volume_mm3"] < largest)
    return (inside & (events["event"] == "reference")).to_numpy()


def lesion_measures(events, weights, region, size):
    """Yield (region, measure, replicates [B], n cases) of the lesions of one size.

    `sensitivity`, the share of reference lesions that are found; `lesion_dice`, their mean Dice.
    For all sizes together also: `lesion_dice_with_false`, in which each false lesion counts as 0
    (as in BraTS 2023); `false_per_case`; `sensitivity_at_{f}_false`, see `sensitivity_at`; and
    the `brats_measures`.
    """
    mine, mask = events["event"].to_numpy(), of_size(events, size)
    n = count_cases(events[mask])
    found = events["found"][mask].to_numpy(dtype=float)
    dice = events["dice"].to_numpy(dtype=float)
    yield region, "sensitivity", weighted_mean(found, weights[:, mask]), n
    yield region, "lesion_dice", weighted_mean(dice[mask], weights[:, mask]), n
    if size != "all":
        return
    lesions, cases = mine != "run", count_cases(events)
    yield region, "lesion_dice_with_false", weighted_mean(dice[lesions], weights[:, lesions]), cases
    false, runs = (weights[:, mine == kind].sum(axis=1) for kind in ("false", "run"))
    yield region, "false_per_case", ratio(false, runs), cases
    points, there = operating_points(events, weights)[1:], weights[:, mask].any(axis=1)
    for most in FALSE_PER_CASE:
        replicates = np.where(there, sensitivity_at(most, *points), np.nan)
        yield region, f"sensitivity_at_{most:g}_false", replicates, n
    yield from brats_measures(events[mine == "run"], weights[:, mine == "run"], region)


def brats_measures(runs, weights, region):
    """Yield the means over cases of what BraTS measures in its one-to-one matching of lesions.

    `brats_lesion_dice`: the mean over matched lesions, see `match_one_to_one`;
    `brats_precision` TP / (TP + FP), `brats_recall` TP / (TP + FN), `brats_f1`. A case counts
    where the value is defined.
    """
    true, false, missed, dice = (runs[name].astype(float) for name in ONE_TO_ONE)
    values = {
        "lesion_dice": dice,
        "precision": true / (true + false),
        "recall": true / (true + missed),
        "f1": 2 * true / (2 * true + false + missed),
    }
    for name, value in values.items():
        yield measure_known(runs, weights, region, f"brats_{name}", weighted_mean, value)


def operating_points(events, weights):
    """Return (falling thresholds [S], false lesions per case [B, S], sensitivity [B, S]).

    At each threshold, only predicted lesions of at least that volume count. A reference lesion is
    found if one of them touches it; those that touch none are false.
    """
    mine, score = events["event"].to_numpy(), events["score_mm3"].to_numpy(dtype=float)
    thresholds = np.unique(score[~np.isnan(score)])[::-1]
    runs, total = (weights[:, mine == kind].sum(axis=1) for kind in ("run", "reference"))
    false, found = (
        weight_from(score[mine == kind], thresholds, weights[:, mine == kind])
        for kind in ("false", "reference")
    )
    return thresholds, _rates(false, runs), _rates(found, total)


def weight_from(score, thresholds, weights):
    """Return [B, S]: the weight of the scores [N] that reach each of S falling thresholds.

    A NaN score reaches none.
    """
    order = np.argsort(-score, kind="stable")  # NaN last
    total = np.zeros((len(weights), len(score) + 1))
    np.cumsum(weights[:, order], axis=1, out=total[:, 1:])
    return total[:, np.searchsorted(-score[order], -thresholds, side="right")]


def sensitivity_at(most, false, sensitivity):
    """Return the highest sensitivity [B] with at most `most` false lesions per case.

    0 if there are too many already at the highest threshold.
    """
    last = (false <= most).sum(axis=1)
    reached = np.hstack([np.zeros((len(sensitivity), 1)), sensitivity])
    return reached[np.arange(len(reached)), last]


def resample_lesions(overlap, lesions, *, resamples, interval, rng):
    """Return the `BootstrapResult`s at (size, rule, lesions) of {cell: table} of both kinds."""
    drawn = draw_resamples(overlap.items(), resamples, rng)
    results = []
    for cell, region, rule, events in events_of_cells(overlap, lesions):
        for size in SIZES_MM3:
            number = events[of_size(events, size)].groupby(["case", "lesion"]).ngroups
            measures = partial(lesion_measures, region=region, size=size)
            place = (size, rule, number)
            results += resample_cell(cell, events, measures, drawn, interval, place)
    return results


def curves(overlap, lesions):
    """Return the FROC curves of all cells as a table, columns `CURVE`."""
    parts = []
    for cell, region, rule, events in events_of_cells(overlap, lesions):
        points = operating_points(events, np.ones((1, len(events))))
        part = pd.DataFrame(dict(zip(CURVE[5:], map(np.ravel, points), strict=True)))
        part[CURVE[:5]] = [*format_cell(cell), region, rule]
        parts.append(part[CURVE])
    return pd.concat(parts, ignore_index=True)


def events_of_cells(overlap, lesions):
    """Yield (cell, region, rule, events) in order of cells."""
    for cell in sorted(overlap):
        for region in REGIONS:
            for rule in RULES:
                yield cell, region, rule, events_of(overlap[cell], lesions[cell], region, rule)


def _rates(values, of):
    """Return `values` [B, S] divided by `of` [B], NaN where it is 0."""
    return ratio(values, np.broadcast_to(of[:, None], values.shape))
