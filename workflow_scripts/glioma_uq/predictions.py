"""The predictions of one grid cell, and the import of other models' tables of predictions."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.configuration.validation import faults_of_columns, refuse
from glioma_uq.errors import BadInput, closest
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.text_tables import check_named_once, read_text_table
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS, entropy

ROW_SUM_TOLERANCE = 1e-3  # largest rounding error of a sum of printed probabilities
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


def import_predictions(path, columns):
    """Return a model's table at `path` as the classification table of a cell.

    `columns` names the table's columns: case, optionally source, and for each task
    {label, probabilities: one column for each class, in order}. A task that is left out is
    unknown for every case. Probabilities are divided by their sum; without Monte Carlo passes
    all uncertainty counts as aleatoric. Raises BadInput for an invalid table.
    """
    refuse(faults_of_columns(columns))
    raw = _read_text(path)
    cells = pd.DataFrame({"case": _cases(raw, columns["case"], path)})
    cells["source"] = _column(raw, columns["source"], path) if "source" in columns else ""
    cells["fold"] = cells["seed"] = 0  # ASSUME: a published table holds one model's predictions
    tasks = [_task(raw, task, columns.get(task), cells["case"], path) for task in TASKS]
    cells = pd.concat([cells, *tasks], axis=1)
    _check_biology(cells, path)
    return cells.sort_values("case", ignore_index=True)


def _read_text(path):
    """Return the CSV at `path` with every field as stripped text."""
    if not Path(path).is_file():
        raise BadInput(f"expected a table of predictions at {path}, found no file; fix the path")
    header, rows = read_text_table(path)
    if not rows:
        raise BadInput(f"expected one row for each case in {path}, found none; add the predictions")
    for column in filter(None, header):
        check_named_once(column, header, path)
    return pd.DataFrame(rows, dtype=str)


def _column(raw, name, path):
    if name in raw.columns:
        return raw[name]
    raise BadInput(
        f'expected a column "{name}" in {path}, found none; {closest(name, raw.columns)}'
    )


def _cases(raw, name, path):
    """Return the ids of the cases; raise BadInput for a missing or repeated one."""
    cases = _column(raw, name, path)
    if (cases == "").any():
        row = int(np.flatnonzero(cases == "")[0]) + 2
        raise BadInput(f"expected an id of the case in line {row} of {path}, found none; add it")
    if cases.duplicated().any():
        case, times = cases.value_counts().index[0], cases.value_counts().iloc[0]
        raise BadInput(
            f"expected one row for each case in {path}, found {times} of {case}; keep one"
        )
    return cases


def _task(raw, task, named, cases, path):
    """Return the columns of one task: label, normalised probabilities, uncertainties.

    `named` are its columns in the table, None for a task that the model does not predict.
    """
    classes = TASKS[task]
    labels = np.full(len(raw), UNKNOWN)
    probabilities = np.full((len(raw), len(classes)), np.nan)
    if named:
        labels = _labels(_column(raw, named["label"], path), task, cases)
        texts = pd.concat([_column(raw, name, path) for name in named["probabilities"]], axis=1)
        probabilities = _probabilities(texts, task, cases)
    predictive = entropy(probabilities)
    uncertainties = predictive, predictive, predictive - predictive  # total, aleatoric, epistemic
    columns = {f"{task}_label": labels}
    columns |= {f"{task}_probability_{c}": probabilities[:, i] for i, c in enumerate(classes)}
    named = zip(UNCERTAINTY_COMPONENTS, uncertainties, strict=True)
    return pd.DataFrame(columns | {f"{task}_{name}": values for name, values in named})


def _labels(texts, task, cases):
    """Return the labels as integers, each within the task's coding or -1."""
    numbers = pd.to_numeric(texts, errors="coerce")
    allowed = [UNKNOWN, *TASKS[task]]
    invalid = ~numbers.isin(allowed)
    if invalid.any():
        raise BadInput(
            f'expected the {task} label among {allowed}, found "{texts[invalid].iloc[0]}" in case '
            f"{cases[invalid].iloc[0]}; write {UNKNOWN} where it is unknown"
        )
    return numbers.astype(int)


def _probabilities(texts, task, cases):
    """Return the probabilities [N, C] of one task, divided by their row sums."""
    numbers = texts.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    invalid = ~(numbers >= 0)
    if invalid.any():
        row, column = np.argwhere(invalid)[0]
        raise BadInput(
            f"expected {task} probabilities from 0 to 1, found "
            f'"{texts.iat[row, column]}" in case {cases.iloc[row]}; correct or remove that row'
        )
    sums = numbers.sum(axis=1)
    off = ~(np.abs(sums - 1) <= ROW_SUM_TOLERANCE)
    if off.any():
        raise BadInput(
            f"expected {task} probabilities that sum to 1 within {ROW_SUM_TOLERANCE}, found "
            f"{sums[off][0]:.6g} in case {cases[off].iloc[0]}; give probabilities, not scores"
        )
    return numbers / sums[:, None]


def _check_biology(cells, path):
    """Raise BadInput for a co-deletion without IDH mutation, excluded by the WHO classification."""
    invalid = cells.loc[(cells["1p19q_label"] == 1) & (cells["idh_label"] == 0), "case"]
    if len(invalid):
        raise BadInput(
            f"expected 1p19q co-deletion only with IDH mutation in {path}, found it with IDH "
            f"wildtype in case {invalid.iloc[0]}; correct its labels or write {UNKNOWN}"
        )
