"""Tiny scans of a few cases in the layout of any dataset, as its file describes it."""

from pathlib import Path

import nibabel as nib
import numpy as np

from glioma_uq.cohorts.datasets import patterns_of, place_of

SHAPE = (8, 9, 10)
ANY = "1989.06.18"  # what stands for a * of a pattern


def write_dataset(root, dataset, folders=None, parts=None):
    """Write the scans of a dataset's cases, all different; return their `Place`s.

    Args:
        root: the dataset's folder.
        dataset: as glioma_uq.configuration.datasets.read_dataset returns it.
        folders: of the cases, relative to root; None for the dataset's examples.
        parts: which images; None for all. Each is by the first of its patterns.

    A segmentation has a block of each label number.
    """
    places = [place_of(folder, dataset["folders"]) for folder in folders or dataset["examples"]]
    for number, place in enumerate(places):
        rng = np.random.default_rng(number)
        for part in parts or dataset["files"]:
            if part == "segmentation":
                data = labels_of(dataset["segmentation_labels"])
            elif part == "brain_mask":
                data = np.pad(np.ones(np.subtract(SHAPE, 2), np.uint8), 1)
            else:
                data = rng.integers(1, 900, SHAPE).astype(np.int16)
            path = Path(root, file_of(dataset, place, part))
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(data, np.diag([-1.0, -1, 1, 1])), path)
    return places


def file_of(dataset, place, part, number=0):
    """Return the file of a part of a case, relative to the dataset's folder."""
    pattern = patterns_of(dataset["files"][part], place)[number]
    return pattern.replace(".nii*", ".nii.gz").replace("*", ANY)


def labels_of(coding):
    """Return a segmentation with as many voxels of a label number as its value."""
    numbers = sorted(number for part in coding.values() for number in part)
    data = np.zeros(SHAPE, np.uint8)
    data.flat[: sum(numbers)] = np.repeat(numbers, numbers)
    return data
