"""Seeds, files, logs, paths, overlap, tables: small laws."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from glioma_uq.files import written_whole
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
        assert temporary.name.endswith(".a.nii.gz")
        temporary.write_text("x")
    assert (tmp_path / "a.nii.gz").read_text() == "x"


def test_a_log_holds_what_is_printed_and_ends_with_the_true_error(tmp_path):
    log = tmp_path / "logs" / "job.log"
    with pytest.raises(ZeroDivisionError), log_to(log):
        print("before")
        print("warned", file=sys.stderr)
        1 / 0
    lines = log.read_text().splitlines()
    assert lines[:2] == ["before", "warned"]
    assert lines[-1] == "ZeroDivisionError: division by zero"


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
