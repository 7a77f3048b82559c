"""One scan under two names: signatures of scans, and the cases that share one.

A signature is a random projection of the voxels to a few numbers. The correlation of two signatures
estimates that of two scans voxel by voxel, to within a fifth of its distance from 1. It is 1
whatever the slope, the intercept and the type in which a scan is stored, up to rounding.
"""

import numpy as np

from glioma_uq.quality.metrics import SIGNATURE

LENGTH = 64
RANGE = (50, 99)  # percentiles to which voxels are clipped: neither padding nor one voxel decides
# 1 - correlation. Twelve patients of BraTS 2021: their own scans in 256 levels .00005 at most, two
# series of one patient .0086 at least, scans of two patients .068.
SAME = 3e-4


def signature_of(data):
    """Return the signature of a scan, RAS, as an array [LENGTH] of length 1.

    Each voxel is added to one of the numbers with a random sign, that of its place in the array.
    """
    low, high = np.percentile(data, RANGE)
    if low == high:
        low, high = np.min(data), np.max(data)
    rng = np.random.default_rng(0)
    sums, signs = np.zeros(LENGTH), np.zeros(LENGTH)
    mean = 0.0
    for plane in data:
        values = (np.clip(plane, low, high).astype(np.float64).ravel() - low) / (high - low)
        sign = rng.integers(0, 2, values.size, np.int8) * 2.0 - 1
        mean += values.sum() / data.size
        sums += _folded(values * sign)
        signs += _folded(sign)
    projected = sums - mean * signs
    return projected / np.linalg.norm(projected)


def _folded(values):
    return np.pad(values, (0, -values.size % LENGTH)).reshape(-1, LENGTH).sum(0)


def are_same(first, second):
    """Return whether two signatures are of one scan; [n, m] of arrays [n or m, LENGTH]."""
    return 1 - first @ second.T < SAME


def to_text(signature):
    """Return a signature in hex digits, 16 bits for each number."""
    return np.round(signature * (2**15 - 1)).astype(">i2").tobytes().hex()


def from_text(text):
    """Return the signature in hex digits, of length 1."""
    signature = np.frombuffer(bytes.fromhex(text), ">i2").astype(float)
    return signature / np.linalg.norm(signature)


def exclude_copies(cases, quality):
    """Return (cases, copies): without the cases that have a series of an earlier one, and these.

    `cases`: included ones, in the order of labels.csv; `quality`: rows of all steps. Series are
    compared by the signatures that import_case writes; a phantom has none.
    """
    rows = {row["case"]: row for row in quality if row["step"] == "import_case"}
    kept, copies, owners, known = [], [], [], np.empty((0, LENGTH))
    for case in cases:
        own = signatures_in(rows.get(case["case"], {}))
        same = are_same(np.reshape(list(own.values()), (-1, LENGTH)), known)
        if not same.any():
            owners += [(case["case"], modality) for modality in own]
            known = np.vstack([known, *own.values()])
            kept.append(case)
            continue
        series, earlier = np.argwhere(same)[0]
        owner, modality = owners[earlier]
        reason = (
            f"expected scans of this case alone, found the same voxels in its "
            f"{list(own)[series].upper()} and in the {modality.upper()} of {owner}, remove one of "
            "the two"
        )
        copies.append({"case": case["case"], "step": "collect_cohort", "reason": reason})
    return kept, copies


def signatures_in(row):
    """Return {modality: signature} of the row of import_case."""
    return {
        name.removesuffix(SIGNATURE): from_text(text)
        for name, text in row.items()
        if name.endswith(SIGNATURE) and text
    }
