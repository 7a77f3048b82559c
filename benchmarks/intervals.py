"""Time of all intervals of a study, compared with a loop over resamples with scikit-learn.

    python benchmarks/intervals.py [--interval percentile] [--quick]

The ratio is the loop's CPU seconds over ours, for the same three measures of one cell in one
run.

Last line: `ratio 626`
"""

import tempfile
from itertools import islice, product
from pathlib import Path
from time import process_time

import harness
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

import make_table
from glioma_uq.predictions import known_rows
from glioma_uq.statistics.intervals import KINDS
from glioma_uq.statistics.long_tables import measure_cells
from glioma_uq.statistics.measures import probability_measures
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

CASES, LOOPED = 240, 50
RATES = np.arange(0.20, 0.61, 0.05)
PASSES = range(10, 101, 10)
ECE = {"bins": 15, "binning": "equal-width", "norm": 1}


def classification_table(rng):
    """Return random predictions of 240 cases for the three tasks."""
    table = pd.DataFrame({"case": [f"case-{i:03d}" for i in range(CASES)]})
    for task, classes in TASKS.items():
        table[f"{task}_label"] = rng.choice(classes, size=CASES)
        columns = [f"{task}_probability_{c}" for c in classes]
        table[columns] = rng.dirichlet(np.ones(len(classes)), size=CASES)
        table[[f"{task}_{kind}" for kind in UNCERTAINTY_COMPONENTS]] = rng.random((CASES, 3))
    return table


def segmentation_table(rng):
    """Return random Dice and regional uncertainties of 240 cases."""
    columns = [
        f"{region}_{kind}" for region in ("brain", "tumour") for kind in UNCERTAINTY_COMPONENTS
    ]
    columns = ["dice", "tumour_volume_mm3", *columns]
    table = pd.DataFrame(rng.random((CASES, 8)), columns=columns)
    return table.assign(case=[f"case-{i:03d}" for i in range(CASES)])


def write_cells(folder, make, cells, rng):
    """Write a table for each of the first `cells` rates and numbers of passes; return the paths."""
    paths = []
    for rate, passes in islice(product(RATES, PASSES), cells):
        path = folder / make.__name__ / f"dropout-{rate:.2f}" / f"passes-{passes:03d}" / "cell.csv"
        path.parent.mkdir(parents=True)
        make(rng).to_csv(path, index=False)
        paths.append(str(path))
    return paths


def seconds(work, *arguments, **options):
    start = process_time()
    work(*arguments, **options)
    return process_time() - start


def three_measures(table, weights):
    """Yield the loop's measures: AUC, NLL and accuracy of each task."""
    for task in TASKS:
        known, labels, probabilities = known_rows(table, task)
        for name in ("auc", "nll", "accuracy"):
            measure = probability_measures()[name]
            yield task, name, measure(probabilities, labels, weights), len(known)


def loop(table, resamples, rng):
    """Compute AUC, NLL and accuracy of one cell, one resample at a time."""
    for task, classes in TASKS.items():
        labels = table[f"{task}_label"].to_numpy()
        probabilities = table[[f"{task}_probability_{c}" for c in classes]].to_numpy()
        for _ in range(resamples):
            resample = rng.integers(CASES, size=CASES)
            truth, scores = labels[resample], probabilities[resample]
            roc_auc_score(truth, scores if len(classes) > 2 else scores[:, 1], multi_class="ovo")
            log_loss(truth, scores, labels=classes)
            accuracy_score(truth, np.array(classes)[scores.argmax(axis=1)])


def main():
    parser = harness.parser_of(__doc__, cells=(90, 4), resamples=(1000, 100))
    parser.add_argument("--interval", choices=KINDS, default="expanded")
    arguments = parser.parse_args()
    resamples, kind = arguments.resamples, arguments.interval
    options = {"resamples": resamples, "level": 0.95, "interval": kind}
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        cells = write_cells(folder, classification_table, arguments.cells, rng)
        three = seconds(measure_cells, cells, three_measures, **options, rng=rng)
        everything = seconds(
            make_table.main,
            table="classification",
            cells=cells,
            output=folder / "classification.csv",
            seed=1,
            ece=ECE,
            auc_average="ovo",
            intervals=options,
        )
        overlaps = write_cells(folder, segmentation_table, arguments.cells, rng)
        output = folder / "segmentation.csv"
        segmentation = seconds(
            make_table.main,
            table="segmentation",
            cells=overlaps,
            voxels=[],
            output=output,
            seed=1,
            intervals=options,
        )
        looped = seconds(loop, pd.read_csv(cells[0]), LOOPED, rng) * resamples / LOOPED
    print(f"{len(cells)} cells, {CASES} cases, {resamples} resamples, {kind} intervals")
    print(f"classification: {everything:.2f} s, seventeen measures of three tasks")
    print(f"segmentation: {segmentation:.2f} s, seventeen measures")
    print(f"loop: {looped:.1f} s for one cell, three measures of three tasks")
    print(f"ours: {three / len(cells):.3f} s for one cell, the same three measures, tables read")
    print(f"ratio {looped / (three / len(cells)):.0f}")


if __name__ == "__main__":
    harness.run(main)
