"""Subregions of a tumour: conversion to one label coding, and volumes.

Canonical labels: 1 core (necrosis and non-enhancing tumour), 2 oedema, 3 enhancing tumour,
4 resection cavity.
"""

import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.subregions import CAVITY, LABELS, REGIONS, in_region

# How far a voxel may be from its code: a slope in the header rounds 1 to 1.00002 or .996.
SAME_CODE = 0.01


def to_canonical(data, coding, path):
    """Return canonical labels, uint8, of a segmentation in another coding.

    Args:
        data: numbers of any type, each within `SAME_CODE` of its code; 0 is background.
        coding: {subregion, "cavity" or "background": its numbers in `data`}.
        path: of the segmentation, for the BadCase of unknown or missing labels.
    """
    canonical = LABELS | {"background": 0}
    meaning = {number: canonical[part] for part, numbers in coding.items() for number in numbers}
    labels = np.zeros(data.shape, np.uint8)
    for number in np.unique(data):
        code = np.rint(number)
        if abs(number - code) > SAME_CODE or code not in {0, *meaning}:
            voxels = np.isclose(data, number, rtol=0, atol=0, equal_nan=True).sum()
            raise BadCase(
                f"expected the labels {', '.join(map(str, sorted({0, *meaning})))} in {path}, "
                f"found {number:g} in {voxels} voxels, "
                "correct it or set cohort.segmentation_labels"
            )
        if code:
            labels[data == number] = meaning[code]
    if not in_region(labels, "wt").any():
        raise BadCase(
            f"expected a tumour in the segmentation, found no voxel of one in {path}, "
            "leave the case out, or remove the file if it is no reference"
        )
    return labels


def volumes_mm3(labels, coding, voxel_volume):
    """Return {"et_mm3", "tc_mm3", "wt_mm3", "rc_mm3"} of canonical labels.

    Only regions that the coding distinguishes: without enhancing tumour there is no ET, before
    surgery there is no resection cavity.
    """
    labelled = {part for part, numbers in coding.items() if numbers}
    volumes = {}
    for region, parts in (REGIONS | CAVITY).items():
        if region == "wt" or parts <= labelled:
            voxels = int(in_region(labels, region).sum())
            volumes[f"{region}_mm3"] = round(float(voxels * voxel_volume), 3)
    return volumes
