"""Cases from files: a tumour as one, or its parts by their canonical labels."""

import nibabel
import numpy as np
import pandas as pd
import pytest

from glioma_uq.dataset import Dataset
from glioma_uq.errors import BadInput
from glioma_uq.parts import PARTS, REGIONS, in_region


def dataset_of(folder, labels, classes):
    """A cohort of one case with these labels, one voxel each."""
    (folder / "a").mkdir()
    voxels = {"segmentation": np.array(labels, np.uint8)}
    voxels |= {"t1": np.ones(len(labels), np.float32), "brain_mask": np.ones(len(labels), np.uint8)}
    for name, values in voxels.items():
        image = nibabel.Nifti1Image(values.reshape(-1, 1, 1), np.diag([2.0, 2.0, 2.0, 1.0]))
        nibabel.save(image, folder / "a" / f"{name}.nii.gz")
    table = pd.DataFrame({"case": ["a"], "idh": 0, "1p19q": -1, "grade": 4})
    return Dataset(folder, table, ["t1"], classes=classes)


@pytest.mark.parametrize(("classes", "expected"), [(2, [0, 1, 1, 1]), (4, [0, 1, 2, 3])])
def test_a_tumour_is_one_or_has_parts(tmp_path, classes, expected):
    case = dataset_of(tmp_path, [0, 1, 2, 3], classes).load("a")
    assert case.tumour.flatten().tolist() == expected
    assert str(case.tumour.dtype) == "torch.float32"
    assert case.tumour.shape == (1, 4, 1, 1)


def test_a_label_that_is_no_part_is_refused(tmp_path):
    with pytest.raises(BadInput, match="expected the labels 0 to 3 in .*, found 4: set cohort"):
        dataset_of(tmp_path, [0, 1, 4], classes=4).load("a")


@pytest.mark.parametrize(("region", "labels"), [("et", [3]), ("tc", [1, 3]), ("wt", [1, 2, 3])])
def test_the_regions_are_those_of_the_challenge(region, labels):
    mask = in_region(np.arange(5), region)
    assert np.flatnonzero(mask).tolist() == labels
    assert REGIONS[region] <= set(PARTS)
