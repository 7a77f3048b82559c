"""Verdict on whether the networks have learned: if not, their uncertainty means little."""

from typing import NamedTuple

import numpy as np

from glioma_uq.figures.cells import TASK_NAMES
from glioma_uq.figures.words import class_counts, format_number
from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.long_tables import concat_nonempty
from glioma_uq.statistics.patients import patients_of
from glioma_uq.tasks import TASKS

LEAST_DICE = 0.60  # mean over test cases; below it a network does not find the tumour
GUESSING = 0.5  # AUC of random guesses
LEAST_ENHANCING_DICE = 0.30  # over cases with enhancing tumour; below it few are found
# Known labels of each class. By the standard error of Hanley and McNeil (1982) an AUC of .85 lies
# 3.9 of them above guessing with 10 and 10 cases, 2.7 with 5 and 5.
LEAST_LABELS = 10
# Mean probability of tumour outside it. The demo's networks give .01 to .02; a network that has
# not learned the background gave .4.
MOST_BACKGROUND = 0.10
SUBTYPES = ("idh", "1p19q")  # the grade is judged in a study without either
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Check(NamedTuple):
    """One criterion that a trained network should meet, in words, and whether it does."""

    measure: str
    where: str
    found: str
    required: str
    passed: bool | None  # None if it cannot be judged

    @property
    def what(self):
        """The measure and the network and rate at which it is taken."""
        return f"{self.measure} {self.where}".rstrip()


class Verdict(NamedTuple):
    """Whether the networks have learned, None if that cannot be judged; a sentence; the checks."""

    learned: bool | None
    sentence: str
    checks: list


def learned(classification=None, segmentation=None, overlap=None, training=None, by_seed=None,
            labels=None):  # fmt: skip
    """Return the Verdict on the networks of the long tables, each None if a study has none.

    They have learned when the mean Dice is at least 0.60 at every dropout rate, and when the
    intervals of the AUC of IDH and 1p/19q (of the grade, without these) lie above 0.5 at the
    smallest rate. In a study of small tumours, which gives `overlap`, the mean Dice is that of
    enhancing tumour over the cases that have it, and at least 0.30. All are taken at the most
    passes. With several seeds of training the interval of the AUC is given these networks,
    from the table `by_seed`: those of `classification` say what other trainings would do. No
    network may have collapsed in training, or give the voxels outside the tumour a mean probability
    of tumour above 0.10 at any rate.

    `labels` {task: {class: number of tested cases}} are the known ones. A task without any is not
    asked for; one with fewer than 10 of a class, and a measure without a value or an interval,
    cannot be judged. If no Dice and no AUC can, neither can the networks.
    """
    health, skill = [], []
    if training is not None:
        number_of, n = training["collapsed"].sum(), len(training)
        what = "number of networks that collapsed in training"
        health.append(Check(what, "", f"{number_of} of {n}", "0", bool(number_of == 0)))
    if segmentation is not None:
        health += [
            _check_background(network, rows)
            for network, rows in at_most_passes(segmentation, "background_probability").groupby(
                "network", sort=False
            )
        ]
    if overlap is not None:
        mine = (overlap["task"] == "et") & (overlap["rule"] == "none")
        for point, rows in at_most_passes(overlap[mine], "dice").groupby(["network", "rate"]):
            dice = mean_of_nonempty(rows.set_index("group")[["value", "n"]])
            what = "mean Dice of enhancing tumour, cases with it,"
            skill.append(_check_dice(what, point, dice, LEAST_ENHANCING_DICE))
    elif segmentation is not None:
        for point, rows in at_most_passes(segmentation, "dice").groupby(["network", "rate"]):
            skill.append(_check_dice("mean Dice", point, rows["value"].iloc[0], LEAST_DICE))
    if classification is not None:
        if by_seed is not None:
            others = ~classification["network"].isin(by_seed["network"])
            all_seeds = by_seed[by_seed["seed"].astype(str) == ALL_SEEDS]
            classification = concat_nonempty([all_seeds, classification[others]])
        judged = [task for task in SUBTYPES if task in labels] or list(labels)
        for network, rows in at_most_passes(classification, "auc").groupby("network", sort=False):
            smallest = rows[rows["rate"] == rows["rate"].min()].set_index("task")
            skill += [_check_auc(network, task, smallest, labels[task]) for task in judged]
    return _verdict(health, skill)


def known_labels(tested):
    """Return {task: {class: number of patients}} of a cell's table, of the tasks with known labels.

    Patients are counted where the table names them, else cases.
    """
    patients = patients_of(tested)
    counts = {
        task: {label: patients[tested[f"{task}_label"] == label].nunique() for label in classes}
        for task, classes in TASKS.items()
    }
    return {task: of_task for task, of_task in counts.items() if any(of_task.values())}


def at_most_passes(table, measure):
    """Return, for each network and rate, the rows of a measure with the most passes."""
    rows = table[table["measure"] == measure]
    return rows[rows["passes"] == rows.groupby(["network", "rate"])["passes"].transform("max")]


def _check_background(network, rows):
    """Return the check of the rate that gives the background the most probability of tumour."""
    worst = rows.sort_values("value", ascending=False).iloc[0]
    return Check(
        "mean probability of tumour outside it",
        f"of {network} at rate {worst['rate']:.2f}",
        number(worst["value"]),
        f"at most {MOST_BACKGROUND:.2f}",
        None if np.isnan(worst["value"]) else bool(worst["value"] <= MOST_BACKGROUND),
    )


def _check_dice(what, point, dice, least):
    network, rate = point
    required, passed = f"at least {least:.2f}", None if np.isnan(dice) else bool(dice >= least)
    return Check(what, f"of {network} at rate {rate:.2f}", number(dice), required, passed)


def _check_auc(network, task, smallest, counts):
    """Return the check of a task, from the rows of the network's smallest rate by task.

    `counts` {class: number of cases} are those of its known labels.
    """
    row = smallest.reindex([task]).iloc[0]
    found, passed = with_interval(row["value"], row["low"], row["high"]), None
    if min(counts.values()) < LEAST_LABELS:
        few = f"{sum(counts.values())} labels: {class_counts(task, counts)}"
        found = f"{few}; {LEAST_LABELS} of each class are needed"
    elif not np.isnan(row["low"]):
        passed = bool(row["low"] > GUESSING)
    return Check(
        f"AUC of {TASK_NAMES[task]}",
        f"of {network} at rate {smallest['rate'].min():.2f}",
        found,
        f"interval above {GUESSING}",
        passed,
    )


def mean_of_nonempty(groups):
    """Return the mean over the cases of group `all` that are not in `empty`; NaN if there are none.

    `groups` has the columns value and n, by group; all cases have equally many seeds.
    """
    counted = groups[groups["n"] > 0].reindex(["all", "empty"]).fillna(0.0)
    n, sums = counted["n"], counted["n"] * counted["value"]
    left = n["all"] - n["empty"]
    return (sums["all"] - sums["empty"]) / left if left > 0 else np.nan


def _verdict(health, skill):
    """Return the Verdict of checks that learned networks pass, and of those that show it."""
    checks = [*health, *skill]
    failed = [check for check in checks if check.passed is False]
    unjudged = dict.fromkeys(f"{c.measure} ({c.found})" for c in checks if c.passed is None)
    missing = f" Not judged: {'; '.join(unjudged)}." if unjudged else ""
    if failed:
        reasons = "; ".join(f"{c.what} is {c.found}, expected {c.required}" for c in failed)
        doubt = "Their results say little about the method."
        return Verdict(False, f"The networks have not learned: {reasons}. {doubt}{missing}", checks)
    if not any(check.passed for check in skill):
        about = missing or " The study has neither a Dice nor an AUC."
        return Verdict(None, f"Whether the networks have learned cannot be judged.{about}", checks)
    n = sum(check.passed is True for check in checks)
    scope = " as far as this study can tell" if unjudged else ""
    which, those = ("the", "made") if unjudged else ("all", "below")
    holds = f"the check {those} holds" if n == 1 else f"{which} {n} checks {those} hold"
    return Verdict(True, f"The networks have learned{scope}: {holds}.{missing}", checks)


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
