"""A bad case leaves empty files and a reason; a broken machine or a bug stops the run."""

import errno

import numpy as np
import pytest

from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import ExcludedBefore, Grid, Image
from glioma_uq.quality import (
    EARLIER,
    check_brain_volume,
    check_dice,
    foreground,
    mutual_information,
    one_case,
    overlap_with_template,
    read_rows,
)


def run(tmp_path, error=None, on_bad_case="exclude"):
    """Run a step that measures 3, writes its first output and then raises `error`."""
    outputs = [tmp_path / "a.nii.gz", tmp_path / "deep" / "b.nii.gz"]
    row = tmp_path / "row.csv"
    with one_case("c1", "step", quality=row, outputs=outputs, on_bad_case=on_bad_case) as figures:
        figures["volume"] = 3
        outputs[0].write_text("image")
        if error:
            raise error
    return outputs, read_rows(row)[0]


def test_a_good_case_keeps_its_outputs_and_its_figures(tmp_path):
    outputs, row = run(tmp_path)
    assert outputs[0].read_text() == "image"
    assert row == {"case": "c1", "step": "step", "reason": "", "volume": "3"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadCase("expected x, found y, do z"), "expected x, found y, do z"),
        (RuntimeError("ITK:\n  no overlap"), "step: RuntimeError: ITK: no overlap"),
        (np.linalg.LinAlgError("singular"), "step: LinAlgError: singular"),
        (ExcludedBefore("x"), EARLIER),
    ],
)
def test_a_bad_case_leaves_empty_files_and_its_reason(tmp_path, error, reason):
    outputs, row = run(tmp_path, error)
    assert [path.stat().st_size for path in outputs] == [0, 0]
    assert row["reason"] == reason
    assert row["volume"] == "3"


@pytest.mark.parametrize(
    "error",
    [
        BadInput("no weights"),
        MemoryError(),
        KeyboardInterrupt(),
        OSError(errno.ENOSPC, "disk full"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        ModuleNotFoundError("ants"),
        TypeError("a bug"),
    ],
)
def test_what_is_not_the_cases_fault_stops_the_run(tmp_path, error):
    with pytest.raises(type(error)):
        run(tmp_path, error)
    assert not (tmp_path / "row.csv").exists()


def test_on_request_a_bad_case_stops_the_run(tmp_path):
    with pytest.raises(BadCase, match="c1: step: RuntimeError: no overlap"):
        run(tmp_path, RuntimeError("no overlap"), on_bad_case="stop")


def test_volume_and_dice_have_limits():
    check_brain_volume(1500, [700, 2300])
    with pytest.raises(BadCase, match="brain mask of 700 to 2300 ml, found 650 ml"):
        check_brain_volume(650, [700, 2300])
    check_dice(0.86, 0.85)
    with pytest.raises(BadCase, match="a Dice of 0.85 or more, found 0.730"):
        check_dice(0.73, 0.85)
    with pytest.raises(BadCase):
        check_dice(float("nan"), 0.85)


def test_mutual_information_is_entropy_with_itself_and_nothing_with_chance():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, 20000)
    assert mutual_information(values, values) == pytest.approx(np.log(4), abs=0.01)
    assert mutual_information(values, (values * 3 + 1) % 4) == pytest.approx(np.log(4), abs=0.01)
    assert mutual_information(values, rng.permutation(values)) < 0.01


def test_mutual_information_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    first = np.repeat(np.arange(8), 100)
    second = (first + rng.integers(0, 3, 800)) % 8
    expected = metrics.mutual_info_score(first, second)
    assert mutual_information(first, second, bins=8) == pytest.approx(expected, abs=1e-9)


def test_the_head_is_found_with_its_air_filled():
    data = np.zeros((24, 24, 24), np.float32)
    data[4:20, 4:20, 4:20] = 100
    data[10:14, 10:14, 4:20] = 0  # a throat that is open below
    head = foreground(data)
    assert head[12, 12, 12]
    assert not head[:2].any()
    assert head[5:19, 5:19, 5:19].all()


def test_overlap_counts_only_what_was_scanned():
    fixed = Image(np.ones((10, 10, 10), bool), Grid((10, 10, 10), np.eye(4)))
    half = Image(np.ones((10, 10, 5), bool), Grid((10, 10, 5), np.eye(4)))
    assert overlap_with_template(fixed, half, np.eye(4)) == 1
