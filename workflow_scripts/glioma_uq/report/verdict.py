"""Verdict on whether the networks have learned: if not, their uncertainty means little."""

from dataclasses import dataclass

import numpy as np

LEAST_DICE = 0.60  # mean over test cases; below it a network does not find the tumour
GUESSING = 0.5  # AUC of random guesses
LEAST_ENHANCING_DICE = 0.30  # over cases with enhancing tumour; below it few are found
TASKS_TO_LEARN = {"idh": "IDH", "1p19q": "1p/19q"}
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Check:
    """One criterion that a trained network should meet."""

    what: str
    found: str
    required: str
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """Whether the networks have learned: a sentence, and its checks."""

    learned: bool
    sentence: str
    checks: list


def learned(classification=None, segmentation=None, overlap=None):
    """Return the Verdict on the networks of the long tables, each None if a study has none.

    They have learned when the mean Dice is at least 0.60 at every dropout rate, and when the
    intervals of the AUC of IDH and 1p/19q lie above 0.5 at the smallest rate. In a study of
    subregions, whose cohort may have only small tumours, the mean Dice is that of enhancing
    tumour over the cases that have it, and at least 0.30. All are taken at the most passes. A
    missing value fails.
    """
    checks = []
    if overlap is not None:
        checks += _check_enhancing(overlap)
    elif segmentation is not None:
        checks += _check_dice(segmentation)
    checks += [] if classification is None else _check_auc(classification)
    return Verdict(all(check.passed for check in checks), _sentence(checks), checks)


def at_most_passes(table):
    """Return, for each network and rate, the rows with the most passes."""
    most = table.groupby(["network", "rate"])["passes"].transform("max")
    return table[table["passes"] == most]


def _check_dice(segmentation):
    """Yield one check for each network and rate."""
    rows = at_most_passes(segmentation[segmentation["measure"] == "dice"])
    for row in rows.sort_values(["network", "rate"]).itertuples():
        yield Check(
            f"mean Dice of {row.network} at rate {row.rate:.2f}",
            number(row.value),
            f"at least {LEAST_DICE:.2f}",
            bool(row.value >= LEAST_DICE),
        )


def _check_enhancing(overlap):
    """Yield one check for each network and rate, on enhancing tumour without a rule."""
    mine = (overlap["task"] == "et") & (overlap["rule"] == "none") & (overlap["measure"] == "dice")
    for (network, rate), rows in at_most_passes(overlap[mine]).groupby(["network", "rate"]):
        dice = mean_of_nonempty(rows.set_index("group")[["value", "n"]])
        yield Check(
            f"mean Dice of enhancing tumour, cases with it, of {network} at rate {rate:.2f}",
            number(dice),
            f"at least {LEAST_ENHANCING_DICE:.2f}",
            bool(dice >= LEAST_ENHANCING_DICE),
        )


def mean_of_nonempty(groups):
    """Return the mean over the cases of group `all` that are not in `empty`; NaN if there are none.

    `groups` has the columns value and n, by group; all cases have equally many seeds.
    """
    (whole, n), (without, n_without) = (
        tuple(groups.loc[g]) if g in groups.index else (0.0, 0) for g in ("all", "empty")
    )
    total = n * whole - (n_without * without if n_without else 0)
    return float(total / (n - n_without)) if n > n_without else np.nan


def _check_auc(classification):
    """Yield one check for each network and task, at the smallest rate of the network."""
    rows = at_most_passes(classification[classification["measure"] == "auc"])
    smallest = rows[rows["rate"] == rows.groupby("network")["rate"].transform("min")]
    for network in smallest["network"].unique():
        for task, name in TASKS_TO_LEARN.items():
            found = smallest[(smallest["network"] == network) & (smallest["task"] == task)]
            row = found.iloc[0] if len(found) else dict.fromkeys(("value", "low", "high"), np.nan)
            yield Check(
                f"AUC of {name} of {network} at rate {smallest['rate'].min():.2f}",
                with_interval(row["value"], row["low"], row["high"]),
                f"interval above {GUESSING}",
                bool(row["low"] > GUESSING),
            )


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
    """Return a number with `digits` decimals and a true minus, or "not measured"."""
    return "not measured" if np.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def with_interval(value, low, high, digits=2):
    """Return "0.81 (0.74 to 0.88)", or "0.81 (no interval)"."""
    if np.isnan(value) and np.isnan(low):
        return "not measured"
    if np.isnan(value):
        return f"{number(low, digits)} to {number(high, digits)}"
    if np.isnan(low) or np.isnan(high):
        return f"{number(value, digits)} (no interval)"
    return f"{number(value, digits)} ({number(low, digits)} to {number(high, digits)})"


def p_value(p):
    """Return a p value with two significant digits, in scientific notation below 0.001."""
    if np.isnan(p):
        return "not measured"
    if p >= 0.001:
        return f"{p:.2g}" if p < 0.0995 else f"{p:.2f}"
    mantissa, power = f"{p:.1e}".split("e")
    return f"{mantissa} × 10{str(int(power)).translate(SUPERSCRIPT)}"
