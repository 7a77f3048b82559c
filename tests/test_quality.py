"""A bad case leaves empty files and a reason; a broken machine or a bug stops the run."""

import errno

import numpy as np
import pytest

from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import ExcludedBefore, Grid, Image
from glioma_uq.quality.image_metrics import (
    foreground,
    intensity_range,
    mutual_information,
    overlap_with_template,
    pieces,
    spread,
)
from glioma_uq.quality.rows import EARLIER, case_quality_record, mark_excluded, read_rows


def run(tmp_path, error=None, on_bad_case="exclude", limits=None, measured=(("volume", 3),)):
    """Run a step that measures 3, writes its first output and then raises `error`."""
    outputs = [tmp_path / "a.nii.gz", tmp_path / "deep" / "b.nii.gz"]
    row = tmp_path / "row.csv"
    with case_quality_record(
        "c1", "step", quality=row, outputs=outputs, on_bad_case=on_bad_case, limits=limits
    ) as metrics:
        metrics |= dict(measured)
        outputs[0].write_text("image")
        if error:
            raise error
    return outputs, read_rows(row)[0]


def test_a_good_case_keeps_its_outputs_and_its_metrics(tmp_path):
    outputs, row = run(tmp_path)
    assert outputs[0].read_text() == "image"
    assert row == {"case": "c1", "step": "step", "reason": "", "volume": "3"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadCase("expected x, found y, do z"), "expected x, found y, do z"),
        (BadCase("expected x,\n  found y"), "expected x, found y"),
        (BadCase(), "BadCase"),
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
        ModuleNotFoundError("ants"),
        *(bug("a bug") for bug in (RuntimeError, ValueError, ArithmeticError, TypeError, KeyError)),
        np.linalg.LinAlgError("of no scan that a step foresaw"),
    ],
)
def test_what_is_not_the_cases_fault_stops_the_run(tmp_path, error):
    with pytest.raises(type(error)):
        run(tmp_path, error)
    assert not (tmp_path / "row.csv").exists()


def test_on_request_a_bad_case_stops_the_run(tmp_path):
    with pytest.raises(BadCase, match="c1: expected scans that overlap"):
        run(tmp_path, BadCase("expected scans that overlap"), on_bad_case="stop")


SMALL = {"t2_mutual_information": 0.12, "brain_volume_ml": 1500.0}


def test_a_metric_outside_its_limits_excludes_the_case_and_the_row_keeps_all_metrics(tmp_path):
    limits = {"mutual_information": [0.3, None], "brain_volume_ml": [700, 2300]}
    outputs, row = run(tmp_path, limits=limits, measured=SMALL.items())
    assert [path.stat().st_size for path in outputs] == [0, 0]
    assert row.pop("reason") == (
        "expected t2_mutual_information (T2: mutual information with T1CE (nats)) of at least "
        "0.3, found 0.12, look at the quality sheet or change "
        "preprocessing.quality.limits.mutual_information"
    )
    assert row == {
        "case": "c1", "step": "step", "metric": "t2_mutual_information", "low": "0.3", "high": "",
        "t2_mutual_information": "0.12", "brain_volume_ml": "1500.0",
    }  # fmt: skip


def test_every_metric_outside_its_limits_is_told_and_the_first_one_counted(tmp_path):
    limits = {"t2_mutual_information": [0.3, 2], "brain_volume_ml": [None, 1400]}
    _, row = run(tmp_path, limits=limits, measured=SMALL.items())
    assert "of 0.3 to 2, found 0.12" in row["reason"]
    assert "; expected brain_volume_ml" in row["reason"]
    assert "of at most 1400, found 1500.0" in row["reason"]
    assert (row["metric"], row["low"], row["high"]) == ("t2_mutual_information", "0.3", "2")


def test_within_its_limits_a_case_goes_on(tmp_path):
    limits = {"mutual_information": [0.12, 0.12], "brain_volume_ml": [None, None]}
    outputs, row = run(tmp_path, limits=limits, measured=SMALL.items())
    assert outputs[0].read_text() == "image"
    assert "metric" not in row


def test_a_metric_that_is_no_number_is_outside_every_limit(tmp_path):
    _, row = run(tmp_path, limits={"volume": [0, None]}, measured=[("volume", float("nan"))])
    assert "expected volume" in row["reason"]


def test_what_a_bad_case_measured_is_not_held_against_limits(tmp_path):
    _, row = run(tmp_path, BadCase("expected x"), limits={"volume": [5, None]})
    assert row["reason"] == "expected x"


def test_on_request_a_limit_stops_the_run(tmp_path):
    with pytest.raises(BadCase, match="c1: expected volume .* of at least 5, found 3"):
        run(tmp_path, on_bad_case="stop", limits={"volume": [5, None]})


def test_the_intensity_range_leaves_out_the_rarest_voxels():
    values = np.linspace(0, 100, 10001)
    assert intensity_range(values) == pytest.approx([1, 99])


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


def test_a_scan_of_one_value_has_no_head():
    with pytest.raises(BadCase, match="expected a head, found nothing brighter"):
        foreground(np.zeros((6, 6, 6), np.float32))


def test_overlap_counts_only_what_was_scanned():
    fixed = Image(np.ones((10, 10, 10), bool), Grid((10, 10, 10), np.eye(4)))
    half = Image(np.ones((10, 10, 5), bool), Grid((10, 10, 5), np.eye(4)))
    assert overlap_with_template(fixed, half, np.eye(4)) == 1


def test_the_pieces_of_a_mask_are_the_fewest_that_hold_nearly_all_of_it():
    mask = np.zeros((20, 20, 20), bool)
    mask[2:8, 2:8, 2:8] = True
    assert pieces(mask) == 1
    mask[0, 0, 0] = mask[19, 19, 19] = True  # crumbs
    assert pieces(mask) == 1
    mask[12:16, 12:16, 12:16] = True
    assert pieces(mask) == 2
    assert pieces(np.indices((10, 10, 10)).sum(0) % 2 == 0) == 475


def test_the_spread_of_normal_z_scores():
    assert spread(np.random.default_rng(0).normal(size=100_000)) == pytest.approx(3.29, abs=0.02)


def test_what_marks_an_excluded_case_is_not_written_through_a_link(tmp_path):
    (tmp_path / "victim").write_text("theirs")
    for name, target in {"a.nii.gz": "victim", "b.nii.gz": "nothing"}.items():
        (tmp_path / name).symlink_to(tmp_path / target)
        mark_excluded([tmp_path / name])
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_bytes() == b""
    assert (tmp_path / "victim").read_text() == "theirs"
    assert not (tmp_path / "nothing").exists()
