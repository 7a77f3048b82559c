"""The predictions of one grid cell, and the import of other models' tables of predictions."""

import re
from collections import Counter
from os.path import isfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.case_names import check_no_twins
from glioma_uq.configuration.validation import columns_named, faults_of_columns, refuse
from glioma_uq.errors import BadInput
from glioma_uq.label_values import read_labels_of
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.text_tables import (
    BLANK,
    check_column,
    check_ids,
    number_of,
    read_text_table,
    select_rows,
)
from glioma_uq.texts import checked_id, checked_text
from glioma_uq.uncertainty import AS_GIVEN, UNCERTAINTY_COMPONENTS, entropy

# How far a sum of probabilities may be from 1: less than any rounding in print makes of it.
ROW_SUM_TOLERANCE = 1e-3
FEWEST_DECIMALS = 2  # probabilities of one decimal are too coarse to tell them from scores
FLOAT_ROUNDING = 1e-9  # .499 + .5 is further from 1 than .001, in floating point
PARTS = {"total": "predictive"}  # a config's names of uncertainties that are not a table's
CELL_PATH = re.compile(r"([^/]+)/dropout-(\d\.\d\d)/passes-(\d{3,})/[^/]+$")


class Cell(NamedTuple):
    """One point of the grid: a network, its dropout rate and the number of passes T."""

    network: str
    rate: float
    passes: int


def cell_of(path):
    """Return the cell that a path names.

    >>> cell_of("results/studies/a/csnet/dropout-0.25/passes-030/classification.csv")
    Cell(network='csnet', rate=0.25, passes=30)
    """
    found = CELL_PATH.search(str(path))
    if not found:
        raise BadInput(
            f"expected a path that ends in network/dropout-0.25/passes-030/table.csv, found {path};"
            " keep the tables of the cells where the pipeline writes them"
        )
    network, rate, passes = found.groups()
    return Cell(network, float(rate), int(passes))


def known_rows(table, task):
    """Return the rows of `table` with a known label, its class index [n], probabilities [n, C].

    Raises BadInput for a label outside the task's coding or a probability that is not finite.
    """
    classes = np.array(TASKS[task])
    known = table[table[f"{task}_label"] != UNKNOWN]
    labels = known[f"{task}_label"].to_numpy()
    probabilities = known[[f"{task}_probability_{c}" for c in classes]].to_numpy(dtype=float)
    invalid = ~np.isin(labels, classes) | ~np.isfinite(probabilities).all(axis=1)
    if invalid.any():
        case = known["case"].to_numpy()[invalid][0]
        raise BadInput(
            f"expected the {task} label among {[UNKNOWN, *classes.tolist()]} and finite "
            f"probabilities, found others in case {case}; correct that case or exclude it"
        )
    return known, np.searchsorted(classes, labels), probabilities


def import_predictions(path, columns, sheet=None, only=None):
    """Return a model's table at `path` as the classification table of a cell.

    A task that is left out is unknown for every case. Probabilities are divided by their sum.
    The total uncertainty is their entropy in nats, and its parts are unknown, unless the table
    has uncertainties of the model's own: these are taken as they are, and {task}_unit says so.

    Args:
        path: CSV, TSV or a workbook of Excel.
        columns: the table's columns: case, optionally patient and source, and for each task
            {label, probabilities: one column for each class, in order}, optionally `values` as
            of `label_values` and uncertainty: {total}, or with aleatoric or epistemic.
        sheet: name or number of a workbook's sheet, None for the first.
        only: {column: texts}; rows with another text in the column are ignored.

    Raises BadInput for an invalid table.
    """
    refuse(faults_of_columns(columns))
    path = Path(path)
    rows = _read_rows(path, columns, sheet, only or {})
    cases = [row[columns["case"]] for row in rows]
    tasks = {task: columns[task] for task in TASKS if task in columns}
    named = {task: [tasks[task]["label"]] if task in tasks else [] for task in TASKS}
    values = {task: tasks[task].get("values") for task in tasks}
    labels = read_labels_of(rows, named, values, path, "predictions.columns.{}.values")
    first = {"case": cases}
    if "patient" in columns:
        first["patient"] = [row[columns["patient"]] for row in rows]
    first["source"] = [row[columns["source"]] if "source" in columns else "" for row in rows]
    first |= {"fold": 0, "seed": 0}  # ASSUME: a published table holds one model's predictions
    of_tasks = [_task(rows, task, tasks.get(task), labels[task], cases) for task in TASKS]
    cells = pd.concat([pd.DataFrame(first), *of_tasks], axis=1)
    _check_biology(cells, path)
    return cells.sort_values("case", ignore_index=True)


def _read_rows(path, columns, sheet, only):
    """Return the rows of the table; raise BadInput for a missing column or a repeated case."""
    if not isfile(path):
        raise BadInput(f"expected a table of predictions at {path}, found no file; fix the path")
    header, rows = read_text_table(path, sheet)
    if not rows:
        raise BadInput(f"expected one row for each case in {path}, found none; add the predictions")
    for column in (*columns_named(columns), *only):
        check_column(column, header, path, "predictions.columns")
    rows = select_rows(rows, only, path, "predictions.only")
    checks = {"case": checked_id, "patient": checked_id, "source": checked_text}
    for name, check in checks.items():
        column = columns.get(name)
        if column and check is checked_id:
            check_ids(rows, column, path, BLANK if name == "patient" else ("",))
        for row in rows if column else ():
            row[column] = check(row[column], column, path)
    for column in filter(None, (columns["case"], columns.get("patient"))):
        check_no_twins({row[column]: None for row in rows}, path)
    case, times = Counter(row[columns["case"]] for row in rows).most_common(1)[0]
    if times > 1:
        raise BadInput(
            f"expected one row for each case in {path}, found {times} of {case}; keep one"
        )
    return rows


def _task(rows, task, named, labels, cases):
    """Return the columns of one task: label, normalised probabilities, uncertainties.

    `named` are its columns in the table, None for a task that the model does not predict.
    """
    classes = TASKS[task]
    probabilities = np.full((len(rows), len(classes)), np.nan)
    if named:
        probabilities = _probabilities(rows, task, named["probabilities"], cases)
    columns = {f"{task}_label": labels}
    columns |= {f"{task}_probability_{c}": probabilities[:, i] for i, c in enumerate(classes)}
    uncertainties = dict.fromkeys(UNCERTAINTY_COMPONENTS, np.nan)
    uncertainties["predictive"] = entropy(probabilities)
    given = (named or {}).get("uncertainty") or {}
    for part, name in given.items():
        what = f"the {part} uncertainty of {task}"
        uncertainties[PARTS.get(part, part)] = [
            _number(row[name], what, case) for row, case in zip(rows, cases, strict=True)
        ]
    columns |= {f"{task}_{part}": values for part, values in uncertainties.items()}
    if given:
        columns[f"{task}_unit"] = AS_GIVEN
    return pd.DataFrame(columns)


def _number(text, what, case):
    """Return the number that a field of a case is; raise BadInput if it is none."""
    number = number_of(text)
    if number is None:
        raise BadInput(
            f'expected a number as {what}, found "{text}" in case {case}; correct or remove it'
        )
    return number


def _probabilities(rows, task, names, cases):
    """Return the probabilities [N, C] of one task, divided by their row sums."""
    numbers = np.array(
        [
            [_number(row[name], f"each {task} probability", case) for name in names]
            for row, case in zip(rows, cases, strict=True)
        ]
    )
    negative = (numbers < 0).any(axis=1)
    if negative.any():
        found = np.argmax(negative)
        raise BadInput(
            f"expected {task} probabilities from 0 to 1, found {numbers[found].min():g} in case "
            f"{cases[found]}; correct or remove that row"
        )
    sums = numbers.sum(axis=1)
    tolerance = tolerance_of([row[name] for row in rows for name in names], len(names))
    off = ~(np.abs(sums - 1) <= tolerance + FLOAT_ROUNDING)
    if off.any():
        found = np.argmax(off)
        raise BadInput(
            f"expected {task} probabilities that sum to 1 within {tolerance:.2g}, found "
            f"{sums[found]:.6g} in case {cases[found]}; give probabilities, not scores"
        )
    return numbers / sums[:, None]


def tolerance_of(texts, classes):
    """Return how far a sum of so many probabilities may be from 1 where they are rounded in print.

    `texts`: of all of them; each is off by at most half a unit of the last decimal.

    >>> tolerance_of(["0.123", "0.456", "0.42"], 3)
    0.0015
    """
    rounding = classes * 0.5 * 10.0 ** -max(*map(decimals_of, texts), FEWEST_DECIMALS)
    return round(max(rounding, ROW_SUM_TOLERANCE), 9)


def decimals_of(number):
    """Return the decimals of a number's text, which may have an exponent of any size.

    >>> decimals_of("0,50"), decimals_of("1.5e-3"), decimals_of("2E2")
    (2.0, 4.0, -2.0)
    """
    digits, _, exponent = number.lower().replace(",", ".").partition("e")
    return len(digits.partition(".")[2]) - float(exponent or 0)


def _check_biology(cells, path):
    """Raise BadInput for a co-deletion without IDH mutation, excluded by the WHO classification."""
    invalid = cells.loc[(cells["1p19q_label"] == 1) & (cells["idh_label"] == 0), "case"]
    if len(invalid):
        raise BadInput(
            f"expected 1p19q co-deletion only with IDH mutation in {path}, found it with IDH "
            f"wildtype in case {invalid.iloc[0]}; correct its labels or write {UNKNOWN}"
        )
