"""The tables of what is fitted on validation cases: probabilities, prediction sets, masks.

`tables` and `validation` are {cell: table} of the same cells, of test and of validation cases.
`rng_of` is a function without arguments that returns the generator of the study's resamples, so
that all parts of a table use the same resamples. `n_validation` is the smallest number of
validation patients that anything behind a row was fitted on. A row whose fit needs more has no
value, and its `reason` says so.
"""

from functools import partial

import numpy as np
import pandas as pd

from glioma_uq.grid import format_cell
from glioma_uq.plurals import counted
from glioma_uq.statistics.conformal import conformal_measures, least_calibrated
from glioma_uq.statistics.long_tables import CELL, NUMBERS, measure_tables
from glioma_uq.statistics.measures import key_measures, labelled_tasks
from glioma_uq.statistics.recalibration import fewest_fitted_on, least_fitted, recalibrate
from glioma_uq.statistics.risk_control import (
    control_masks,
    control_measures,
    fewest_controls,
    least_controlled,
)
from glioma_uq.tasks import TASKS


def recalibration_table(tables, validation, *, methods, ece, rng_of, **intervals):
    """Return the long table of ECE, NLL and Brier score, raw and recalibrated by `methods`."""
    measures = partial(key_measures, ece=ece, uncertainties=False)
    recalibrated = {"raw": tables} | {
        method: {cell: recalibrate(t, validation[cell], method) for cell, t in tables.items()}
        for method in methods
    }
    parts = [
        measure_tables(cells, measures, rng=rng_of(), **intervals).assign(method=method)
        for method, cells in recalibrated.items()
    ]
    table = _with_n_validation(pd.concat(parts, ignore_index=True), tables, validation)
    needed = [least_fitted(*row) for row in zip(table["method"], table["task"], strict=True)]
    table = without_few(table, needed).sort_values(CELL, kind="stable")
    return table[[*CELL, "method", *NUMBERS, "n_validation"]]


def conformal_table(tables, validation, *, alpha, class_conditional, rng_of, **intervals):
    """Return the long table of the measures of `conformal.conformal_measures`."""
    parts = []
    for cell, table in sorted(tables.items()):
        measures = partial(
            conformal_measures,
            validation=validation[cell],
            tasks=labelled_tasks(table),
            alpha=alpha,
            class_conditional=class_conditional,
        )
        parts.append(measure_tables({cell: table}, measures, rng=rng_of(), **intervals))
    table = pd.concat(parts, ignore_index=True)
    table = _with_n_validation(table, tables, validation, by_class=class_conditional)
    table = without_few(table, least_calibrated(alpha))
    table = table.assign(alpha=alpha, class_conditional=class_conditional)
    return table[[*CELL, "alpha", "class_conditional", *NUMBERS, "n_validation"]]


def mask_control_table(tables, validation, *, alpha, rng, **intervals):
    """Return the long table of the measures of `risk_control.control_measures`."""
    masks = {cell: control_masks(table, validation[cell], alpha) for cell, table in tables.items()}
    fewest = {format_cell(cell): fewest_controls(tables[cell], validation[cell]) for cell in tables}
    table = measure_tables(masks, control_measures, rng=rng, **intervals)
    table = table.assign(alpha=alpha, n_validation=_looked_up(fewest, table[CELL]))
    table = without_few(table, least_controlled(alpha))
    return table[[*CELL, "alpha", *NUMBERS, "n_validation"]]


def without_few(table, needed):
    """Return `table` without the values of rows with fewer validation patients than `needed`."""
    table = table.assign(needed=needed)
    few = table["n_validation"] < table["needed"]
    table.loc[few, ["value", "low", "high"]] = np.nan
    table.loc[few, "reason"] = [
        f"{counted(row.n_validation, 'validation patient')} where {row.needed} are needed"
        for row in table[few].itertuples()
    ]
    return table.drop(columns="needed")


def _with_n_validation(table, tables, validation, **options):
    """Return `table` with `n_validation`; options are those of `fewest_fitted_on`."""
    fewest = {
        (*format_cell(cell), task): fewest_fitted_on(
            tables[cell], validation[cell], task, **options
        )
        for cell in tables
        for task in TASKS
    }
    return table.assign(n_validation=_looked_up(fewest, table[[*CELL, "task"]]))


def _looked_up(values, names):
    """Return the value {tuple of names: value} of each row of `names`."""
    return [values[name] for name in names.itertuples(index=False, name=None)]
