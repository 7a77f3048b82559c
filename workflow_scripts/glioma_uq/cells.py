"""The tables of one (p, T) cell, from what a run of T_max passes left."""

import numpy as np
import pandas as pd

from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import decompose_prefixes


def stack_passes(probabilities, classes, task):
    """Return [T, N, C] probabilities of one task from rows sorted by case and pass."""
    columns = [f"{task}_{label}" for label in classes]
    passes = int(probabilities["pass"].max())
    stacked = probabilities[columns].to_numpy().reshape(-1, passes, len(classes))
    return stacked.transpose(1, 0, 2)


def classification_cells(probabilities, passes):
    """Return {T: table} of mean probabilities and uncertainties, one row for each case.

    Args:
        probabilities: one row for each case and pass: case, pass, {task}_{class}.
        passes: the numbers of passes T, ascending; each T takes the first T passes.
    """
    probabilities = probabilities.sort_values(["case", "pass"], kind="stable")
    cells = {t: {"case": probabilities["case"].unique()} for t in passes}
    for task, classes in TASKS.items():
        samples = stack_passes(probabilities, classes, task)
        uncertainty = decompose_prefixes(samples, passes)
        for row, t in enumerate(passes):
            mean = samples[:t].mean(axis=0, dtype=np.float64)
            for column, label in enumerate(classes):
                cells[t][f"{task}_probability_{label}"] = mean[:, column]
            for kind in ("predictive", "aleatoric", "epistemic"):
                cells[t][f"{task}_{kind}"] = getattr(uncertainty, kind)[row]
    return {t: pd.DataFrame(columns) for t, columns in cells.items()}


def with_labels(cell, cases, fold, seed):
    """Return the table of a cell in the order of the contract: case, source, fold, seed, tasks."""
    labels = cases.rename(columns={task: f"{task}_label" for task in TASKS})
    joined = cell.merge(labels, on="case", validate="one_to_one").assign(fold=fold, seed=seed)
    columns = ["case", "source", "fold", "seed"]
    for task, classes in TASKS.items():
        columns.append(f"{task}_label")
        columns += [f"{task}_probability_{label}" for label in classes]
        columns += [f"{task}_{kind}" for kind in ("predictive", "aleatoric", "epistemic")]
    return joined[columns]


def gather_cells(runs, cases, passes):
    """Return ({T: classification table}, {T: segmentation table}) over all folds and seeds.

    Args:
        runs: list of (fold, seed, path of probabilities.csv, path of segmentation.csv).
        cases: one row for each case: case, source, idh, 1p19q, grade.
        passes: the numbers of passes T.
    """
    classification, segmentation = {t: [] for t in passes}, {t: [] for t in passes}
    for fold, seed, probabilities, of_regions in runs:
        cells = classification_cells(read_table(probabilities), passes)
        regions = read_table(of_regions)
        for t in passes:
            classification[t].append(with_labels(cells[t], cases, fold, seed))
            of_t = regions[regions["passes"] == t].drop(columns="passes")
            of_t = of_t.merge(cases[["case", "source"]], on="case").assign(fold=fold, seed=seed)
            first = ["case", "source", "fold", "seed"]
            segmentation[t].append(of_t[first + [c for c in of_t if c not in first]])
    return tuple(
        {t: pd.concat(parts).sort_values(["case", "seed"]) for t, parts in cells.items()}
        for cells in (classification, segmentation)
    )
