"""Lesions: connected components of a region, and which of them a prediction finds.

Two voxels belong to one lesion if they share a face, an edge or a corner (26-connected). `shared`
is what `count_shared` returns for two masks.
"""

import numpy as np
from scipy.ndimage import find_objects, label
from scipy.optimize import linear_sum_assignment

from glioma_uq.overlap.regions import volume_of

NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)
COLUMNS = ["case", "patient", "seed", "fold", "region", "rule", "lesion", "volume_mm3", "found",
           "dice", "score_mm3"]  # fmt: skip
ONE_TO_ONE = ("lesion_tp", "lesion_fp", "lesion_fn", "lesion_dice")


def match_lesions(shared, voxel_volume_mm3):
    """Return a row (dict) for each reference lesion, largest first, then for each false one.

    A predicted lesion touches a reference lesion if they share a voxel. `found`: at least one
    predicted lesion touches it. `dice`: between the lesion and the union of the predicted lesions
    that touch it, 0 without any; a prediction that spans two lesions scores low for both.
    A predicted lesion that touches none is false: `lesion` None, `found` False, `dice` 0.
    `score_mm3`, the score of a FROC curve, is the volume of the false lesion, or of the
    largest predicted lesion that touches the reference lesion; NaN without any.
    """
    # ASSUME: larger predicted lesions are more certain; the samplers keep no probability of the
    # enhancing tumour alone, which would be a better score.
    sizes, predicted_sizes = shared[1:].sum(axis=1), shared[:, 1:].sum(axis=0)
    touching = shared[1:, 1:] > 0
    rows = []
    for number, i in enumerate(np.argsort(-sizes, kind="stable"), start=1):
        hit, partners = shared[i + 1, 1:].sum(), predicted_sizes[touching[i]]
        score = volume_of(partners.max(), voxel_volume_mm3) if len(partners) else np.nan
        rows.append(
            {
                "lesion": number,
                "volume_mm3": volume_of(sizes[i], voxel_volume_mm3),
                "found": bool(touching[i].any()),
                "dice": float(2 * hit / (sizes[i] + partners.sum())),
                "score_mm3": score,
            }
        )
    false = np.sort(predicted_sizes[~touching.any(axis=0)])[::-1]
    return rows + [
        {"lesion": None, "volume_mm3": volume, "found": False, "dice": 0.0, "score_mm3": volume}
        for volume in (volume_of(size, voxel_volume_mm3) for size in false)
    ]


def match_one_to_one(shared):
    """Return {lesion_tp, lesion_fp, lesion_fn, lesion_dice} of the matching of BraTS.

    Each lesion has at most one partner, so that the sum of the Dice of the pairs is largest
    (maximum bipartite matching); of equal sums the one with more pairs. `lesion_tp` counts pairs,
    which share a voxel, `lesion_fp` and `lesion_fn` the predicted and reference lesions without a
    partner. `lesion_dice`: mean over the pairs; 0 without any, NaN if there are no lesions at all.
    As `lesionwise_dsc_mean` of the glioma task in brats-evaluation 0.0.10.
    """
    overlap = shared[1:, 1:]
    sizes = shared[1:].sum(axis=1)[:, None] + shared[:, 1:].sum(axis=0)
    dice = 2 * overlap / sizes
    pairs = linear_sum_assignment(np.where(overlap > 0, dice, -1e-6), maximize=True)
    matched = dice[pairs][overlap[pairs] > 0]
    missed, false = (n - len(matched) for n in overlap.shape)
    mean = matched.sum() / max(len(matched), 1) if overlap.shape != (0, 0) else np.nan
    return dict(zip(ONE_TO_ONE, (len(matched), false, missed, float(mean)), strict=True))


def count_shared(predicted, reference):
    """Return [1 + R, 1 + P]: how many voxels each of R reference and P predicted lesions share.

    Both masks are (X, Y, Z) bool.
    Row and column 0 count the voxels outside lesions, within the box around both masks.
    """
    box = find_objects((predicted | reference).astype(np.uint8))
    if not box:
        return np.zeros((1, 1), dtype=np.int64)
    (of_reference, r), (of_predicted, p) = (
        label(mask[box[0]], NEIGHBOURS) for mask in (reference, predicted)
    )
    pairs = of_reference.astype(np.int64) * (p + 1) + of_predicted
    return np.bincount(pairs.ravel(), minlength=(r + 1) * (p + 1)).reshape(r + 1, p + 1)
