"""The tables of what is fitted on validation cases: probabilities, prediction sets, masks.

`tables` and `validation` are {cell: table} of the same cells, of test and of validation cases.
`rng_of` is a function without arguments that returns the generator of the study's resamples, so
that all parts of a table use the same resamples.
"""

from functools import partial

import pandas as pd

from glioma_uq.statistics.conformal import conformal_measures
from glioma_uq.statistics.long_tables import COLUMNS, NUMBERS, measure_tables
from glioma_uq.statistics.measures import key_measures
from glioma_uq.statistics.recalibration import fewest_fitted_on, recalibrate
from glioma_uq.statistics.risk_control import control_masks, control_measures, fewest_controls
from glioma_uq.tasks import TASKS

CELL = COLUMNS[:3]


def recalibration_table(tables, validation, *, methods, ece, rng_of, **intervals):
    """Return the long table of ECE, NLL and Brier score, raw and recalibrated by `methods`."""
    measures = partial(key_measures, ece=ece, uncertainties=False)
    parts = []
    for method in ("raw", *methods):
        recalibrated = tables if method == "raw" else {
            cell: recalibrate(table, validation[cell], method) for cell, table in tables.items()
        }  # fmt: skip
        part = measure_tables(recalibrated, measures, rng=rng_of(), **intervals)
        parts.append(part.assign(method=method))
    table = _with_n_validation(pd.concat(parts, ignore_index=True), tables, validation)
    table = table.sort_values([*CELL], kind="stable")
    return table[[*CELL, "method", *NUMBERS, "n_validation"]]


def conformal_table(tables, validation, *, alpha, class_conditional, rng_of, **intervals):
    """Return the long table of the measures of `conformal.conformal_measures`."""
    parts = []
    for cell, table in sorted(tables.items(), key=lambda pair: pair[0]):
        measures = partial(
            conformal_measures,
            validation=validation[cell],
            tasks=[task for task in TASKS if (table[f"{task}_label"] != -1).any()],
            alpha=alpha,
            class_conditional=class_conditional,
        )
        parts.append(measure_tables({cell: table}, measures, rng=rng_of(), **intervals))
    table = _with_n_validation(pd.concat(parts, ignore_index=True), tables, validation)
    table = table.assign(alpha=alpha, class_conditional=class_conditional)
    return table[[*CELL, "alpha", "class_conditional", *NUMBERS, "n_validation"]]


def mask_control_table(tables, validation, *, alpha, rng, **intervals):
    """Return the long table of the measures of `risk_control.control_measures`."""
    controlled = {
        cell: control_masks(table, validation[cell], alpha) for cell, table in tables.items()
    }
    masks = {cell: table for cell, (table, _) in controlled.items()}
    table = measure_tables(masks, control_measures, rng=rng, **intervals)
    notes = {_name(cell): note for cell, (_, note) in controlled.items()}
    fewest = {_name(cell): fewest_controls(t, validation[cell]) for cell, t in tables.items()}
    names = list(table[CELL].itertuples(index=False, name=None))
    table["n_validation"] = [fewest[name] for name in names]
    table["note"] = [notes[name] for name in names]
    return table.assign(alpha=alpha)[[*CELL, "alpha", *NUMBERS, "n_validation", "note"]]


def _with_n_validation(table, tables, validation):
    """Return `table` with the smallest number of validation cases of a fold."""
    fewest = {
        (*_name(cell), task): fewest_fitted_on(tables[cell], validation[cell], task)
        for cell in tables
        for task in TASKS
    }
    names = table[[*CELL, "task"]].itertuples(index=False, name=None)
    return table.assign(n_validation=[fewest[name] for name in names])


def _name(cell):
    """Return a cell as the columns `CELL` write it."""
    return cell.network, f"{cell.rate:.2f}", cell.passes
