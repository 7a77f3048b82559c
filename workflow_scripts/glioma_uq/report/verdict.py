"""Verdict on whether the networks have learned: if not, their uncertainty means little."""

from typing import NamedTuple

import numpy as np

from glioma_uq.figures.cells import TASK_NAMES
from glioma_uq.figures.words import format_number
from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.long_tables import concat_nonempty

LEAST_DICE = 0.60  # mean over test cases; below it a network does not find the tumour
GUESSING = 0.5  # AUC of random guesses
LEAST_ENHANCING_DICE = 0.30  # over cases with enhancing tumour; below it few are found
TASKS_TO_LEARN = ("idh", "1p19q")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Check(NamedTuple):
    """One criterion that a trained network should meet, in words, and whether it does."""

    what: str
    found: str
    required: str
    passed: bool


class Verdict(NamedTuple):
    """Whether the networks have learned: a sentence, and its checks."""

    learned: bool
    sentence: str
    checks: list


def learned(classification=None, segmentation=None, overlap=None, training=None, by_seed=None):
    """Return the Verdict on the networks of the long tables, each None if a study has none.

    They have learned when the mean Dice is at least 0.60 at every dropout rate, and when the
    intervals of the AUC of IDH and 1p/19q lie above 0.5 at the smallest rate. In a study of
    subregions, whose cohort may have only small tumours, the mean Dice is that of enhancing
    tumour over the cases that have it, and at least 0.30. All are taken at the most passes. With
    several seeds of training the interval of the AUC is given these networks, from the table
    `by_seed`: those of `classification` say what other trainings would do. A missing value fails,
    and so does a network that collapsed in training.
    """
    checks = []
    if training is not None:
        number_of, n = training["collapsed"].sum(), len(training)
        what = "number of networks that collapsed in training"
        checks.append(Check(what, f"{number_of} of {n}", "0", number_of == 0))
    if overlap is not None:
        mine = (overlap["task"] == "et") & (overlap["rule"] == "none")
        for point, rows in at_most_passes(overlap[mine], "dice").groupby(["network", "rate"]):
            dice = mean_of_nonempty(rows.set_index("group")[["value", "n"]])
            what = "mean Dice of enhancing tumour, cases with it,"
            checks.append(_check_dice(what, point, dice, LEAST_ENHANCING_DICE))
    elif segmentation is not None:
        for point, rows in at_most_passes(segmentation, "dice").groupby(["network", "rate"]):
            checks.append(_check_dice("mean Dice", point, rows["value"].iloc[0], LEAST_DICE))
    if classification is not None:
        if by_seed is not None:
            others = ~classification["network"].isin(by_seed["network"])
            all_seeds = by_seed[by_seed["seed"].astype(str) == ALL_SEEDS]
            classification = concat_nonempty([all_seeds, classification[others]])
        for network, rows in at_most_passes(classification, "auc").groupby("network", sort=False):
            smallest = rows[rows["rate"] == rows["rate"].min()].set_index("task")
            unlabelled = smallest.index[smallest["n"] == 0]
            checks += [
                _check_auc(network, task, smallest)
                for task in TASKS_TO_LEARN
                if task not in unlabelled
            ]
    return Verdict(all(check.passed for check in checks), _sentence(checks), checks)


def at_most_passes(table, measure):
    """Return, for each network and rate, the rows of a measure with the most passes."""
    rows = table[table["measure"] == measure]
    return rows[rows["passes"] == rows.groupby(["network", "rate"])["passes"].transform("max")]


def _check_dice(what, point, dice, least):
    network, rate = point
    required = f"at least {least:.2f}"
    return Check(f"{what} of {network} at rate {rate:.2f}", number(dice), required, dice >= least)


def _check_auc(network, task, smallest):
    """Return the check of a task, from the rows of the network's smallest rate by task."""
    found = smallest.reindex([task]).iloc[0]
    return Check(
        f"AUC of {TASK_NAMES[task]} of {network} at rate {smallest['rate'].min():.2f}",
        with_interval(found["value"], found["low"], found["high"]),
        f"interval above {GUESSING}",
        found["low"] > GUESSING,
    )


def mean_of_nonempty(groups):
    """Return the mean over the cases of group `all` that are not in `empty`; NaN if there are none.

    `groups` has the columns value and n, by group; all cases have equally many seeds.
    """
    counted = groups[groups["n"] > 0].reindex(["all", "empty"]).fillna(0.0)
    n, sums = counted["n"], counted["n"] * counted["value"]
    left = n["all"] - n["empty"]
    return (sums["all"] - sums["empty"]) / left if left > 0 else np.nan


def _sentence(checks):
    """Return the verdict in words, with the values of failed checks."""
    failed = [check for check in checks if not check.passed]
    if not checks:
        return "No measure is available to judge the networks."
    if not failed:
        return f"The networks have learned: all {len(checks)} checks below hold."
    reasons = "; ".join(f"{c.what} is {c.found}, expected {c.required}" for c in failed)
    return f"The networks have not learned: {reasons}. Their results say little about the method."


def number(value, digits=2):
    """Return a number with `digits` decimals, or "not measured"."""
    return "not measured" if np.isnan(value) else format_number(value, f".{digits}f")


def with_interval(value, low, high, digits=2):
    """Return "0.81 (0.74 to 0.88)", or "0.81 (no interval)"."""
    value_text, low_text, high_text = (number(end, digits) for end in (value, low, high))
    if np.isnan(value):
        return "not measured" if np.isnan(low) else f"{low_text} to {high_text}"
    if np.isnan(low) or np.isnan(high):
        return f"{value_text} (no interval)"
    return f"{value_text} ({low_text} to {high_text})"


def p_value(p):
    """Return a p value with two significant digits, in scientific notation below 0.001."""
    if np.isnan(p):
        return "not measured"
    if p >= 0.001:
        return f"{p:.2g}" if p < 0.0995 else f"{p:.2f}"
    mantissa, power = f"{p:.1e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(SUPERSCRIPT)}"
