"""The authors' preprocessing beside ours, step by step, and choices that do not go together."""

import numpy as np
import pytest
from scipy import ndimage
from workflows import rules_in, snakemake, write_config

pytest.importorskip("ants")
from coregister import main as coregister
from correct_bias_field import main as correct_bias_field
from glioma_uq.bias_field import fit_bias_field
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.configuration.validation import faults_of_preprocessing, refuse
from glioma_uq.errors import BadInput
from glioma_uq.images import Grid, Image, read_image, read_mask, write_image
from glioma_uq.quality.rows import read_rows
from glioma_uq.registration import register
from glioma_uq.seeds import seed_for
from glioma_uq.transforms import read_matrix, resample, write_matrix
from normalise_case import main as normalise_case
from register_to_template import only_brain

N4 = {"voxel_size_mm": 12.0, "iterations": [10]}
RUN = {"case": "P1", "on_bad_case": "exclude", "limits": {}}


@pytest.fixture(scope="module")
def head():
    """A shaded ellipsoid with smooth structure inside, 6 mm voxels."""
    shape = (30, 34, 30)
    place = (np.indices(shape).T - np.array(shape) / 2).T / np.array([11, 13, 11])[
        :, None, None, None
    ]
    inside = np.square(place).sum(0) < 1
    texture = ndimage.gaussian_filter(np.random.default_rng(2).standard_normal(shape), 1.5)
    data = inside * (300 + 400 * texture) * np.exp(0.2 * place[0])
    affine = np.diag([6.0, 6, 6, 1])
    affine[:3, 3] = -90, -102, -90
    return Image(np.clip(data, 0, None).astype(np.float32), Grid(shape, affine))


def shifted(*millimetres):
    matrix = np.eye(4)
    matrix[:3, 3] = millimetres
    return matrix


def row(path):
    return read_rows(path)[0]


def test_without_n4_scans_are_copied_as_they_are(tmp_path, head):
    """Negative intensities, as of z-scored scans, pass."""
    raw, copied = tmp_path / "raw.nii.gz", tmp_path / "t1ce.nii.gz"
    write_image(raw, head.data - 100, head.grid)
    files = {"scans": {"t1ce": raw}, "corrected": {"t1ce": copied}, "quality": tmp_path / "q.csv"}
    correct_bias_field(**RUN, **files, options=None)
    assert copied.read_bytes() == raw.read_bytes()
    assert row(files["quality"])["t1ce_voxel_mm"] == "6 x 6 x 6"
    assert float(row(files["quality"])["t1ce_intensity_low"]) == -100
    correct_bias_field(**RUN, **files, options=N4)
    assert copied.stat().st_size == 0
    assert "set preprocessing.bias_field to null if the scans" in row(files["quality"])["reason"]


def test_the_authors_divide_each_series_by_the_t1s_field(tmp_path, head):
    """Here the T1 lies one voxel along x from the T1CE, and so does its field."""
    names = ("t1", "t1ce")
    scans = {name: tmp_path / f"{name}.nii.gz" for name in names}
    corrected = {name: tmp_path / f"corrected_{name}.nii.gz" for name in names}
    for path in scans.values():
        write_image(path, head.data, head.grid)
    write_matrix(tmp_path / "t1_to_t1ce.txt", shifted(6, 0, 0))
    correct_bias_field(
        **RUN, scans=scans, corrected=corrected, options=N4, quality=tmp_path / "q.csv",
        to_t1ce={"t1": tmp_path / "t1_to_t1ce.txt"},
    )  # fmt: skip
    field = fit_bias_field(head, **N4)
    expected = {"t1": field, "t1ce": np.roll(field, 1, 0)}
    for name in names:
        ours = read_image(corrected[name]).data
        np.testing.assert_allclose((ours * expected[name])[1:], head.data[1:], rtol=1e-4)


def test_the_authors_register_each_series_straight_to_its_template(tmp_path, head):
    levels = [{"shrink": 1, "smoothing": 0, "iterations": 30}]
    options = {"levels": levels, "voxel_size_mm": 6.0, "engine": "ants"}
    moved = resample(head, head.grid, shifted(5, -4, 3))
    for name, data in (("template", head.data), ("t1ce", head.data), ("t2", moved)):
        write_image(tmp_path / f"{name}.nii.gz", data, head.grid)
    write_matrix(tmp_path / "t1ce_to_template.txt", shifted(1, 2, 3))
    coregister(
        **RUN, t1ce=tmp_path / "t1ce.nii.gz", series={"t2": tmp_path / "t2.nii.gz"},
        matrices={"t2": tmp_path / "t2_to_t1ce.txt"}, options=options, seed=5,
        quality=tmp_path / "q.csv", templates={"t2": tmp_path / "template.nii.gz"},
        t1ce_to_template=tmp_path / "t1ce_to_template.txt",
    )  # fmt: skip
    chain = shifted(1, 2, 3) @ read_matrix(tmp_path / "t2_to_t1ce.txt")
    straight = register(
        head, Image(moved, head.grid), kind="Affine", seed=seed_for(5, "P1", "t2"), **options
    )
    np.testing.assert_allclose(chain, straight, atol=1e-9)


@pytest.fixture
def normalised(tmp_path, head):
    """Return the step as a function of the variant that gives (scan, brain, tumour)."""
    brain, native = np.zeros(head.grid.shape), head.data > 0
    brain[8:22, 9:25, 8:22] = 1
    tumour = np.zeros(head.grid.shape)
    tumour[6:12, 14:20, 12:18] = 1  # a third of it outside the template's brain
    for name, data in (("t", brain), ("b", native), ("s", tumour)):
        write_image(tmp_path / f"{name}.nii.gz", data.astype(np.uint8), head.grid)
    write_image(tmp_path / "t1ce.nii.gz", head.data, head.grid)
    write_matrix(tmp_path / "identity.txt", np.eye(4))
    outputs = {name: tmp_path / f"out_{name}.nii.gz" for name in ("t1ce", "brain_mask")}
    outputs["segmentation"] = tmp_path / "out_segmentation.nii.gz"

    def step(variant):
        normalise_case(
            **RUN, scans={"t1ce": tmp_path / "t1ce.nii.gz"}, to_t1ce={}, variant=variant,
            t1ce_to_template=tmp_path / "identity.txt", brain_mask=tmp_path / "b.nii.gz",
            segmentation=tmp_path / "s.nii.gz", template=tmp_path / "t.nii.gz",
            options={"voxel_size_mm": 6.0, "margin_mm": 12.0}, normalised=outputs,
            quality=tmp_path / "q.csv", coding=CANONICAL,
        )  # fmt: skip
        assert row(tmp_path / "q.csv")["reason"] == ""
        scan, brain, tumour = (outputs[n] for n in ("t1ce", "brain_mask", "segmentation"))
        return read_image(scan).data, read_mask(brain).data, read_mask(tumour).data

    return step


def test_ours_keeps_each_patients_brain_and_a_background_of_0(normalised):
    scan, brain, tumour = normalised("default")
    assert not scan[~brain].any()
    assert scan[brain].mean() == pytest.approx(0, abs=1e-5)
    assert brain.sum() != 14 * 16 * 14
    assert (tumour & ~brain).sum() < tumour.sum() == 6**3


def test_the_authors_take_the_templates_brain_for_everyones(normalised):
    scan, brain, tumour = normalised("authors")
    assert brain.sum() == 14 * 16 * 14
    assert scan[brain].min() == scan[~brain].min() == scan[~brain].max()
    assert scan.mean() == pytest.approx(0, abs=1e-5)
    assert scan.std() == pytest.approx(1, abs=1e-5)
    assert tumour.sum() == 4 * 6 * 6


def test_a_z_scored_brain_stays_brighter_than_its_background(head):
    brain = head.data > 0
    assert only_brain(head, brain).data[~brain].max() == 0
    scored = Image(np.where(brain, (head.data - 300) / 80, 0).astype(np.float32), head.grid)
    alone = only_brain(scored, brain).data
    assert np.unique(alone[~brain]) == scored.data.min() < 0
    np.testing.assert_array_equal(alone[brain], scored.data[brain])


CHOICES = {
    "variant": "default",
    "skull_stripping": "template",
    "bias_field": {},
    "head_templates": {"t1": None, "t2": None},
    "clip": None,
    "quality": {"limits": {}},
    "registration": {"engine": "ants"},
}
HEADS = {"t1": "t1.nii.gz", "t2": "t2.nii.gz"}


def check_variant(choices, cohort):
    refuse(faults_of_preprocessing(choices, cohort))


@pytest.mark.parametrize(
    ("choices", "source", "sentence"),
    [
        (
            {"variant": "authors", "skull_stripping": "none"},
            "folder",
            "one mask for all cases, found none",
        ),
        ({"skull_stripping": "none"}, "phantom", "found the phantom, whose heads have skulls"),
        ({}, "folder", "expected a skull-on head template .* set it to hd-bet-v1"),
        ({"variant": "authors", "head_templates": HEADS | {"t2": None}}, "folder", "skull-on head"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(choices, source, sentence):
    cohort = {"source": source, "modalities": ["t1", "t1ce"], "missing": "exclude"}
    with pytest.raises(BadInput, match=sentence):
        check_variant(CHOICES | choices, cohort)


def test_choices_that_go_together_pass():
    phantom = {"source": "phantom", "modalities": ["t1", "t1ce"], "missing": "exclude"}
    check_variant(CHOICES, phantom)
    check_variant(CHOICES | {"variant": "authors"}, phantom)
    folder = phantom | {"source": "folder"}
    check_variant(CHOICES | {"variant": "authors", "head_templates": HEADS}, folder)
    check_variant(CHOICES | {"head_templates": HEADS | {"t2": None}}, folder)
    check_variant(CHOICES | {"skull_stripping": "hd-bet-v1"}, folder)


def test_the_authors_need_a_t1_for_their_bias_field():
    cohort = {"source": "phantom", "modalities": ["t1ce", "flair"], "missing": "exclude"}
    with pytest.raises(BadInput, match="expected t1 among cohort.modalities"):
        check_variant(CHOICES | {"variant": "authors"}, cohort)
    check_variant(CHOICES | {"variant": "authors", "bias_field": None}, cohort)


@pytest.mark.workflow
def test_the_authors_variant_runs_through_on_the_phantom(tiny_copy):
    """With the scans that are there: every step after them is another one."""
    write_config(tiny_copy, "authors.yaml", preprocessing={"variant": "authors"})
    cohort, names = "results/cohorts/tiny", ("phantom-001", "phantom-002")
    masks = [f"{cohort}/normalised/{name}/brain_mask.nii.gz" for name in names]
    before = [(tiny_copy / mask).read_bytes() for mask in masks]
    assert before[0] != before[1]
    ran = rules_in(snakemake(tiny_copy, *masks, config=("tiny.yaml", "authors.yaml")))
    assert "make_phantom_case" not in ran
    for name in names:
        assert row(tiny_copy / cohort / "normalised" / name / "normalise_case.csv")["reason"] == ""
    after = [(tiny_copy / mask).read_bytes() for mask in masks]
    assert after[0] == after[1] != before[0]
