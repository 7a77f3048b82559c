"""The measures of all cells of a grid, each with its interval, as long tables.

All cells share one matrix of resamples of the study's patients and networks, so that differences
between cells are paired. A function of measures takes rows of a cell's table and weights [B, rows],
and yields (task, measure, replicates [B], n): the `Count` of the cases.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.grid import ALL_SEEDS, format_cell, format_rate
from glioma_uq.predictions import Cell, cell_of
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.intervals import interval as interval_of
from glioma_uq.statistics.patients import Count, count_cases
from glioma_uq.statistics.ranges import EVERYTHING, range_of
from glioma_uq.tables import read_table

NUMBERS = ["task", "measure", "value", "low", "high", "n", "given", "reason"]
CELL = ["network", "rate", "passes"]
COLUMNS = [*CELL, *NUMBERS]
SUBGROUP_COLUMNS = [*CELL, "subgroup", "member", *NUMBERS]
DIFFERENCE_COLUMNS = ["network", "rate", "reference_rate", "passes", *NUMBERS]
THESE_NETWORKS = "these networks"
WITHOUT_ESTIMATE = {"ece_null"}  # a distribution under chance: always percentiles
# Resampling inflates them: all resamples lie above the value, which bca cannot correct.
INFLATED = {"ece", "ece_equal_mass", "ece_debiased", "brier_reliability", "brier_resolution"}


class BootstrapResult(NamedTuple):
    """A measure of one cell: its plain value, then its resamples; its jackknife.

    The jackknife is the measure without each patient, then without each network; `strata` says
    which is which, as in `Resamples`. `place` holds the values of a long table's further columns,
    such as the group of cases; `given` is `THESE_NETWORKS` where resamples do not vary the
    networks, see `given_networks`; `bounds` is the range of the measure.
    """

    cell: Cell
    task: str
    measure: str
    replicates: np.ndarray
    jackknife: np.ndarray | None
    n: Count
    place: tuple = ()
    given: str = ""
    strata: np.ndarray | None = None
    bounds: tuple = EVERYTHING

    @property
    def key(self):
        """What tells it apart from the other results of a study."""
        return self.cell, self.task, self.measure, self.place


def read_cells(paths):
    """Return {cell: table} of the cells at `paths`."""
    return {cell_of(path): read_table(path) for path in paths}


def given_networks(tables):
    """Return whether intervals over {cell: table} hold for these networks only, not for others.

    True where a cell has fewer than two seeds of training, or is an ensemble, which contains all
    seeds: then nothing tells how results differ between trainings. A table without rows, of a
    group that no case is in, has no interval and tells nothing.
    """
    filled = [table for table in tables.values() if len(table)]
    return any("seed" not in table or table["seed"].nunique() < 2 for table in filled)


def measure_known(table, weights, task, name, measure, *columns):
    """Return (task, name, replicates [B], `Count`) over the rows where all `columns` are known."""
    known = np.logical_and.reduce([pd.notna(column) for column in columns])
    values = [column.to_numpy(dtype=float)[known] for column in columns]
    return task, name, measure(*values, weights[:, known]), count_cases(table[known])


def resample_measures(tables, measures, *, resamples, interval, rng):
    """Return the `BootstrapResult`s of `measures(table, weights)` over {cell: table}, by cell."""
    drawn = draw_resamples(tables.items(), resamples, rng)
    return [
        found
        for cell, table in sorted(tables.items())
        for found in resample_cell(cell, table, measures, drawn, interval)
    ]


def resample_cell(cell, table, measures, resamples, interval, place=()):
    """Return the `BootstrapResult`s of rows of one cell's table under the study's `Resamples`.

    The jackknife is left out for kinds of `interval` that do not need it.
    """
    found = list(measures(table, resamples.of(cell, table)))
    left_out = [None] * len(found)
    if interval in CORRECTED:
        weights = resamples.left_out().of(cell, table)
        left_out = [values for _, _, values, _ in measures(table, weights)]
    given, strata = THESE_NETWORKS if given_networks({cell: table}) else "", resamples.strata
    return [
        BootstrapResult(
            cell, task, measure, replicates, left, n, place, given, strata, range_of(measure, task)
        )
        for (task, measure, replicates, n), left in zip(found, left_out, strict=True)
    ]


def measure_cells(paths, measures, **options):
    """Return the long table of `measures(table, weights)` over the cells at `paths`.

    Options are those of `measure_tables`. Rows are sorted by network, rate and passes. Columns are
    `COLUMNS`; `reason` says why a row has no interval.
    """
    return measure_tables(read_cells(paths), measures, **options)


def measure_tables(tables, measures, *, resamples, level, interval, rng):
    """Return the same long table for {cell: table}."""
    results = resample_measures(tables, measures, resamples=resamples, interval=interval, rng=rng)
    return long_table(results, level=level, interval=interval)


def compare_rates(paths, measures, *, reference_rate, resamples, level, interval, rng):
    """Return the differences of each cell's measures from those at `reference_rate`.

    value = this rate - reference, at equal network and passes, paired by patient. Columns are
    `DIFFERENCE_COLUMNS`. Raises BadInput if a cell has no partner at the reference rate.
    """
    tables = read_cells(paths)
    for cell in tables:
        if cell._replace(rate=reference_rate) not in tables:
            raise BadInput(
                f"expected a cell at the reference rate {reference_rate:.2f} for {cell}, found "
                "none; name a rate of the study"
            )
    results = resample_measures(tables, measures, resamples=resamples, interval=interval, rng=rng)
    estimates = [result for result in results if result.measure not in WITHOUT_ESTIMATE]
    compared = from_reference(estimates, rate=reference_rate)
    table = long_table(compared, level=level, interval=interval)
    return table.assign(reference_rate=format_rate(reference_rate))[DIFFERENCE_COLUMNS]


def measure_seeds(paths, measures, *, resamples, level, interval, rng):
    """Return the measures of each seed of training, and of all, given these networks.

    Columns are `COLUMNS` and `seed`, before the reason. In rows of the seed "all" patients are
    resampled and networks are not, unlike in `measure_cells`. An ensemble of all seeds is left out.
    `rng` is a function that returns the generator of the study's resamples, which are the same for
    every seed.
    """
    tables, results = read_cells(paths), []
    tables = {cell: table for cell, table in tables.items() if table["seed"].nunique() > 1}
    seeds = sorted({seed for table in tables.values() for seed in table["seed"]})
    for seed in [*seeds, ALL_SEEDS] if seeds else []:
        mine = {
            cell: table.assign(seed=seed) if seed == ALL_SEEDS else table[table["seed"] == seed]
            for cell, table in tables.items()
        }
        found = resample_measures(mine, measures, resamples=resamples, interval=interval, rng=rng())
        results += [result._replace(place=(seed,)) for result in found]
    return long_table(results, ["seed"], level=level, interval=interval)


def measure_subgroups(paths, measures, groups, *, resamples, level, interval, rng):
    """Return the measures of each subgroup of cases in the cells at `paths`.

    `groups` is {subgroup: Series of each case's member, by case} from `subgroups`. Cases with
    the member "", or missing from a series, are left out. Columns are `SUBGROUP_COLUMNS`.
    """
    tables = read_cells(paths)
    drawn = draw_resamples(tables.items(), resamples, rng)
    results = []
    for cell, table in sorted(tables.items()):
        for subgroup, member_of in groups.items():
            members = table["case"].astype(str).map(member_of).replace("", np.nan)
            for member, part in table.groupby(members):
                place = (subgroup, member)
                results += resample_cell(cell, part, measures, drawn, interval, place)
    table = long_table(results, ["subgroup", "member"], level=level, interval=interval)
    return table[SUBGROUP_COLUMNS]


def long_table(results, columns=(), *, level, interval):
    """Return the long table of `results`: `COLUMNS`, with `columns` of place before the reason."""
    rows = [(*format_cell(r.cell), *numbers(r, level, interval), *r.place) for r in results]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *columns])
    return table[[*COLUMNS[:-1], *columns, COLUMNS[-1]]]


def grouped_table(resample, tables, columns, *, resamples, level, interval, rng):
    """Return the `long_table` of what `resample` returns for {cell: table}."""
    results = resample(tables, resamples=resamples, interval=interval, rng=rng)
    return long_table(results, columns, level=level, interval=interval)


def from_reference(results, **reference):
    """Return each result minus its partner in the cell with this network or rate; see `partners`.

    Partners have the same task, measure, place and rest of the cell.
    """
    found = partners(results, lambda r: r._replace(cell=r.cell._replace(**reference)))
    return [difference(one, other) for one, other in found]


def partners(results, named_as):
    """Yield (result, partner); results without a partner and partners themselves are left out.

    The partner is that of `results` with the key of `named_as(result)`.
    """
    by_key = {result.key: result for result in results}
    for result in results:
        partner = by_key.get(named_as(result).key, result)
        if partner is not result:
            yield result, partner


def difference(one, other):
    """Return the `BootstrapResult` of `one` minus `other` in each resample; n is the smaller."""
    left = None if one.jackknife is None else one.jackknife - other.jackknife
    return one._replace(
        replicates=one.replicates - other.replicates,
        jackknife=left,
        n=min(one.n, other.n),
        given=one.given or other.given,
        bounds=tuple(np.subtract(one.bounds, one.bounds[::-1])),
    )


def numbers(result, level, interval):
    """Return (task, measure, value, low, high, n, given, reason) of a `BootstrapResult`."""
    value, low, high, reason = interval_of(
        result.replicates,
        level,
        "percentile" if result.measure in WITHOUT_ESTIMATE else interval,
        result.jackknife,
        result.n,
        strata=result.strata,
        bounds=result.bounds,
        is_inflated=result.measure in INFLATED,
    )
    return result.task, result.measure, value, low, high, result.n, result.given, reason


def concat_nonempty(parts):
    """Concatenate long tables of the same columns, without empty ones, which have no types."""
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def plain_values(paths, measures):
    """Return the long table, without intervals, of `measures(table, weights)` over `paths`."""
    rows = [
        (*cell, task, measure, values[0], n)
        for cell, table in sorted(read_cells(paths).items())
        for task, measure, values, n in measures(table, np.ones((1, len(table))))
    ]
    return pd.DataFrame(rows, columns=[*CELL, *NUMBERS[:3], "n"])
