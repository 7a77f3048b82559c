"""Places and the machine: links out of the cohort, rights that are missing, a full disk."""

import errno
import os
import tempfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scans import (
    CASE,
    MODALITIES,
    NAMES,
    PARTS,
    SHAPE,
    at_the_door,
    save,
    some_scan,
    source_of,
    whole_case,
)

import check_cohort
from glioma_uq import files
from glioma_uq.images import Grid, write_image
from glioma_uq.quality.rows import case_quality_record


@pytest.fixture
def folder(tmp_path):
    return whole_case(tmp_path)


def test_a_link_out_of_the_cohorts_folder_is_followed_on_request_only(folder):
    outside = folder.parent / "elsewhere.nii.gz"
    (folder / CASE / NAMES["t2"]).rename(outside)
    (folder / CASE / NAMES["t2"]).symlink_to(outside)
    assert f"leads to {outside}, copy it there or set" in at_the_door(folder)
    assert at_the_door(folder, follow_links=True) == ""


def test_a_name_that_climbs_out_of_the_cohorts_folder_is_refused(folder):
    """The config refuses it too; this is the second lock."""
    save(folder.parent / "secret.nii.gz", some_scan())
    problem = at_the_door(folder, names=NAMES | {"t2": "../../secret.nii.gz"})
    assert f"expected the images of {CASE} inside" in problem


@pytest.fixture
def nobody():
    """A folder that all may read, and no more rights than nobody has for the test's duration."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        user = os.geteuid()
        yield Path(place), lambda: os.seteuid(65534) if user == 0 else None
        os.seteuid(user)
        for path in Path(place).rglob("*"):
            path.chmod(0o755)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_or_folder_that_may_not_be_read_is_named(nobody, what):
    place, become_nobody = nobody
    (place / CASE).mkdir()
    for seed, modality in enumerate(MODALITIES):
        save(place / CASE / NAMES[modality], some_scan(seed))
    options = source_of(place)["options"]

    def problem_now():
        return check_cohort.find_problem(
            "folder", options, CASE, PARTS, False, unlisted_names=[], owners={}
        )

    assert problem_now() == ""
    (place / CASE / NAMES["t1"] if what == "file" else place / CASE).chmod(0)
    become_nobody()
    problem = problem_now()
    assert "expected the right to read" in problem
    assert "change its permissions" in problem


def test_a_full_disk_stops_the_run_and_leaves_no_half_file(tmp_path, monkeypatch):
    """The kernel's own full device stands in the place of the temporary file."""
    path, row = tmp_path / "a.nii.gz", tmp_path / "row.csv"

    class OnFullDisk(TemporaryDirectory):
        def __enter__(self):
            Path(self.name, path.name).symlink_to("/dev/full")
            return self.name

    monkeypatch.setattr(files, "TemporaryDirectory", OnFullDisk)
    with (
        pytest.raises(OSError, match="expected room for .*a.nii.gz, found the disk full") as raised,
        case_quality_record(CASE, "a step", quality=row, outputs=[path], on_bad_case="exclude"),
    ):
        write_image(path, some_scan(), Grid(SHAPE, np.eye(4)))
    assert raised.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
