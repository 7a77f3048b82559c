"""A failure that a library reports on a scan is a bad case; what no step foresaw stops the run."""

import errno

import numpy as np
import pytest
from scans import CASE, inside, whole_case

import coregister
import import_case
import strip_skull
from glioma_uq.errors import BadCase, BadInput, bad_case_on, printable, reading_case_file
from glioma_uq.images import Grid, write_image

SENTENCE = ("a scan", "that it failed", "look at it")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("ITK (0x55b2):\n  no overlap"), "ITK : no overlap"),
        (RuntimeError("a \x1b[31mred\x00 word"), r"a \x1b[31mred\x00 word"),
        (RuntimeError(), "RuntimeError"),
        (NotImplementedError("a kind of RuntimeError"), "a kind of RuntimeError"),
    ],
)
def test_a_foreseen_failure_is_a_bad_case_with_the_librarys_reason(error, reason):
    with pytest.raises(BadCase) as caught, bad_case_on(RuntimeError, *SENTENCE):
        raise error
    assert str(caught.value) == f"expected a scan, found that it failed ({reason}), look at it"
    assert caught.value.__cause__ is error


PASSING = [
    BadInput("no weights"),
    BadCase("expected x, found y, do z"),
    MemoryError(),
    RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    OSError(errno.ENOSPC, "disk full"),
    OSError(errno.EIO, "disk failing"),
    ModuleNotFoundError("ants"),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_the_machines_fault_and_what_has_its_sentence_already_pass_through(error):
    with pytest.raises(type(error)) as caught, bad_case_on(Exception, *SENTENCE):
        raise error
    assert caught.value is error


def test_another_error_than_the_foreseen_passes_through():
    with pytest.raises(TypeError), bad_case_on((RuntimeError, ValueError), *SENTENCE):
        raise TypeError("a bug")


QUOTING = ValueError("could not convert string to float: 'out of memory'")  # words of the file


@pytest.mark.parametrize(
    "error", [TypeError("x"), IndexError("x"), OSError(errno.EINVAL, "seek"), QUOTING]
)
def test_whatever_reading_a_file_of_a_case_raises_is_a_bad_case(error):
    with pytest.raises(BadCase, match="look at it"), reading_case_file("a.nii", *SENTENCE):
        raise error


def test_a_file_of_a_case_that_may_not_be_read_is_named():
    with (
        pytest.raises(BadCase, match=r"the right to read a.nii, found none, ask its owner"),
        reading_case_file("a.nii", *SENTENCE),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_text_from_outside_becomes_one_line_and_nothing_of_it_is_lost():
    assert printable("T2\r\n Ödem\x1b$B\x00\udcfc") == r"T2   Ödem\x1b$B\x00\udcfc"


# A bug is planted in a function of ours that a step's `main` calls.

BUGS = [ValueError("planted"), RuntimeError("planted"), ZeroDivisionError("planted")]


def planted(bug):
    def function(*arguments, **options):
        raise bug

    return function


def written(folder):
    return [path for path in folder.rglob("*") if path.suffix == ".csv" or not path.stat().st_size]


@pytest.mark.parametrize("bug", BUGS, ids=repr)
@pytest.mark.parametrize("where", ["to_canonical", "check_values", "tilt_deg"])
def test_a_bug_in_import_case_stops_the_run_and_excludes_nobody(tmp_path, monkeypatch, where, bug):
    cohort = whole_case(tmp_path)
    monkeypatch.setattr(import_case, where, planted(bug))
    with pytest.raises(type(bug), match="planted"):
        inside(cohort)
    assert written(tmp_path / "raw") == []


@pytest.fixture
def scan(tmp_path):
    """The path of a T1CE with a bright cube in it."""
    data = np.zeros((12, 14, 10), np.float32)
    data[3:8, 4:9, 2:7] = 5
    write_image(tmp_path / "t1ce.nii.gz", data, Grid(data.shape, np.diag([2.0, 2, 2, 1])))
    return tmp_path / "t1ce.nii.gz"


@pytest.mark.parametrize("bug", BUGS, ids=repr)
def test_a_bug_in_strip_skull_stops_the_run_and_excludes_nobody(tmp_path, monkeypatch, scan, bug):
    monkeypatch.setattr("glioma_uq.skull_stripping.stripped.background", planted(bug))
    monkeypatch.setitem(strip_skull.READERS, "own_mask", lambda path: None)
    out = tmp_path / "out"
    with pytest.raises(type(bug), match="planted"):
        strip_skull.main(
            case=CASE, t1ce=scan, brain_mask=out / "mask.nii.gz", quality=out / "row.csv",
            method="none", options={}, limits={}, on_bad_case="exclude", own_mask="none",
        )  # fmt: skip
    assert written(out) == []


@pytest.mark.parametrize("bug", BUGS, ids=repr)
@pytest.mark.parametrize("where", ["from_itk", "to_ants"])
def test_a_bug_beside_the_call_of_ants_stops_the_run(tmp_path, monkeypatch, scan, where, bug):
    pytest.importorskip("ants")
    monkeypatch.setattr(f"glioma_uq.registration.ants.{where}", planted(bug))
    out = tmp_path / "out"
    options = {"voxel_size_mm": 2, "levels": [{"shrink": 1, "smoothing": 0, "iterations": 1}]}
    with pytest.raises(type(bug), match="planted"):
        coregister.main(
            case=CASE, t1ce=scan, series={"t1": scan}, matrices={"t1": out / "t1.txt"}, seed=1,
            options=options, limits={}, on_bad_case="exclude", quality=out / "row.csv",
        )  # fmt: skip
    assert written(out) == []
