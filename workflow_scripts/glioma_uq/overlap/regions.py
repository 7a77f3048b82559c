"""How well the predicted regions of a tumour agree with the reference, by voxel counts.

Regions and canonical labels are those of `subregions`. Counts are over the whole grid, where
nearly all voxels are true negatives; false positives are also counted inside the brain alone.
"""

import numpy as np

from glioma_uq.overlap.masks import dice
from glioma_uq.subregions import SUBREGIONS, in_region

RULES = ("none", "et500")
COLUMNS = ["case", "patient", "source", "fold", "seed", "region", "rule",
           "tp", "fp", "fn", "tn", "fp_in_brain", "brain_voxels",
           "dice", "tpr", "fpr", "fpr_in_brain",
           "reference_volume_mm3", "predicted_volume_mm3"]  # fmt: skip


def volume_of(voxels, voxel_volume_mm3):
    """Return the volume of so many voxels in mm3, to three digits: 1000 voxels of 1 mm are 1000."""
    return round(float(voxels * voxel_volume_mm3), 3)


def few_enhancing_to_core(labels, voxel_volume_mm3):
    """Return the labels with all enhancing tumour set to core if fewer than 500 voxels enhance.

    The rule of DMFNet's public code (its option `postprocess`), there on the 1 mm grid of BraTS.
    """
    # ASSUME: on other grids the rule means the volume of those 500 voxels, 500 mm³; counted in
    # voxels of 3 mm it would take tumours of 13 ml.
    enhancing = labels == SUBREGIONS["enhancing"]
    if volume_of(enhancing.sum(), voxel_volume_mm3) >= 500:
        return labels
    return np.where(enhancing, np.uint8(SUBREGIONS["core"]), labels)


def overlap_row(predicted, reference, brain, voxel_volume_mm3):
    """Return the counts, rates and volumes of one region; all three masks are (X, Y, Z) bool.

    Dice = 2 TP / (2 TP + FP + FN), 1 for two empty masks; TPR = TP / (TP + FN), NaN without
    a reference; FPR = FP / (FP + TN), also over the voxels of the brain alone.
    """
    false = predicted & ~reference
    tp, fp = int((predicted & reference).sum()), int(false.sum())
    fn = int(reference.sum()) - tp
    tn = reference.size - tp - fp - fn
    fp_in_brain = int((false & brain).sum())
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "fp_in_brain": fp_in_brain,
        "brain_voxels": int(brain.sum()),
        "dice": dice(predicted, reference),
        "tpr": _share(tp, tp + fn),
        "fpr": _share(fp, fp + tn),
        "fpr_in_brain": _share(fp_in_brain, int((brain & ~reference).sum())),
        "reference_volume_mm3": volume_of(tp + fn, voxel_volume_mm3),
        "predicted_volume_mm3": volume_of(tp + fp, voxel_volume_mm3),
    }


def masks_of(predicted, reference, voxel_volume_mm3, regions):
    """Yield (region, rule, predicted mask, reference mask) of two volumes of canonical labels."""
    moved = few_enhancing_to_core(predicted, voxel_volume_mm3)
    for rule, labels in zip(RULES, (predicted, moved), strict=True):
        for region in regions:
            yield region, rule, in_region(labels, region), in_region(reference, region)


def _share(part, whole):
    return part / whole if whole else float("nan")
