"""Pairs of segmentations, and what the official evaluation of BraTS says of their lesions.

brats-evaluation needs pandas below 3 and numpy below 2.3, so it cannot be installed beside the
pipeline. `official_lesions.json` is what this script writes in an environment of its own:

    python -m venv .venv-brats
    .venv-brats/bin/pip install brats-evaluation==0.0.10 panoptica==2.1.7
    .venv-brats/bin/python tests/official_lesions.py
"""

import json
import tempfile
from pathlib import Path

import numpy as np

VALUES = Path(__file__).with_suffix(".json")
PAIRS, SHAPE = 24, (30, 28, 24)
REGIONS = ("et", "tc", "wt")
NAMES = {"tp": "tp", "fp": "fp", "fn": "fn", "precision": "prec", "recall": "rec", "f1": "rq",
         "lesion_dice": "sq_dsc"}  # fmt: skip


def pairs():
    """Return 24 pairs of label volumes (predicted, reference), uint8.

    Every reference has up to 8 lesions. Its prediction moves, grows, merges and leaves them out,
    and adds others; the last two pairs have one side without a lesion.
    """
    rng = np.random.default_rng(14)
    found = []
    for i in range(PAIRS):
        lesions = [lesion(rng) for _ in range(i % 9)]
        moved = [(c + rng.normal(0, 1.2, 3), r * rng.uniform(0.6, 1.9)) for c, r in lesions]
        kept = [one for one in moved if rng.random() < 0.8]
        added = [lesion(rng) for _ in range(rng.integers(0, 3))]
        found.append((painted(kept + added), painted(lesions)))
    some = painted([lesion(rng)])
    return [*found[:-2], (np.zeros_like(some), some), (some, np.zeros_like(some))]


def lesion(rng):
    return rng.uniform(5, np.array(SHAPE) - 6), rng.uniform(1.0, 4.0)


def painted(lesions):
    """Return the labels of balls: 2 oedema around 1 core around 3 enhancing."""
    voxels, labels = np.indices(SHAPE), np.zeros(SHAPE, np.uint8)
    for share, value in ((1.0, 2), (0.75, 1), (0.5, 3)):
        for centre, radius in lesions:
            distance = np.sqrt(((voxels - centre[:, None, None, None]) ** 2).sum(axis=0))
            labels[distance <= share * radius] = value
    return labels


def evaluated():
    """Return for each pair and region the official values, None where there is none."""
    import brats_evaluation
    import nibabel as nib
    from brats_evaluation.evaluation import evaluate_single_exam
    from panoptica import Panoptica_Evaluator

    config = Path(brats_evaluation.__file__).parent / "configs/config_gli.yaml"
    evaluator = Panoptica_Evaluator.load_from_config(str(config))
    rows = []
    for i, volumes in enumerate(pairs()):
        with tempfile.TemporaryDirectory() as folder:
            paths = [f"{folder}/{name}.nii.gz" for name in ("predicted", "reference")]
            for path, volume in zip(paths, volumes, strict=True):
                nib.save(nib.Nifti1Image(volume, np.eye(4)), path)
            found = evaluate_single_exam(*paths, str(i), evaluator)
        for region in REGIONS:
            values = {name: found[region].get(theirs) for name, theirs in NAMES.items()}
            values = {n: None if v is None or np.isnan(v) else float(v) for n, v in values.items()}
            rows.append({"pair": i, "region": region, **values})
    return rows


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(row) for row in evaluated())
    VALUES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
