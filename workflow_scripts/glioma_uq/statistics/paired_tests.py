"""Do two networks differ in overlap? Differences paired by patient, and Wilcoxon with Holm.

A family of tests, within which Holm's correction holds, is one measure of one region under one
rule at one cell: all networks and groups of cases. Groups are nested, so Holm is conservative.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata, wilcoxon

from glioma_uq.errors import BadInput
from glioma_uq.statistics.long_tables import difference, long_table, partners
from glioma_uq.statistics.overlap_groups import MEASURES, parts_of, resample_groups
from glioma_uq.statistics.patients import patients_of
from glioma_uq.statistics.rank_tests import holm

COLUMNS = ["network", "reference", "rate", "passes", "task", "group", "rule", "measure",
           "difference", "low", "high", "n", "n_different", "p", "p_holm", "given",
           "reason"]  # fmt: skip
FAMILY = ["rate", "passes", "task", "rule", "measure"]
OF_RULES = "et500 - none"
# Means over S seeds are off by at most (S + 1) eps / 2 of themselves (each value, S - 1 sums and
# the division), so the difference of two equal ones by (S + 1) eps: here up to 31 seeds.
ROUNDING = 32 * np.finfo(float).eps
MOST_EXACT = 50  # pairs, as in scipy


def signed_rank(one, other, patients=None):
    """Return (p, number of pairs that differ) of the two-sided Wilcoxon signed-rank test.

    `one` and `other` are [N]; of a patient's cases (`patients` [N], None: one each) the mean
    difference enters. Pairs are equal within `ROUNDING` of the larger magnitude, and drop out
    (Wilcoxon 1945). p is exact for up to `MOST_EXACT` pairs that differ, with ties or not, and
    scipy's normal approximation beyond. It is 1 if no pair differs and NaN without pairs.
    """
    one, other = (np.asarray(values, dtype=float) for values in (one, other))
    differences = one - other
    bound = ROUNDING * np.maximum(np.abs(one), np.abs(other))
    if patients is not None:
        means = pd.DataFrame([differences, bound]).T.groupby(np.asarray(patients)).mean()
        differences, bound = means.to_numpy().T
    apart = np.abs(differences) > bound
    if not apart.any():
        return (1.0 if len(one) else np.nan), 0
    magnitudes = np.abs(differences[apart])
    order = np.argsort(magnitudes)
    steps = np.diff(magnitudes[order], prepend=0) > bound.max()  # smaller ones are of rounding
    places = np.cumsum(steps)[np.argsort(order)]
    signed = np.sign(differences[apart]) * places
    if len(signed) > MOST_EXACT:
        return float(wilcoxon(signed, method="asymptotic").pvalue), len(signed)
    return exact_signed_rank(signed), len(signed)


def exact_signed_rank(differences):
    """Return the exact p of the two-sided signed-rank test: 2 min(P(R <= r), P(R >= r)), at most 1.

    R is the sum of the ranks of the positive ones of `differences` [n], of which none is 0. Without
    an effect each of the 2^n choices of signs is equally likely. Equal magnitudes share their mean
    rank, so 2 R is an integer; its distribution is the product of those of the pairs.
    """
    doubled = (2 * rankdata(np.abs(differences))).astype(int)
    chances = np.ones(1)  # of 2 R = 0, 1, 2 ...
    for rank in doubled:
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    found = doubled[np.asarray(differences) > 0].sum()
    return float(min(1.0, 2 * min(chances[: found + 1].sum(), chances[found:].sum())))


def compare_networks(tables, reference, *, resamples, level, interval, rng):
    """Return the table of each network minus `reference`, and of each network's rules; `COLUMNS`.

    difference = mean of the network - mean of the reference, at the same rate and passes over
    the same cases; the test takes each patient's mean over cases and seeds, and `n_different`
    counts patients. Rows of the rule `et500 - none` compare each network with and without the rule.
    `tables` is {cell: table of overlap}.
    """
    check_same_cases(tables, reference)
    results = resample_groups(tables, resamples=resamples, interval=interval, rng=rng)
    of_et = [result for result in results if result.task == "et"]
    pairs = [
        *partners(results, lambda r: r._replace(cell=r.cell._replace(network=reference))),
        *partners(of_et, lambda r: r._replace(place=(r.place[0], "none"))),
    ]
    values = {  # means over seeds, a Series by case and patient
        (cell, region, measure, place): values
        for cell, table in tables.items()
        for place, region, rows in parts_of(table.assign(patient=patients_of(table)))
        for measure, values in rows.groupby(["case", "patient"])[list(MEASURES)].mean().items()
    }
    compared = []
    for one, other in pairs:
        group, rule = one.place if one.cell != other.cell else (one.place[0], OF_RULES)
        paired = pd.concat([values[one.key], values[other.key]], axis="columns").dropna()
        test = signed_rank(*paired.to_numpy().T, paired.index.get_level_values("patient"))
        place = (other.cell.network, group, rule, *test)
        compared.append(difference(one, other)._replace(place=place))
    columns = ["reference", "group", "rule", "p", "n_different"]
    table = long_table(compared, columns, level=level, interval=interval)
    table = table.rename(columns={"value": "difference"})
    table["p_holm"] = table.groupby(FAMILY)["p"].transform(holm)
    return table[COLUMNS]


def check_same_cases(tables, reference):
    """Raise BadInput if a network has no partner at its cell, or one with other cases."""
    for cell, table in tables.items():
        partner = tables.get(cell._replace(network=reference))
        if partner is None:
            raise BadInput(
                f"expected the cell of {reference} beside {cell}, found none; name the network "
                "that the others are compared with first in networks"
            )
        apart = set(table["case"]) ^ set(partner["case"])
        if apart:
            raise BadInput(
                f"expected the same cases of {reference} and {cell}, found {min(apart)} in one "
                "of them only; run the study again"
            )
