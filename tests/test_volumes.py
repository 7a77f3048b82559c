"""The manifest of a cohort: what stands in it, and that a study reads just what it names."""

import re

import numpy as np
import pandas as pd
import pytest
from nibabel.affines import from_matvec

from collect_cohort import main as collect_cohort
from glioma_uq.cohorts.labels import LABEL_COLUMNS
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.dataset import Dataset
from glioma_uq.errors import BadInput
from glioma_uq.images import Grid, read_image, write_image
from glioma_uq.quality.rows import write_table
from glioma_uq.tables import read_table
from glioma_uq.transforms import write_matrix
from glioma_uq.volumes import Manifest, checksum, volume_path
from normalise_case import main as normalise_case

GRID = Grid((12, 14, 10), from_matvec(np.diag([3.0, 3.0, 3.0]), [-18, -21, -15]))
FILES = ("t1ce", "flair", "brain_mask", "segmentation")
STRETCH = (1.1, 1.0, 1.2)  # of the patient's brain by the registration, along x, y, z
BRAIN = np.zeros(GRID.shape, np.uint8)
BRAIN[2:-2, 2:-2, 2:-2] = 1


def normalise(
    folder, case, seed=0, brain=BRAIN, tumour=True, flair=GRID, cavity=0, unscanned=0, limits=None,
    **own_grid,
):  # fmt: skip
    """Run normalise_case on noise; without `tumour` there is no reference.

    `unscanned`: the first slices of the FLAIR, which are zeros.
    """
    native, manifest = folder / "native" / case, folder / "volumes.csv"
    native.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for name, grid in (("t1ce", GRID), ("flair", flair)):
        data = rng.random(grid.shape, np.float32)
        data[: unscanned if name == "flair" else 0] = 0
        write_image(native / f"{name}.nii.gz", data, grid)
    write_image(native / "brain.nii.gz", brain, GRID)
    write_image(native / "template.nii.gz", BRAIN, GRID)
    labels = np.where(rng.random(GRID.shape) < 0.1, 3, 0).astype(np.uint8)
    labels[:cavity] = 4
    segmentation = volume_path(manifest, case, "native_segmentation")
    if tumour:
        write_image(segmentation, labels, GRID)
    else:
        segmentation.parent.mkdir(parents=True)
        segmentation.touch()
    to_template = volume_path(manifest, case, "t1ce_to_template")
    stretch = (1.0,) * 3 if own_grid.get("on_own_grid") else STRETCH
    write_matrix(to_template, np.diag([*stretch, 1.0]))
    write_matrix(native / "identity.txt", np.eye(4))
    normalise_case(
        case=case,
        scans={name: native / f"{name}.nii.gz" for name in ("t1ce", "flair")},
        to_t1ce={"flair": native / "identity.txt"},
        t1ce_to_template=to_template,
        brain_mask=native / "brain.nii.gz",
        segmentation=segmentation,
        template=native / "template.nii.gz",
        options={"voxel_size_mm": 3.0, "margin_mm": 0.0} | own_grid.pop("options", {}),
        **own_grid,
        normalised={name: volume_path(manifest, case, name) for name in FILES},
        quality=folder / "quality" / f"{case}.csv",
        limits=limits
        or ({} if "on_own_grid" in own_grid else {"tumour_outside_brain_ml": [None, 0.0]}),
        on_bad_case="exclude",
        coding=CANONICAL,
    )


def test_without_registration_voxels_stay_where_they_are(tmp_path):
    """Each voxel is its own z-score, each label itself, on the grid of the scans."""
    normalise(tmp_path, "a", on_own_grid=True)
    native, manifest = tmp_path / "native/a", tmp_path / "volumes.csv"
    brain = BRAIN > 0
    for name in ("t1ce", "flair"):
        scan = read_image(native / f"{name}.nii.gz").data
        found = read_image(volume_path(manifest, "a", name))
        assert found.grid.shape == GRID.shape
        np.testing.assert_array_equal(found.grid.affine, GRID.affine)
        expected = (scan - scan[brain].mean()) / scan[brain].std()
        np.testing.assert_allclose(found.data[brain], expected[brain], atol=2e-6)
        assert (found.data[~brain] == 0).all()
    found, expected = (
        read_image(volume_path(manifest, "a", name)).data
        for name in ("segmentation", "native_segmentation")
    )
    np.testing.assert_array_equal(found, expected)


def test_a_resection_cavity_is_kept_and_in_no_volume_of_the_tumour(tmp_path):
    normalise(tmp_path, "a", on_own_grid=True, cavity=4)
    kept, native = (
        read_image(volume_path(tmp_path / "volumes.csv", "a", name)).data
        for name in ("segmentation", "native_segmentation")
    )
    np.testing.assert_array_equal(kept, native)
    assert (native[:4] == 4).all()
    row = read_table(tmp_path / "quality/a.csv")
    tumour = native == 3
    assert row["wt_mm3"].item() == row["et_mm3"].item() == 27 * tumour.sum()
    outside = 27 * (tumour & (BRAIN == 0)).sum() / 1000
    assert row["tumour_outside_brain_ml"].item() == pytest.approx(outside, abs=0.005)


SHIFTED = Grid(GRID.shape, GRID.affine + np.eye(4)[:, [3, 3, 3, 0]] * [0, 0, 0, 1.0])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"flair": SHIFTED}, "expected the flair on the grid of the T1CE"),
        ({"options": {"voxel_size_mm": 2.0}}, "expected voxels of 2 mm, .* found 3 x 3 x 3 mm"),
    ],
)
def test_without_registration_a_case_with_another_grid_is_left_out(tmp_path, change, found):
    normalise(tmp_path, "a", on_own_grid=True, **change)
    assert re.search(found, read_table(tmp_path / "quality/a.csv")["reason"].item())


def collect(folder, cases=("a", "b", "c")):
    """Run collect_cohort; return the path of the manifest."""
    known = {"source": "here", "idh": 1, "1p19q": 0, "grade": -1, "problem": ""}
    rows = [{"case": case, "patient": f"patient of {case}", **known} for case in cases]
    write_table(folder / "labels.csv", [*LABEL_COLUMNS, "problem"], rows)
    collect_cohort(
        labels=folder / "labels.csv",
        quality=[folder / "quality" / f"{case}.csv" for case in cases],
        volumes=folder / "volumes.csv",
        excluded=folder / "excluded.csv",
        metrics=folder / "quality.csv",
    )
    return folder / "volumes.csv"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """A cohort of a, of b without a reference, and of c, which is excluded for its tiny brain."""
    folder = tmp_path_factory.mktemp("cohort")
    speck = np.zeros_like(BRAIN)
    speck[5:7, 5:7, 5:7] = 1
    normalise(folder, "a", seed=1)
    normalise(folder, "b", seed=2, tumour=False)
    normalise(folder, "c", seed=3, brain=speck)
    return collect(folder)


def test_the_manifest_has_a_row_for_each_case_that_takes_part(manifest):
    table = read_table(manifest)
    assert table.columns.tolist() == [
        "case", "patient", "session", "source", "idh", "1p19q", "grade", "imputed",
        "et_mm3", "tc_mm3", "wt_mm3", "rc_mm3", "voxel_mm", "shape", "template_scale",
        "t1ce_sha256", "flair_sha256", "brain_mask_sha256", "segmentation_sha256",
        "t1ce_to_template_sha256", "native_segmentation_sha256",
    ]  # fmt: skip
    assert table["case"].tolist() == ["a", "b"]
    assert table["patient"].tolist() == ["patient of a", "patient of b"]
    assert table["voxel_mm"].tolist() == [3.0, 3.0]
    assert table["template_scale"].tolist() == pytest.approx([1.1 * 1.2] * 2)
    excluded = pd.read_csv(manifest.parent / "excluded.csv")
    assert excluded["case"].tolist() == ["c"]
    assert "tumour_outside_brain_ml" in excluded["reason"].item()


def test_volumes_are_those_of_the_native_segmentation_to_the_voxel(manifest):
    """The registration makes the patient 1.32 times as large, and the study's voxels are coarse."""
    native = read_image(volume_path(manifest, "a", "native_segmentation"))
    table = read_table(manifest).set_index("case")
    for region in ("et", "tc", "wt"):
        counted = (native.data > 0).sum() * native.grid.voxel_volume
        assert table.at["a", f"{region}_mm3"] == pytest.approx(counted, abs=1e-3)
        assert np.isnan(table.at["b", f"{region}_mm3"])
    case = Dataset(manifest, ["t1ce"]).load("a")
    assert case.tumour_volume_mm3 == table.at["a", "wt_mm3"]
    assert case.voxel_volume_mm3 == pytest.approx(27 / 1.32)
    assert case.voxel_sizes_mm == pytest.approx((3 / 1.1, 3, 3 / 1.2))


def test_cases_on_different_grids_are_no_cohort(tmp_path):
    """A changed setting that reached some cases only: no network can be trained on both."""
    normalise(tmp_path, "a")
    normalise(tmp_path, "b", options={"voxel_size_mm": 4.0})
    with pytest.raises(BadInput) as refused:
        collect(tmp_path, ["a", "b"])
    sentence = str(refused.value)
    assert "voxels of 3 mm in 1 (as a)" in sentence
    assert "voxels of 4 mm in 1 (as b)" in sentence


def test_a_dataset_reads_what_normalisation_wrote(manifest):
    dataset = Dataset(manifest, ["t1ce", "flair"], classes=4)
    for case in ("a", "b"):
        read = dataset.load(case)
        for i, name in enumerate(("t1ce", "flair")):
            written = read_image(volume_path(manifest, case, name)).data
            np.testing.assert_array_equal(read.images[i].numpy(), written)
        assert {task: label.item() for task, label in read.labels.items()} == {
            "idh": 1, "1p19q": 0, "grade": -1,
        }  # fmt: skip
    assert dataset.has_segmentation("a")
    assert set(dataset.load("a").tumour.unique().tolist()) == {0, 3}
    assert not dataset.has_segmentation("b")
    assert dataset.load("b").tumour is None


def test_a_case_that_is_excluded_is_none_of_the_dataset(manifest):
    with pytest.raises(KeyError):
        Dataset(manifest, ["t1ce"]).load("c")


@pytest.fixture
def alone(tmp_path):
    """The manifest of case a alone, for files that a test changes."""
    normalise(tmp_path, "a", seed=1)
    return collect(tmp_path, ["a"])


def test_the_same_scans_give_the_same_manifest_and_others_another(alone, tmp_path):
    """So that training begins anew where a voxel differs, and nowhere else."""
    again, other = tmp_path / "again", tmp_path / "other"
    for folder, seed in ((again, 1), (other, 5)):
        folder.mkdir()
        normalise(folder, "a", seed=seed)
    same, changed = (collect(folder, ["a"]).read_bytes() for folder in (again, other))
    assert same == alone.read_bytes() != changed


def test_one_voxel_changes_the_checksum_of_its_file_alone(alone):
    before = {name: checksum(volume_path(alone, "a", name)) for name in FILES}
    path = volume_path(alone, "a", "flair")
    image = read_image(path)
    image.data[3, 3, 3] += 1
    write_image(path, image.data, image.grid)
    after = {name: checksum(volume_path(alone, "a", name)) for name in FILES}
    assert {name for name in FILES if before[name] != after[name]} == {"flair"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"something else", None])
def test_a_file_that_was_changed_since_is_refused_in_one_sentence(alone, name, content):
    path = volume_path(alone, "a", name)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        Dataset(alone, ["t1ce", "flair"]).load("a")
    found = "no file" if content is None else "another"
    assert str(refused.value) == (
        f"expected the checksum in volumes.csv for {path}, found {found}: "
        f"remove volumes.csv and {path.parent}, and run again."
    )


def test_a_series_that_the_study_does_not_use_may_be_anything(alone):
    volume_path(alone, "a", "flair").unlink()
    assert Dataset(alone, ["t1ce"]).load("a").images.shape[0] == 1


def test_an_empty_file_has_no_checksum(tmp_path):
    empty, full = tmp_path / "empty.nii.gz", tmp_path / "full.nii.gz"
    empty.touch()
    full.write_bytes(b"abc")
    assert checksum(empty) == ""
    assert checksum(full) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_reference_that_appears_or_vanishes_behind_the_manifest_is_refused(tmp_path):
    normalise(tmp_path, "a", seed=1)
    normalise(tmp_path, "b", seed=2, tumour=False)
    manifest = Manifest(collect(tmp_path, ["a", "b"]))
    assert [manifest.has(case, "segmentation") for case in ("a", "b")] == [True, False]
    full, empty = (volume_path(manifest.path, case, "segmentation") for case in ("a", "b"))
    assert manifest.file("b", "segmentation") == empty
    empty.write_bytes(full.read_bytes())
    full.write_bytes(b"")
    for case in ("a", "b"):
        with pytest.raises(BadInput, match="found another:"):
            manifest.file(case, "segmentation")


# Voxels that no series scanned, and what a segmentation may be.


def scored(folder, unscanned):
    """Return (z-scores, their brain, row) of a FLAIR whose `unscanned` slices are zeros."""
    normalise(folder, "a", on_own_grid=True, unscanned=unscanned)
    flair, brain = (
        read_image(volume_path(folder / "volumes.csv", "a", name)).data
        for name in ("flair", "brain_mask")
    )
    return flair, brain > 0, read_table(folder / "quality/a.csv").iloc[0]


def test_slices_that_were_not_scanned_are_no_part_of_mean_and_sd(tmp_path):
    found, brain, row = scored(tmp_path / "cut", 4)
    whole, _, all_there = scored(tmp_path / "whole", 0)
    there = brain & (np.arange(GRID.shape[0])[:, None, None] >= 4)
    assert (found[~there] == 0).all()
    assert found[there].mean() == pytest.approx(0, abs=1e-6)
    assert found[there].std() == pytest.approx(1, abs=1e-6)
    assert row["flair_brain_covered"] == round(there.sum() / brain.sum(), 4) == 0.75
    assert all_there["flair_brain_covered"] == row["t1ce_brain_covered"] == 1
    assert whole[brain & ~there].all()


def test_a_series_that_covers_too_little_of_the_brain_excludes_the_case(tmp_path):
    limits = {"brain_covered": [0.8, None]}
    normalise(tmp_path, "a", on_own_grid=True, unscanned=4, limits=limits)
    row = read_table(tmp_path / "quality/a.csv").iloc[0]
    assert row["reason"].startswith("expected flair_brain_covered (FLAIR: share of the brain that")
    assert row["metric"] == "flair_brain_covered"


def test_a_series_beside_the_brain_excludes_the_case(tmp_path):
    far = Grid(GRID.shape, from_matvec(np.diag([3.0] * 3), [900] * 3))
    normalise(tmp_path, "a", flair=far)
    row = read_table(tmp_path / "quality/a.csv").iloc[0]
    assert row["flair_brain_covered"] == 0
    assert "expected a scan of the brain inside the study's grid, found none" in row["reason"]


def test_a_tumour_is_compared_with_the_brain_on_its_own_grid(tmp_path):
    normalise(tmp_path, "a", on_own_grid=True)
    row = read_table(tmp_path / "quality/a.csv").iloc[0]
    tumour = read_image(volume_path(tmp_path / "volumes.csv", "a", "native_segmentation")).data > 0
    brain = BRAIN > 0
    assert row["tumour_share"] == pytest.approx(tumour.sum() / brain.sum(), abs=1e-4)
    outside = (tumour & ~brain).sum() / tumour.sum()
    assert row["tumour_outside_share"] == pytest.approx(outside, abs=1e-4)
    assert row["tumour_pieces"] > 20
