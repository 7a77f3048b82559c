"""How well a phantom's labels can be told: by its latent axes, and by its scans.

    python benchmarks/phantom_posterior.py [--cases 600] [--drawn 20000] [--quick]

For each setting of the classes: AUC and mean entropy (nats) of the true posterior given the axes,
over `--drawn` labels. For the settings in `SCANNED` the same over the demo's cohort, and AUC
and NLL of a reference: logistic regression on what is measured in the scans of `--cases` cases
with their true segmentation, cross-validated, also where it learns from 28 cases alone as the
demo's networks do. What scans and segmentation tell lies between the reference and the axes: the
AUC of their posterior is not below the reference's but for chance, and its mean entropy between
the entropy given the axes and the reference's NLL.

Last line: `0.36 s for each case`
"""

import tempfile
from functools import partial
from pathlib import Path

import harness
import nibabel as nib
import numpy as np
import pandas as pd
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import make_template
from glioma_uq.phantom.acquisition import MODALITIES, acquire, draw_series, draw_subject, segment
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.phantom.labels import AXES, draw_cohort
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.discrimination import auc
from glioma_uq.statistics.posterior_truth import true_posterior
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy

SEED, LEARNED_FROM = 2026, 28  # a network of the demo has so many training cases
CONFIG = (harness.ROOT / "cohorts/phantom.yaml").read_text(encoding="utf-8")
DEMO = yaml.safe_load(CONFIG)["cohort"]["phantom"]
# separation_subtype, separation_grade, label_flips
SCANNED = ((2.2, 1.6, 0.0), (1.0, 1.6, 0.0))
SETTINGS = (
    *((subtype, 1.6, 0.0) for subtype in (2.2, 1.6, 1.3, 1.2, 1.1, 1.0, 0.9)),
    *((subtype, 1.6, 0.05) for subtype in (2.2, 1.2)),
    (2.2, 1.6, 0.1),
)
INSIDE = {"core": (1, 3), "enhancing": (3,), "oedema": (2,)}


def cohort(setting, cases, seed):
    """Return the truth of a cohort of the demo's kind with other separations and flips."""
    names = ("separation_subtype", "separation_grade", "label_flips")
    kept = {name: DEMO[name] for name in ("small_share", "missing", "diameter_mm")}
    return pd.DataFrame(
        draw_cohort(cases, seed, **kept, **dict(zip(names, setting, strict=True)))[1]
    )


def told_by_axes(truth):
    """Return {task: (AUC, mean entropy)} of the true posterior."""
    found = {}
    for task, classes in TASKS.items():
        posterior = true_posterior(truth, truth["case"], task)
        labels = np.searchsorted(classes, truth[task].to_numpy())
        area = auc(posterior, labels, np.ones((1, len(truth))))[0]
        found[task] = area, entropy(posterior).mean()
    return found


def told_by_scans(truth, features, splits):
    """Return {task: (AUC, NLL)} of the reference on cases that it did not learn from."""
    reference = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    found = {}
    for task, classes in TASKS.items():
        area = "roc_auc" if len(classes) == 2 else "roc_auc_ovo"
        scoring = [area, "neg_log_loss"]
        scores = cross_validate(reference, features, truth[task], cv=splits, scoring=scoring)
        found[task] = scores[f"test_{area}"].mean(), -scores["test_neg_log_loss"].mean()
    return found


def measured(truth, anatomy):
    """Return the features [N, F] of all cases."""
    return np.array([features_of(row, anatomy) for row in truth.to_dict("records")])


def features_of(row, anatomy):
    """Return what is measured in the four scans of a case: intensities, sizes and place."""
    seed = seed_for(SEED, row["case"])
    subject = draw_subject(seed, anatomy, [row[f"z_{a}"] for a in AXES], row["diameter_mm"])
    features = []
    for modality in MODALITIES:
        scanner = (DEMO[name] for name in ("in_plane_mm", "slice_mm", "bias_sd"))
        series = draw_series(seed, modality, *scanner)
        scan, labels = acquire(subject, anatomy, series), segment(subject, anatomy, series)
        scan = scan / np.median(scan[(labels == 0) & (scan > scan.mean())])
        for values in INSIDE.values():
            inside = np.isin(labels, values)
            voxels = scan[inside] if inside.any() else np.zeros(1)
            features += [voxels.mean(), voxels.std(), *np.quantile(voxels, (0.05, 0.95))]
        if modality == "t1ce":
            sizes = [np.isin(labels, values).sum() for values in INSIDE.values()]
            voxels = np.argwhere(labels > 0) if labels.any() else np.zeros((1, 3))
            where = series.grid.affine[:3, :3] @ voxels.mean(axis=0)
            features += [*np.log1p(sizes), sizes[1] / max(sizes[0], 1), *where]
    return features


def template(folder):
    """Return the `Anatomy` of the template, whose files are made in `folder`."""
    kinds = ("brain", "brain_mask", "white_matter", "head")
    files = {name: folder / f"{name}.nii.gz" for name in kinds}
    files |= {name: folder / f"{name}.nii" for name in ("tissues", "distances")}
    make_template.main(**files)
    return Anatomy(nib.load(files["tissues"]), nib.load(files["distances"]))


def row(setting, given, found):
    """Print a row of the table."""
    values = (f"{area:.3f}, {nats:.3f}" for area, nats in found.values())
    print("|", " | ".join([", ".join(map(str, setting)), given, *values]), "|", flush=True)


def main():
    arguments = harness.parser_of(__doc__, cases=(600, 24), drawn=(20_000, 500)).parse_args()
    few = min(LEARNED_FROM, arguments.cases // 2)
    splits = {
        "scans": 5,
        f"scans, learned from {few}": StratifiedShuffleSplit(20, train_size=few, random_state=0),
    }
    print(f"| separation of subtypes, of grades, flips | given | {' | '.join(TASKS)} |")
    for setting in SETTINGS:
        row(setting, "axes", told_by_axes(cohort(setting, arguments.drawn, SEED)))
    with tempfile.TemporaryDirectory() as folder:
        anatomy = template(Path(folder))
        for setting in SCANNED[: 1 if arguments.quick else None]:
            small = cohort(setting, DEMO["cases"], seed_for(SEED, "phantom", "labels"))
            row(setting, "axes, the demo's cases", told_by_axes(small))
            truth = cohort(setting, arguments.cases, SEED)
            features, seconds = harness.timed(partial(measured, truth, anatomy))
            for given, split in splits.items():
                row(setting, given, told_by_scans(truth, features, split))
    print(f"{seconds / arguments.cases:.2f} s for each case")


if __name__ == "__main__":
    harness.run(main)
