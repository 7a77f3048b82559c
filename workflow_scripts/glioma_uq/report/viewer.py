"""Case viewer: a page with scans, truth and uncertainty maps in three planes, offline."""

import base64
import gzip
import math
from pathlib import Path

import nibabel as nib
import numpy as np

from glioma_uq.figures.gallery_cases import through_tumour
from glioma_uq.quality.metrics import imputed_note
from glioma_uq.report.verdict import number
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

NIIVUE_VERSION = "0.69.0"
NIIVUE = Path(__file__).with_name("vendor") / f"niivue-{NIIVUE_VERSION}.umd.js.gz"
MAP_LABELS = {
    "predictive": "total uncertainty",
    "aleatoric": "aleatoric uncertainty",
    "epistemic": "epistemic uncertainty",
    "mean": "mean probability of tumour",
}
MARGIN = 2  # voxels kept around the brain


def contents(cases, *, study, network, rate, passes, n, classes):
    """Return the texts and images of the page, by the names of its template.

    `cases` are `GalleryCase`s in their order on the page, `n` is the number of cases in the
    study, `classes` the number of classes of a voxel.
    """
    return {
        "study": study,
        "network": network,
        "rate": f"{rate:.2f}",
        "passes": passes,
        "n": n,
        "cases": [{"name": case.name, "about": about(case)} for case in cases],
        "scans": list(cases[0].scans) if cases else [],
        "maps": [{"name": name, "label": label} for name, label in MAP_LABELS.items()],
        "classes": classes,
        "largest_error": math.log(classes) / 255 / 2,
        "data": {"cases": [case_data(case, math.log(classes)) for case in cases]},
        "niivue": gzip.decompress(NIIVUE.read_bytes()).decode("utf-8"),
        "niivue_version": NIIVUE_VERSION,
    }


def about(case):
    """Return the text of a case in the list."""
    found = "no tumour predicted"
    if not np.isnan(case.uncertainty):
        found = f"{number(case.uncertainty, 3)} nats in the tumour"
    texts = [found, f"Dice {number(case.dice)}", imputed_note(case.imputed)]
    return ", ".join(filter(None, texts))


def case_data(case, most):
    """Return name, crosshair and volumes of one case, cropped to its brain; maps are 0 outside it.

    `most` is the maximum entropy of a voxel in nats.
    """
    box, outside = bounding_box(case.brain.data), case.brain.data == 0
    scans = {name: scan_layer(image, case.brain, box) for name, image in case.scans.items()}
    maps = {
        name: layer(case.maps[name], box, 0, most, "inferno", "nats", outside)
        for name in UNCERTAINTY_COMPONENTS
    }
    maps["mean"] = layer(case.maps["mean"], box, 0, 1, "viridis", outside=outside)
    truth = {} if case.truth is None else {"mask": layer(case.truth, box, 0, 1, "green")}
    centre = [voxel - side.start for voxel, side in zip(through_tumour(case), box, strict=True)]
    return {"name": case.name, "centre": centre, "scans": scans, "maps": maps, "truth": truth}


def bounding_box(mask):
    """Return the slices of the smallest box around a mask, with a margin."""
    places = np.argwhere(mask)
    low, high = places.min(axis=0) - MARGIN, places.max(axis=0) + 1 + MARGIN
    return tuple(slice(max(int(a), 0), int(b)) for a, b in zip(low, high, strict=True))


def scan_layer(image, brain, box):
    """Return a scan scaled from its 0.5th to 99.5th percentile in the brain, black outside.

    An imputed scan, which is 0 everywhere, is black.
    """
    low, high = np.percentile(image.data[brain.data > 0], [0.5, 99.5])
    high = high if high > low else low + 1
    return layer(image, box, float(low), float(high), "gray", outside=brain.data == 0)


def layer(image, box, low, high, colormap, unit="", outside=None):
    """Return an image as 8-bit .nii.gz in base64, the same bytes each time, and its colours.

    It has the value `low` in the mask `outside`.
    """
    data = image.data if outside is None else np.where(outside, low, image.data)
    slope = (high - low) / 255
    levels = np.clip(np.rint((data - low) / slope), 0, 255).astype(np.uint8)
    nifti = nib.Nifti1Image(levels, image.grid.affine).slicer[box]
    nifti.header.set_slope_inter(slope, low)
    packed = base64.b64encode(gzip.compress(nifti.to_bytes(), mtime=0)).decode("ascii")
    return {"base64": packed, "low": low, "high": high, "colormap": colormap, "unit": unit}
