"""A case that lacks a series goes through preprocessing, and the series becomes zeros."""

import numpy as np
import pytest

import coregister
import correct_bias_field
import normalise_case
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.images import Grid, read_image, write_image
from glioma_uq.quality.rows import mark_excluded, read_rows
from glioma_uq.transforms import write_matrix

GRID = Grid((16, 17, 15), np.diag([4.0, 4.0, 4.0, 1.0]))
NAMES = ("t1", "t1ce", "flair")
RUN = {"case": "P-1", "on_bad_case": "stop"}
# Of a limit that every value is outside, if there is a value.
ENDINGS = ("voxel_mm", "mutual_information", "brain_covered")
NEVER = {f"flair_{ending}": [9, 9] for ending in ENDINGS}


@pytest.fixture
def case(tmp_path):
    """The folder of a case with a T1, a T1CE and an empty FLAIR, and its brain mask."""
    rng = np.random.default_rng(1)
    brain = np.zeros(GRID.shape, np.uint8)
    brain[4:-4, 4:-4, 4:-4] = 1
    for name in ("t1", "t1ce"):
        scan = 400.0 * brain + rng.uniform(1, 50, GRID.shape)
        write_image(tmp_path / f"raw/{name}.nii.gz", scan.astype(np.float32), GRID)
    mark_excluded([tmp_path / "raw/flair.nii.gz", tmp_path / "segmentation.nii.gz"])
    write_image(tmp_path / "brain_mask.nii.gz", brain, GRID)
    for name in ("t1", "t1ce_to_template"):
        write_matrix(tmp_path / f"{name}.txt", np.eye(4))
    return tmp_path


def paths(folder, names=NAMES, ending="nii.gz"):
    return {name: folder / f"{name}.{ending}" for name in names}


def correct(case, on_bad_case="stop"):
    """Copy the scans, as without N4; return the paths and the row."""
    (case / "corrected").mkdir()
    files = {"scans": paths(case / "raw"), "corrected": paths(case / "corrected")}
    correct_bias_field.main(
        case="P-1", on_bad_case=on_bad_case, **files, options=None, limits=NEVER,
        quality=case / "row.csv",
    )  # fmt: skip
    return files["corrected"], read_rows(case / "row.csv")[0]


def test_n4_leaves_a_missing_series_empty_and_measures_the_others(case):
    corrected, row = correct(case)
    assert row["reason"] == ""
    assert corrected["flair"].stat().st_size == 0
    assert corrected["t1"].read_bytes() == (case / "raw/t1.nii.gz").read_bytes()
    assert {name.split("_")[0] for name in row} == {"case", "step", "reason", "t1", "t1ce"}


def test_an_empty_t1ce_excludes_the_case(case):
    mark_excluded([case / "raw/t1ce.nii.gz"])
    corrected, row = correct(case, on_bad_case="exclude")
    assert row["reason"] == "excluded at an earlier step"
    assert not any(path.stat().st_size for path in corrected.values())


def test_a_missing_series_is_not_registered(case):
    matrices = {"flair": case / "flair.txt"}
    coregister.main(
        **RUN, t1ce=case / "raw/t1ce.nii.gz", series={"flair": case / "raw/flair.nii.gz"},
        matrices=matrices, options={"voxel_size_mm": 4.0}, seed=1, limits=NEVER,
        quality=case / "row.csv",
    )  # fmt: skip
    assert matrices["flair"].stat().st_size == 0
    assert list(read_rows(case / "row.csv")[0]) == ["case", "step", "reason"]


def test_a_missing_series_becomes_zeros_on_the_grid_of_the_others(case):
    mark_excluded([case / "flair.txt"])
    normalised = paths(case / "normalised", (*NAMES, "brain_mask", "segmentation"))
    normalise_case.main(
        **RUN, scans=paths(case / "raw"), to_t1ce=paths(case, ("t1", "flair"), "txt"),
        t1ce_to_template=case / "t1ce_to_template.txt", brain_mask=case / "brain_mask.nii.gz",
        segmentation=case / "segmentation.nii.gz", template=case / "brain_mask.nii.gz",
        options={"voxel_size_mm": 4.0, "margin_mm": 8.0}, normalised=normalised, limits=NEVER,
        quality=case / "row.csv", coding=CANONICAL,
    )  # fmt: skip
    flair, t1 = (read_image(normalised[name]) for name in ("flair", "t1"))
    assert flair.data.shape == t1.data.shape
    np.testing.assert_array_equal(flair.grid.affine, t1.grid.affine)
    assert not flair.data.any()
    brain = read_image(normalised["brain_mask"]).data > 0
    assert t1.data[brain].mean() == pytest.approx(0, abs=1e-5)  # so 0 says nothing
    row = read_rows(case / "row.csv")[0]
    assert "flair_brain_covered" not in row
    assert len(row["flair_sha256"]) == 64
