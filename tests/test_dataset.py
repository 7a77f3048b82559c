"""Cases from files: a tumour as one, or its parts by their canonical labels."""

import numpy as np
import pytest
from manifest import write_case, write_manifest

from glioma_uq.dataset import Dataset
from glioma_uq.errors import BadInput
from glioma_uq.subregions import CAVITY, CLASSES, LABELS, REGIONS, in_region, regions_of


def dataset_of(folder, labels, classes):
    """A cohort of one case with these labels, one voxel each."""
    segmentation = np.array(labels, np.uint8).reshape(-1, 1, 1)
    ones = np.ones_like(segmentation)
    volumes = {"t1": ones.astype(np.float32), "brain_mask": ones, "segmentation": segmentation}
    write_case(folder, "a", np.diag([2.0, 2.0, 2.0, 1.0]), **volumes)
    return Dataset(write_manifest(folder, idh=0, grade=4), ["t1"], classes=classes)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [(2, [0, 1, 1, 1, 0]), (4, [0, 1, 2, 3, 0]), (5, [0, 1, 2, 3, 4])],
)
def test_a_tumour_is_one_or_has_parts_and_a_cavity_is_background_unless_it_is_a_class(
    tmp_path, classes, expected
):
    case = dataset_of(tmp_path, [0, 1, 2, 3, 4], classes).load("a")
    assert case.tumour.flatten().tolist() == expected
    assert str(case.tumour.dtype) == "torch.float32"
    assert case.tumour.shape == (1, 5, 1, 1)
    assert case.voxel_volume_mm3 == 8


def test_labels_are_those_of_the_manifest(tmp_path):
    dataset = dataset_of(tmp_path, [0, 1], classes=2)
    assert {task: label.item() for task, label in dataset.load("a").labels.items()} == {
        "idh": 0, "1p19q": -1, "grade": 2,
    }  # fmt: skip


@pytest.mark.parametrize("file", ["t1", "brain_mask", "segmentation"])
def test_a_file_that_is_not_the_manifests_is_refused(tmp_path, file):
    dataset = dataset_of(tmp_path, [0, 1], classes=2)
    write_case(tmp_path, "a", **{file: np.zeros((2, 1, 1), np.uint8)})
    with pytest.raises(BadInput, match=f"checksum in volumes.csv for .*{file}.nii.gz"):
        dataset.load("a")


@pytest.mark.parametrize("classes", [2, 4, 5])
def test_a_label_that_is_no_part_is_refused(tmp_path, classes):
    with pytest.raises(BadInput, match="expected the labels 0 to 4 in .*, found 5: set cohort"):
        dataset_of(tmp_path, [0, 1, 5], classes).load("a")


@pytest.mark.parametrize(
    ("region", "labels"), [("et", [3]), ("tc", [1, 3]), ("wt", [1, 2, 3]), ("rc", [4])]
)
def test_the_regions_are_those_of_the_challenge(region, labels):
    mask = in_region(np.arange(6), region)
    assert np.flatnonzero(mask).tolist() == labels
    assert (REGIONS | CAVITY)[region] <= set(LABELS)


def test_a_network_tells_apart_the_regions_of_its_classes():
    assert {kind: regions_of(n) for kind, n in CLASSES.items()} == {
        "none": [],
        "tumour": [],
        "subregions": ["et", "tc", "wt"],
        "subregions_and_cavity": ["et", "tc", "wt", "rc"],
    }
