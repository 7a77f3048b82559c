"""The tables of each (p, T) cell, from the outputs of a run of T_max passes."""

import numpy as np
import pandas as pd

from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.uncertainty import (
    CORRECTED,
    UNCERTAINTY_COMPONENTS,
    corrected_prefixes,
    decompose_members,
    decompose_prefixes,
)

WHO = ["case", "patient", "source", "fold", "seed"]  # the first columns of every cell's table
MEMBER_KINDS = ("within_member", "between_member")
FURTHER = (*CORRECTED, *MEMBER_KINDS)  # columns that not every sampler has


def classification_cells(probabilities, passes, independent=True):
    """Return {T: table} of mean probabilities and uncertainties, one row for each case.

    Args:
        probabilities: one row for each case and pass: case, pass, {task}_{class} of the
            network's tasks; `run`, the T of a pass, where each T has passes of its own;
            `member` where networks take turns.
        passes: the numbers of passes T, ascending; each T uses the first T passes, or all
            of them where a sampler has fewer.
        independent: whether passes are independent draws, so that the bias of few is corrected.
    """
    if "run" in probabilities:
        runs = {t: probabilities[probabilities["run"] == t].drop(columns="run") for t in passes}
        return {t: classification_cells(run, [t], independent)[t] for t, run in runs.items()}
    probabilities = probabilities.sort_values(["case", "pass"], kind="stable")
    cases, drawn = probabilities["case"].unique(), probabilities["pass"].max()
    available = [min(t, drawn) for t in passes]
    cells = {t: {"case": cases, "epistemic_clipped": 0} for t in passes}
    for task, classes in TASKS.items():
        columns = [f"{task}_{label}" for label in classes]
        if columns[0] not in probabilities:
            continue
        samples = probabilities[columns].to_numpy().reshape(len(cases), drawn, len(classes))
        samples = samples.transpose(1, 0, 2)
        prefixes = sorted(set(available))
        uncertainty = decompose_prefixes(samples, prefixes)
        corrected = corrected_prefixes(samples, prefixes) if independent else ()
        for t, n in zip(passes, available, strict=True):
            row = prefixes.index(n)
            mean = samples[:n].mean(axis=0, dtype=np.float64)
            for column, label in enumerate(classes):
                cells[t][f"{task}_probability_{label}"] = mean[:, column]
            for kind in UNCERTAINTY_COMPONENTS:
                cells[t][f"{task}_{kind}"] = getattr(uncertainty, kind)[row]
            for kind, values in zip(CORRECTED, corrected, strict=False):
                cells[t][f"{task}_{kind}"] = values[row]
            clipped = uncertainty.predictive[row] < uncertainty.aleatoric[row]
            cells[t]["epistemic_clipped"] = cells[t]["epistemic_clipped"] + clipped
            if "member" in probabilities:
                split = decompose_members(samples[:n], probabilities["member"].max())
                for kind, values in zip(MEMBER_KINDS, split, strict=True):
                    cells[t][f"{task}_{kind}"] = values
    return {t: pd.DataFrame(columns) for t, columns in cells.items()}


def with_labels(cell, cases, fold, seed):
    """Return the table of a cell with its documented columns, `WHO` and those of the tasks.

    A task that the network does not predict is unknown for every case, as in a table of
    published predictions. A network without any task leaves `WHO` alone.
    """
    labels = cases.rename(columns={task: f"{task}_label" for task in TASKS})
    joined = cell.merge(labels, on="case", validate="one_to_one").assign(fold=fold, seed=seed)
    columns = [*WHO]
    predicted = [task for task in TASKS if f"{task}_predictive" in joined]
    if not predicted:
        return joined[columns]
    for task, classes in TASKS.items():
        if task not in predicted:
            joined[f"{task}_label"] = UNKNOWN
        probabilities = [f"probability_{label}" for label in classes]
        columns += [f"{task}_{x}" for x in ("label", *probabilities, *UNCERTAINTY_COMPONENTS)]
        columns += [f"{task}_{x}" for x in FURTHER if f"{predicted[0]}_{x}" in joined]
    return joined.reindex(columns=[*columns, "epistemic_clipped"])  # NaN where there is none


def gather_cells(runs, cases, passes, independent=True):
    """Return {T: table} of classification, of regions and of voxels, over all folds and seeds.

    Args:
        runs: list of (fold, seed, path of probabilities.csv, of segmentation.csv, of voxels.csv).
        cases: one row for each case: case, patient, source, idh, 1p19q, grade.
        passes: the numbers of passes T.
        independent: whether passes are independent draws, as those of Monte Carlo dropout.
    """
    gathered = {t: ([], [], []) for t in passes}
    for fold, seed, *paths in runs:
        probabilities, regions, voxels = map(read_table, paths)
        cells = classification_cells(probabilities, passes, independent)
        for t, (of_classes, of_regions, of_voxels) in gathered.items():
            of_classes.append(with_labels(cells[t], cases, fold, seed))
            of_regions.append(of_passes(regions, t, cases, fold, seed))
            of_voxels.append(of_passes(voxels, t, cases, fold, seed))
    return tuple({t: sorted_cells(gathered[t][kind]) for t in passes} for kind in range(3))


def of_passes(table, passes, cases, fold, seed):
    """Return the rows of one T, with patient, source, fold and seed after the case."""
    rows = table[table["passes"] == passes].drop(columns="passes")
    rows = rows.merge(cases[WHO[:3]], on="case").assign(fold=fold, seed=seed)
    return rows[WHO + [column for column in rows if column not in WHO]]


def sorted_cells(tables):
    """Return the tables of all folds and seeds as one, in order of case, seed and fold."""
    filled = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(filled).sort_values(["case", "seed"], kind="stable")
