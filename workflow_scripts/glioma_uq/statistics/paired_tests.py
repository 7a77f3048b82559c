"""Do two networks differ in overlap? Differences paired by case, and Wilcoxon with Holm.

A family of tests, within which Holm's correction holds, is one measure of one region under one
rule at one cell: all networks and groups of cases. Groups are nested, so Holm is conservative.
"""

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from glioma_uq.errors import BadInput
from glioma_uq.grid import format_rate
from glioma_uq.statistics.long_tables import difference, numbers
from glioma_uq.statistics.overlap_groups import MEASURES, from_reference, parts_of, resample_groups
from glioma_uq.statistics.rank_tests import holm

COLUMNS = ["network", "reference", "rate", "passes", "task", "group", "rule", "measure",
           "difference", "low", "high", "n", "n_different", "p", "p_holm", "reason"]  # fmt: skip
FAMILY = ["rate", "passes", "task", "rule", "measure"]
OF_RULES = "et500 - none"


def signed_rank(differences):
    """Return (p, number of pairs that differ) of the two-sided Wilcoxon signed-rank test.

    `differences` is [N]. Equal pairs drop out (Wilcoxon 1945); scipy's exact distribution for few
    pairs without ties, else the normal one. p is 1 if no pair differs and NaN without pairs.
    """
    differences = np.asarray(differences, dtype=float)
    different = np.count_nonzero(differences)
    if different == 0:
        return (1.0 if len(differences) else np.nan), 0
    return float(wilcoxon(differences, zero_method="wilcox").pvalue), different


def compare_networks(tables, reference, *, resamples, level, interval, rng):
    """Return the table of each network minus `reference`, and of each network's rules; `COLUMNS`.

    difference = mean of the network - mean of the reference, at the same rate and passes over
    the same cases; with several seeds the test takes each case's mean over seeds. Rows of the
    rule `et500 - none` compare each network with and without the rule.

    Args:
        tables: {cell: table of overlap}.
        reference: name of the network that the others are compared with.
    """
    check_same_cases(tables, reference)
    placed = resample_groups(tables, resamples=resamples, interval=interval, rng=rng)
    values = case_values(tables)
    rows = []
    for drawn, (group, rule) in from_reference(placed, reference):
        cell, name = drawn.cell, (group, rule, drawn.task, drawn.measure)
        pair = values[cell, *name] - values[cell._replace(network=reference), *name]
        rows.append(_row(drawn, reference, group, rule, pair, level, interval))
    for drawn, group in between_rules(placed):
        with_rule, without = (
            values[drawn.cell, group, rule, drawn.task, drawn.measure] for rule in ("et500", "none")
        )
        pair = with_rule - without
        rows.append(_row(drawn, drawn.cell.network, group, OF_RULES, pair, level, interval))
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "p_holm"])
    table["p_holm"] = table.groupby(FAMILY)["p"].transform(holm)
    return table[COLUMNS]


def between_rules(placed):
    """Yield (`BootstrapResult` of et500 minus none, group) of the enhancing tumour."""
    without = {(p.drawn.cell, p.drawn.task, p.drawn.measure, p.place): p.drawn for p in placed}
    for drawn, (group, rule) in placed:
        if rule == "et500" and drawn.task == "et":
            partner = without[drawn.cell, drawn.task, drawn.measure, (group, "none")]
            yield difference(drawn, partner), group


def case_values(tables):
    """Return {(cell, group, rule, region, measure): mean over seeds, a Series by case}."""
    return {
        (cell, *place, region, measure): values
        for cell, table in tables.items()
        for place, region, rows in parts_of(table)
        for measure, values in rows.groupby("case")[list(MEASURES)].mean().items()
    }


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


def _row(drawn, reference, group, rule, pair, level, interval):
    task, measure, value, low, high, n, reason = numbers(drawn, level, interval)
    p, different = signed_rank(pair.dropna())
    cell = (drawn.cell.network, reference, format_rate(drawn.cell.rate), drawn.cell.passes)
    return (*cell, task, group, rule, measure, value, low, high, n, different, p, reason)
