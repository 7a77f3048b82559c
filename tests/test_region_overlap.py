"""Voxels of predicted regions, counted: worked examples, laws, and the rule of 500 voxels."""

import numpy as np
import pandas as pd
import pytest
from manifest import write_case, write_manifest
from nibabel.affines import from_matvec

import measure_overlap
from glioma_uq.errors import BadInput
from glioma_uq.images import Grid, Image, write_image
from glioma_uq.overlap.lesions import ONE_TO_ONE
from glioma_uq.overlap.masks import dice
from glioma_uq.overlap.regions import COLUMNS, few_enhancing_to_core, overlap_row
from glioma_uq.subregions import CAVITY, REGIONS, in_region
from glioma_uq.transforms import resample_labels, write_matrix
from glioma_uq.volumes import CHECKSUM, PLACES, Manifest, checksum, volume_path

CORE, OEDEMA, ENHANCING = 1, 2, 3


def masks(seed=0, share=0.3):
    rng = np.random.default_rng(seed)
    return [rng.random((6, 5, 4)) < share for _ in range(2)]


def test_a_worked_example():
    predicted, reference, brain = (np.zeros((4, 5, 1), dtype=bool) for _ in range(3))
    reference[0, :4], predicted[0, 1:], predicted[3, 0], brain[:2] = True, True, True, True
    row = overlap_row(predicted, reference, brain, voxel_volume_mm3=8.0)
    assert [row[name] for name in ("tp", "fp", "fn", "tn")] == [3, 2, 1, 14]
    assert (row["fp_in_brain"], row["brain_voxels"]) == (1, 10)
    assert row["dice"] == 2 * 3 / (2 * 3 + 2 + 1)
    assert (row["tpr"], row["fpr"], row["fpr_in_brain"]) == (3 / 4, 2 / 16, 1 / 6)
    assert (row["reference_volume_mm3"], row["predicted_volume_mm3"]) == (32.0, 40.0)


@pytest.mark.parametrize("seed", range(3))
def test_every_voxel_is_counted_once_and_dice_is_that_of_the_samplers(seed):
    predicted, reference = masks(seed)
    brain = np.ones_like(predicted)
    row = overlap_row(predicted, reference, brain, 1.0)
    tp, fp, fn, tn = (row[name] for name in ("tp", "fp", "fn", "tn"))
    assert tp + fp + fn + tn == reference.size
    assert row["dice"] == 2 * tp / (2 * tp + fp + fn) == dice(predicted, reference)
    assert row["fpr_in_brain"] == row["fpr"]


@pytest.mark.parametrize(("predicted", "expected"), [(False, 1.0), (True, 0.0)])
def test_an_empty_reference_has_a_dice_and_no_tpr(predicted, expected):
    reference = np.zeros((2, 2, 2), dtype=bool)
    row = overlap_row(np.full_like(reference, predicted), reference, ~reference, 1.0)
    assert row["dice"] == expected
    assert np.isnan(row["tpr"])
    assert row["fpr"] == float(predicted)


@pytest.mark.parametrize(
    ("voxels", "voxel_volume", "kept"),
    [(500, 1.0, True), (499, 1.0, False), (63, 8.0, True), (62, 8.0, False)],
)
def test_fewer_than_500_enhancing_voxels_of_1_mm3_become_core(voxels, voxel_volume, kept):
    labels = np.zeros(1000, dtype=np.uint8)
    labels[:voxels], labels[voxels : voxels + 10] = ENHANCING, OEDEMA
    found = few_enhancing_to_core(labels, voxel_volume)
    assert (found == ENHANCING).sum() == (voxels if kept else 0)
    assert (found == CORE).sum() == (0 if kept else voxels)
    assert (found == OEDEMA).sum() == 10
    assert found.dtype == np.uint8
    assert (labels == ENHANCING).sum() == voxels


def test_the_rule_moves_the_enhancing_tumour_alone():
    labels = np.random.default_rng(0).integers(0, 4, (5, 5, 5)).astype(np.uint8)
    moved = few_enhancing_to_core(labels, 1.0)
    assert not in_region(moved, "et").any()
    for region in ("tc", "wt"):
        assert (in_region(moved, region) == in_region(labels, region)).all()


def written_study(folder, grids=None, larger=1.0):
    """Write two cases, of which B has no reference; return the arguments of the step.

    `larger`: how much longer the registration made each axis.
    """
    grid = Grid((4, 4, 4), from_matvec(np.diag([2.0, 2.0, 2.0])))
    reference = np.zeros(grid.shape, dtype=np.uint8)
    reference[:2, :2, :2], reference[3, 3, 3] = ENHANCING, OEDEMA
    predicted = np.where(reference == OEDEMA, 0, reference).astype(np.uint8)
    labels = folder / "maps" / "A" / "passes-001" / "labels.nii.gz"
    labels.parent.mkdir(parents=True)
    write_image(labels, predicted, grids or grid)
    brain = np.ones(grid.shape, dtype=np.uint8)
    write_case(folder, "A", grid.affine, segmentation=reference, brain_mask=brain)
    write_case(folder, "B", segmentation=None)
    splits = pd.DataFrame({"case": ["A", "B"], "fold": 1, "split": "test"})
    splits.to_csv(folder / "folds.csv", index=False)
    return {
        "volumes": write_manifest(folder, template_scale=larger**3), "splits": folder / "folds.csv",
        "maps": [str(folder / "maps")] * 2, "folds": [1, 1], "seeds": [1, 2], "passes": "1",
        "regions": list(REGIONS),
        "overlap": folder / "overlap.csv", "lesions": folder / "lesions.csv",
    }  # fmt: skip


def test_the_step_writes_a_row_for_each_seed_region_and_rule(tmp_path):
    study = written_study(tmp_path)
    write_manifest(tmp_path, template_scale=1.0, patient="P")
    measure_overlap.main(**study)
    overlap, lesions = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("overlap", "lesions"))
    assert (overlap.columns[1], lesions.columns[1]) == ("patient", "patient")
    assert set(overlap["patient"]) == set(lesions["patient"]) == {"P"}
    assert overlap.columns.tolist() == [*COLUMNS, *ONE_TO_ONE]
    assert overlap.groupby(["seed", "region", "rule"]).size().tolist() == [1] * 12
    assert overlap["case"].unique().tolist() == ["A"]
    first = overlap[overlap["seed"] == 1].set_index(["region", "rule"])
    assert first.loc[("et", "none"), "dice"] == 1
    assert first.loc[("et", "et500"), "dice"] == 0  # 8 voxels of 8 mm3 are fewer than 500 mm3
    assert first.loc[("wt", "none"), "fn"] == 1
    assert first.loc[("et", "none"), "reference_volume_mm3"] == 64
    whole = lesions[(lesions["region"] == "wt") & (lesions["rule"] == "none")]
    assert whole[whole["seed"] == 2]["found"].tolist() == [True, False]
    assert first.loc[("wt", "none"), [*ONE_TO_ONE]].tolist() == [1, 0, 1, 1]
    assert first.loc[("et", "et500"), [*ONE_TO_ONE]].tolist() == [0, 0, 1, 0]


def test_a_study_of_the_resection_cavity_has_its_overlap_beside_the_same_of_the_tumour():
    rng = np.random.default_rng(0)
    predicted, reference = rng.integers(0, 5, (2, 6, 5, 4)).astype(np.uint8)
    of_case = (predicted, reference, np.ones(predicted.shape, bool), 1.0)
    found, _ = measure_overlap.measure_case(*of_case, [*REGIONS, *CAVITY])
    without = [np.where(labels == 4, 0, labels) for labels in (predicted, reference)]
    plain, _ = measure_overlap.measure_case(*without, *of_case[2:], list(REGIONS))
    assert [row for row in found if row["region"] != "rc"] == plain
    cavities = [row for row in found if row["region"] == "rc"]
    assert [row["rule"] for row in cavities] == ["none", "et500"]
    assert {row["dice"] for row in cavities} == {dice(predicted == 4, reference == 4)}


def test_volumes_are_those_before_registration_stretched_the_brain(tmp_path):
    """8 voxels of 8 mm³ in a brain that became twice as long on every axis were 8 mm³."""
    measure_overlap.main(**written_study(tmp_path, larger=2.0))
    overlap, lesions = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("overlap", "lesions"))
    of_et = overlap[(overlap["region"] == "et") & (overlap["rule"] == "none")]
    for table, column in (
        (of_et, "reference_volume_mm3"), (of_et, "predicted_volume_mm3"),
        (lesions[(lesions["region"] == "et") & (lesions["rule"] == "none")], "volume_mm3"),
    ):  # fmt: skip
        assert table[column].tolist() == [8, 8]


def test_labels_on_another_grid_are_refused(tmp_path):
    moved = Grid((4, 4, 4), from_matvec(np.diag([2.0, 2.0, 2.0]), [5, 0, 0]))
    with pytest.raises(BadInput, match="expected the grid of .*brain_mask.nii.gz"):
        measure_overlap.main(**written_study(tmp_path, moved))


def test_a_small_tumour_keeps_its_size_and_its_lesions_where_the_studys_grid_loses_them(tmp_path):
    """Two lesions of 8 and 27 mm³ in the patient, one voxel apart: on 4 mm voxels there are none.

    The prediction has them in one voxel of 4 mm, which is 48.5 mm³ in this patient.
    """
    to_template, grid = np.diag([1.1, 1.0, 1.2, 1.0]), Grid((24, 24, 24), np.eye(4))
    native = np.zeros(grid.shape, np.uint8)
    native[8:10, 8:10, 8:10] = native[11:14, 8:11, 8:11] = ENHANCING
    coarse = Grid((8, 8, 8), from_matvec(np.diag([4.0, 4.0, 4.0])))
    reference = resample_labels(Image(native, grid), coarse, to_template)
    assert not reference.any()
    predicted = np.zeros(coarse.shape, np.uint8)
    predicted[2, 2, 2] = ENHANCING
    write_case(tmp_path, "A", coarse.affine, segmentation=reference,
               brain_mask=np.ones(coarse.shape, np.uint8))  # fmt: skip
    manifest = write_manifest(tmp_path)
    for name, write in (
        ("native_segmentation", lambda path: write_image(path, native, grid)),
        ("t1ce_to_template", lambda path: write_matrix(path, to_template)),
    ):
        write(volume_path(manifest, "A", name))
    table = pd.read_csv(manifest)
    for name in PLACES:
        table[f"{name}{CHECKSUM}"] = checksum(volume_path(manifest, "A", name))
    table.to_csv(manifest, index=False)
    labels = tmp_path / "labels.nii.gz"
    write_image(labels, predicted, coarse)
    of_case = measure_overlap.read_case("A", labels, Manifest(manifest))
    overlaps, lesions = measure_overlap.measure_case(*of_case, list(REGIONS))
    et = next(row for row in overlaps if (row["region"], row["rule"]) == ("et", "none"))
    assert et["reference_volume_mm3"] == 8 + 27
    assert et["tn"] + et["fp"] + et["fn"] + et["tp"] == 24**3
    inside = np.indices(grid.shape).reshape(3, -1) * np.diag(to_template)[:3, None]
    carried = (np.floor(inside / 4 + 0.5) == 2).all(axis=0).reshape(grid.shape)
    assert et["predicted_volume_mm3"] == carried.sum()
    assert et["dice"] == dice(carried, native > 0)
    found = [row for row in lesions if row["region"] == "et" and row["rule"] == "none"]
    assert [row["volume_mm3"] for row in found] == [27, 8]
