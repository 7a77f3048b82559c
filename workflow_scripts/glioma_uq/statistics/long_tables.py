"""The measures of all cells of a grid, each with its interval, as long tables.

All cells share one matrix of resamples of the study's cases, so that differences between
cells are paired.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.predictions import Cell, cell_of
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.tables import read_table

NUMBERS = ["task", "measure", "value", "low", "high", "n", "reason"]
COLUMNS = ["network", "rate", "passes", *NUMBERS]
SUBGROUP_COLUMNS = ["network", "rate", "passes", "subgroup", "member", *NUMBERS]
DIFFERENCE_COLUMNS = ["network", "rate", "reference_rate", "passes", *NUMBERS]
WITHOUT_ESTIMATE = {"ece_null"}  # a distribution under chance: always percentiles
# Resampling inflates them: all resamples lie above the value, which bca cannot correct.
INFLATED = {"ece", "ece_equal_mass", "ece_debiased", "brier_reliability", "brier_resolution"}


class BootstrapResult(NamedTuple):
    """A measure of one cell: its plain value, then its resamples; the same without each case."""

    cell: Cell
    task: str
    measure: str
    replicates: np.ndarray
    jackknife: np.ndarray | None
    n: int


def read_cells(paths):
    """Return {cell: table} of the cells at `paths`."""
    return {cell_of(path): read_table(path) for path in paths}


def resample_measures(tables, measures, *, resamples, rng, jackknife=False):
    """Return the `BootstrapResult`s of `measures(table, weights)` over {cell: table}, by cell.

    `jackknife` also leaves out each case in turn, which bca and expanded intervals need.
    """
    drawn = draw_resamples(tables.values(), resamples, rng)
    return [
        found
        for cell, table in sorted(tables.items(), key=lambda pair: pair[0])
        for found in resample_cell(cell, table, measures, drawn, jackknife)
    ]


def resample_cell(cell, table, measures, resamples, jackknife=False):
    """Return the `BootstrapResult` of one cell's table under the study's `Resamples`."""
    found = list(measures(table, resamples.of(table)))
    left_out = [None] * len(found)
    if jackknife:
        without = measures(table, resamples.without_one(table))
        left_out = [values for _, _, values, _ in without]
    return [
        BootstrapResult(cell, task, measure, replicates, left, n)
        for (task, measure, replicates, n), left in zip(found, left_out, strict=True)
    ]


def measure_cells(paths, measures, *, resamples, level, interval, rng):
    """Return the long table of `measures(table, weights)` over the cells at `paths`.

    Rows are sorted by network, rate and passes. Columns are `COLUMNS`; `reason` says why a row
    has no interval.
    """
    tables = read_cells(paths)
    options = {"resamples": resamples, "level": level, "interval": interval, "rng": rng}
    return measure_tables(tables, measures, **options)


def measure_tables(tables, measures, *, resamples, level, interval, rng):
    """Return the same long table for {cell: table}."""
    drawn = resample_measures(
        tables, measures, resamples=resamples, rng=rng, jackknife=interval in CORRECTED
    )
    rows = [(*_name(d.cell), *numbers(d, level, interval)) for d in drawn]
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_rates(paths, measures, *, reference_rate, resamples, level, interval, rng):
    """Return the differences of each cell's measures from those at `reference_rate`.

    value = this rate - reference, at equal network and passes, paired by case. Columns are
    `DIFFERENCE_COLUMNS`. Raises BadInput if a cell has no partner at the reference rate.
    """
    tables = read_cells(paths)
    drawn = resample_measures(
        tables, measures, resamples=resamples, rng=rng, jackknife=interval in CORRECTED
    )
    by_name = {(d.cell, d.task, d.measure): d for d in drawn}
    rows = []
    for d in drawn:
        partner = (d.cell._replace(rate=reference_rate), d.task, d.measure)
        if partner not in by_name:
            raise BadInput(
                f"expected a cell at the reference rate {reference_rate:.2f} for {d.cell}, found "
                "none; name a rate of the study"
            )
        if d.cell.rate == reference_rate or d.measure in WITHOUT_ESTIMATE:
            continue
        name = (d.cell.network, f"{d.cell.rate:.2f}", f"{reference_rate:.2f}", d.cell.passes)
        rows.append((*name, *numbers(difference(d, by_name[partner]), level, interval)))
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def measure_subgroups(paths, measures, groups, *, resamples, level, interval, rng):
    """Return the measures of each subgroup of cases in the cells at `paths`.

    `groups` is {subgroup: Series of each case's member, by case} from `subgroups`. Cases with
    the member "", or missing from a series, are left out. Columns are `SUBGROUP_COLUMNS`.
    """
    tables = read_cells(paths)
    drawn = draw_resamples(tables.values(), resamples, rng)
    rows = []
    for cell, table in sorted(tables.items(), key=lambda pair: pair[0]):
        for subgroup, member_of in groups.items():
            members = table["case"].astype(str).map(member_of).replace("", np.nan)
            for member, part in table.groupby(members):
                for d in resample_cell(cell, part, measures, drawn, interval in CORRECTED):
                    name = (*_name(cell), subgroup, member)
                    rows.append((*name, *numbers(d, level, interval)))
    return pd.DataFrame(rows, columns=SUBGROUP_COLUMNS)


def difference(one, other):
    """Return the `BootstrapResult` of `one` minus `other` in each resample; n is the smaller."""
    left = None if one.jackknife is None else one.jackknife - other.jackknife
    return one._replace(
        replicates=one.replicates - other.replicates, jackknife=left, n=min(one.n, other.n)
    )


def numbers(drawn, level, interval):
    """Return (task, measure, value, low, high, n, reason) of a `BootstrapResult`."""
    kind = kind_for(drawn.measure, interval)
    value, low, high, reason = interval_of(drawn.replicates, level, kind, drawn.jackknife, drawn.n)
    return drawn.task, drawn.measure, value, low, high, drawn.n, reason


def concat_nonempty(parts):
    """Concatenate long tables of the same columns, without empty ones, which have no types."""
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def kind_for(measure, interval):
    """Return the kind of interval of a measure: `interval`, or another where bca would be wrong."""
    if measure in WITHOUT_ESTIMATE:
        return "percentile"
    return "basic" if measure in INFLATED and interval in CORRECTED else interval


def plain_values(paths, measures):
    """Return the long table, without intervals, of `measures(table, weights)` over `paths`."""
    rows = []
    for path in sorted(paths, key=cell_of):
        table, cell = read_table(path), cell_of(path)
        found = measures(table, np.ones((1, len(table))))
        rows += [(*cell, task, measure, values[0], n) for task, measure, values, n in found]
    return pd.DataFrame(rows, columns=["network", "rate", "passes", *NUMBERS[:3], "n"])


def _name(cell):
    return cell.network, f"{cell.rate:.2f}", cell.passes
