"""Seeds, files, logs, paths, overlap, tables: small laws."""

import os
import stat
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from glioma_uq.files import no_link, temporary_beside, written_whole
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.logs import log_to, progress
from glioma_uq.overlap.masks import dice
from glioma_uq.seeds import seed_for
from glioma_uq.tables import append_rows, read_table, write_table


def test_seeds_are_named_and_stable():
    assert seed_for(1, "train", "0.25", 3) == 7644420429982681668
    assert seed_for(1, "a", "b") != seed_for(1, "ab")
    assert 0 <= seed_for(2026, "x") < 2**63


def test_torch_uses_the_lower_32_bits_of_a_seed_and_numpy_all():
    """What the docstring of `seeds` says is lost."""
    seed = seed_for(1, "mask")
    other = seed ^ 2**40
    torch_ones, numpy_ones = (
        [make(s) for s in (seed, other, seed ^ 1)]
        for make in (
            lambda s: torch.rand(4, generator=torch.Generator().manual_seed(s)).tolist(),
            lambda s: np.random.default_rng(s).random(4).tolist(),
        )
    )
    assert torch_ones[0] == torch_ones[1] != torch_ones[2]
    assert len({tuple(values) for values in numpy_ones}) == 3


def test_rates_and_passes_have_one_form():
    assert (format_rate(0.2), format_rate(0.25), format_passes(5)) == ("0.20", "0.25", "005")


def test_a_failed_write_leaves_nothing_and_spares_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_temporary_file_keeps_the_ending_that_libraries_read(tmp_path):
    with written_whole(tmp_path / "a.nii.gz") as temporary:
        assert temporary.name == "a.nii.gz"
        temporary.write_text("x")
    assert (tmp_path / "a.nii.gz").read_text() == "x"


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_files_have_the_rights_that_the_umask_leaves(tmp_path, umask):
    path = tmp_path / "cohort" / "face.nii.gz"
    before = os.umask(umask)
    try:
        with written_whole(path) as temporary:
            assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700
            temporary.write_text("x")
        with open(path.with_suffix(".part"), "wb", opener=no_link) as file:
            file.write(b"x")
    finally:
        os.umask(before)
    for written in (path, path.with_suffix(".part")):
        assert stat.S_IMODE(written.stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o777 & ~umask


def test_links_that_wait_under_a_temporary_name_lead_nowhere(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "table.csv"
    victim.write_text("theirs")
    for name in (temporary_beside(path).name, temporary_beside(path).name.removesuffix(".")):
        (tmp_path / name).symlink_to(victim)
    with written_whole(path) as temporary:
        assert not temporary.exists()
        temporary.write_text("ours")
    (tmp_path / "link.part").symlink_to(victim)
    for mode in ("wb", "ab"):
        with (
            pytest.raises(OSError, match="symbolic links"),
            open(tmp_path / "link.part", mode, opener=no_link) as file,
        ):
            file.write(b"ours")
    assert (path.read_text(), victim.read_text()) == ("ours", "theirs")


def test_a_result_that_is_a_link_is_replaced_and_not_written_through(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "table.csv"
    victim.write_text("theirs")
    path.symlink_to(victim)
    with written_whole(path) as temporary:
        temporary.write_text("ours")
    assert (path.read_text(), victim.read_text()) == ("ours", "theirs")
    assert not path.is_symlink()


def test_leftovers_that_are_links_are_not_followed(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "table.csv").write_text("theirs")
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = temporary_beside(tmp_path / "table.csv", ended.pid)
    left.with_name(f"{left.name}abc").symlink_to(tmp_path / "theirs")
    with written_whole(tmp_path / "table.csv") as temporary:
        temporary.write_text("ours")
    assert (tmp_path / "theirs" / "table.csv").read_text() == "theirs"


def test_a_log_holds_what_is_printed_and_ends_with_the_true_error(tmp_path):
    log = tmp_path / "logs" / "job.log"
    with pytest.raises(ZeroDivisionError), log_to(log):
        print("before")
        print("warned", file=sys.stderr)
        1 / 0
    lines = log.read_text().splitlines()
    assert lines[:2] == ["before", "warned"]
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_log_is_not_written_through_a_link(tmp_path):
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "job.log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), log_to(tmp_path / "job.log"):
        print("ours")
    assert (tmp_path / "victim").read_text() == "theirs"


def test_progress_yields_all_and_says_how_far(capsys):
    assert list(progress(["a", "b"], "cases")) == ["a", "b"]
    assert "2 of 2 cases" in capsys.readouterr().out


@pytest.mark.parametrize("as_mask", [np.array, torch.tensor])
def test_dice_of_small_masks(as_mask):
    a = as_mask([True, True, False, False])
    assert (dice(a, a), dice(a, ~a)) == (1, 0)
    assert dice(a, as_mask([True, False, False, False])) == pytest.approx(2 / 3)
    assert dice(a & ~a, a & ~a) == 1


def test_dice_of_empty_masks():
    full, empty = torch.ones(2, 2, dtype=torch.bool), torch.zeros(2, 2, dtype=torch.bool)
    assert (dice(full, full), dice(empty, empty), dice(full, empty)) == (1.0, 1.0, 0.0)


def test_tables_keep_ids_and_digits(tmp_path):
    table = pd.DataFrame({"case": ["001", "NA"], "value": [0.1 + 0.2, float("nan")]})
    write_table(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)


def test_rows_are_appended_under_one_header(tmp_path):
    for row in ({"case": "a", "x": 1}, {"case": "b", "x": 2}):
        append_rows([row], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "case,x\na,1\nb,2\n"
