"""The phantom's truth is true: posteriors, quotas, smooth fields, poses, and the same bytes."""

import csv
import json

import nibabel as nib
import numpy as np
import phantom_truth as measure
import pytest
from configs import read
from sklearn.metrics import roc_auc_score

import make_phantom_case
import make_phantom_labels
import make_template
from glioma_uq.cohorts.labels import LABEL_COLUMNS
from glioma_uq.errors import BadInput
from glioma_uq.overlap.masks import dice
from glioma_uq.phantom import labels as model
from glioma_uq.phantom.acquisition import CENTRE_MM, render_segmentation
from glioma_uq.phantom.anatomy import Anatomy, draw_head
from glioma_uq.phantom.fields import node_points, random_rotation, smooth_field
from glioma_uq.phantom.lesion import draw_lesion
from glioma_uq.seeds import seed_for
from glioma_uq.uncertainty import entropy

OPTIONS = dict(
    separation_subtype=1.3,
    separation_grade=1.2,
    small_share=0.15,
    missing={"idh": 0.05, "1p19q": 0.15, "grade": 0.05},
    label_flips=0.0,
)
SERIES = ("t1", "t1ce", "t2", "flair")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Paths of the template's files."""
    folder = tmp_path_factory.mktemp("template")
    compressed = ("brain", "brain_mask", "white_matter", "head")
    names = [f"{name}.nii.gz" for name in compressed] + ["tissues.nii", "distances.nii"]
    paths = {name.split(".")[0]: folder / name for name in names}
    make_template.main(**paths)
    return paths


@pytest.fixture(scope="module")
def anatomy(template):
    return Anatomy(nib.load(template["tissues"]), nib.load(template["distances"]))


def make_case(folder, template, case="phantom-002", seed=5):
    """Run the two steps at 6 mm in plane; return the folder of the case."""
    make_phantom_labels.main(
        cases=12, seed=3, options=OPTIONS, labels=folder / "labels.csv", truth=folder / "truth.csv"
    )
    make_phantom_case.main(
        case=case,
        seed=seed,
        in_plane_mm=6.0,
        slice_mm=[3.0, 5.0],
        bias_sd=0.18,
        cohort_truth=folder / "truth.csv",
        tissues=template["tissues"],
        distances=template["distances"],
        images={name: folder / f"{name}.nii.gz" for name in (*SERIES, "segmentation")},
        truth=folder / "truth.json",
    )
    return folder


@pytest.fixture(scope="module")
def case(tmp_path_factory, template):
    return make_case(tmp_path_factory.mktemp("case"), template)


@pytest.fixture(scope="module")
def truth(case):
    return json.loads((case / "truth.json").read_text())


# Labels


@pytest.mark.parametrize(
    ("subtype", "grade", "expected"),
    [(1.0, 1.2, (0.961, 0.962, 0.852)), (0.9, 1.0, (0.944, 0.942, 0.825)),
     (1.3, 1.2, (0.986, 0.987, 0.859))],
)  # fmt: skip
def test_separation_sets_the_bayes_auc(subtype, grade, expected):
    rng = np.random.default_rng(0)
    means = model.class_means(subtype, grade)
    classes = model.draw_classes(20000, rng)
    z = means[classes] + rng.standard_normal((20000, 7))
    p = model.task_probabilities(model.class_posterior(z, means))
    idh, codeleted, grades = np.array([c[1:] for c in model.CLASSES])[classes].T
    grade_p = np.stack([p[f"p_grade_{g}"] for g in model.GRADES], axis=1)
    auc = (
        roc_auc_score(idh, p["p_idh"]),
        roc_auc_score(codeleted, p["p_1p19q"]),
        roc_auc_score(grades, grade_p, multi_class="ovr"),
    )
    assert auc == pytest.approx(expected, abs=0.01)


def test_posterior_is_bayes_rule_on_normal_densities():
    from scipy.stats import multivariate_normal

    z, means = np.linspace(-1, 2, 7), model.class_means(1.3, 1.2)
    joint = model.PRIOR * [multivariate_normal.pdf(z, mean) for mean in means]
    assert model.class_posterior(z, means) == pytest.approx(joint / joint.sum())


@pytest.mark.parametrize("flips", [0.0, 0.2])
def test_true_probabilities_are_calibrated_for_the_recorded_labels(flips):
    _, rows = model.draw_cohort(20000, 1, **(OPTIONS | {"label_flips": flips}))
    p, label = np.array([(row["p_idh"], row["idh"]) for row in rows]).T
    for members in np.array_split(np.argsort(p), 10):
        assert label[members].mean() == pytest.approx(p[members].mean(), abs=0.04)


@pytest.mark.parametrize("flips", [0.0, 0.1])
@pytest.mark.parametrize("subtype", [1.0, 2.2])
def test_no_label_is_more_or_less_frequent_than_its_probability_says(subtype, flips):
    """Spiegelhalter's z (1986) of every task and grade: standard normal if calibrated."""
    options = OPTIONS | {"label_flips": flips, "separation_subtype": subtype}
    rows = model.draw_cohort(20000, 2, **options)[1]
    of_grades = ((f"p_grade_{g}", "grade", g) for g in model.GRADES)
    for column, task, value in (("p_idh", "idh", 1), ("p_1p19q", "1p19q", 1), *of_grades):
        p = np.array([row[column] for row in rows])
        y = np.array([row[task] == value for row in rows])
        z = ((y - p) * (1 - 2 * p)).sum() / np.sqrt((np.square(1 - 2 * p) * p * (1 - p)).sum())
        assert abs(z) < 3, column


def test_the_truth_of_the_demo_is_uncertain_enough_to_be_compared_with():
    """Mean true entropy of .2 nats and more, and a Bayes AUC below 1, over its own cases."""
    options = read("cohorts/phantom.yaml")["cohort"]["phantom"]
    names = [*OPTIONS, "diameter_mm"]
    seed = seed_for(2026, "phantom", "labels")  # of the default cohort.seed
    _, rows = model.draw_cohort(options["cases"], seed, **{name: options[name] for name in names})
    for task in ("idh", "1p19q"):
        p = np.array([row[f"p_{task}"] for row in rows])
        assert entropy(np.stack([p, 1 - p], axis=1)).mean() >= 0.2
        assert roc_auc_score([row[task] for row in rows], p) < 0.98


def test_quota_gives_the_largest_remainders_the_rest():
    assert model.quota([0.5, 0.3, 0.2], 4).tolist() == [2, 1, 1]
    assert model.quota(model.PRIOR, 100).tolist() == [5, 8, 35, 11, 10, 6, 13, 12]


def test_cohort_keeps_its_quotas_and_its_consistency():
    labels, truth = model.draw_cohort(80, 7, **OPTIONS)
    assert sum(row["1p19q"] for row in truth) == 20  # a quarter
    assert [sum(row[t] == -1 for row in labels) for t in ("idh", "1p19q", "grade")] == [4, 12, 4]
    assert sum(row["small"] for row in truth) == 12
    assert all(7 <= row["diameter_mm"] <= (16 if row["small"] else 80) for row in truth)
    assert all(row["idh"] == 1 for row in labels if row["1p19q"] == 1)
    assert (labels, truth) == model.draw_cohort(80, 7, **OPTIONS)
    assert truth != model.draw_cohort(80, 8, **OPTIONS)[1]


def test_flips_change_as_many_classes_as_the_rate_says():
    _, rows = model.draw_cohort(100, 1, **(OPTIONS | {"label_flips": 0.1}))
    by_name = {c.name: c for c in model.CLASSES}
    drawn = [by_name[row["class"]][1:] for row in rows]
    assert (
        sum(d != (r["idh"], r["1p19q"], r["grade"]) for d, r in zip(drawn, rows, strict=True)) == 10
    )
    assert all(row["idh"] == 1 for row in rows if row["1p19q"] == 1)


def test_more_enhancement_tells_nothing_of_the_labels():
    """A shift that all classes share moves the axis and leaves the posterior."""
    plain, moved = (model.draw_cohort(40, 1, **OPTIONS, enhancement=e)[1] for e in (0.0, 1.5))
    for row, other in zip(plain, moved, strict=True):
        assert other["z_enhancement"] == pytest.approx(row["z_enhancement"] + 1.5)
        for column in row.keys() - {"z_enhancement"}:
            same = pytest.approx(row[column]) if column.startswith("p_") else row[column]
            assert other[column] == same


def test_small_tumours_are_as_small_as_asked_and_the_others_stay():
    options = OPTIONS | {"small_share": 0.5}
    usual, wider = (
        model.draw_cohort(40, 1, **options, small_diameter_mm=mm)[1] for mm in ((7, 16), (14, 20))
    )
    small = [row["diameter_mm"] for row in wider if row["small"]]
    assert len(small) == 20
    assert 14 <= min(small) < max(small) <= 20
    others = [[row for row in rows if not row["small"]] for rows in (usual, wider)]
    assert others[0] == others[1]


def test_too_many_missing_idh_labels_are_refused():
    missing = {"idh": 0.9, "1p19q": 0.0, "grade": 0.0}
    with pytest.raises(BadInput, match="lower the missing share of IDH"):
        model.draw_cohort(80, 1, **(OPTIONS | {"missing": missing}))


# Fields: what is thresholded has no creases, no seams and no preferred direction


def crease(field):
    """Largest jump of the gradient across the field's lattice planes, per mm."""
    step, line = 0.01, np.zeros((3, 40))
    line[0] = field.origin[0] + field.spacing * np.arange(10, 50)
    line[1:] = 3.3
    left, here, right = (field(line + np.array([[d], [0], [0]])) for d in (-step, 0, step))
    return np.abs(right - 2 * here + left).max() / step


def test_spline_fields_have_no_crease_at_lattice_planes():
    linear, spline = (smooth_field(np.random.default_rng(0), 9, 240, order=o) for o in (1, 3))
    assert crease(linear) > 0.03
    assert crease(spline) < 0.01


@pytest.mark.parametrize("order", [1, 3])
def test_fields_are_periodic_and_of_unit_variance(order):
    field = smooth_field(np.random.default_rng(0), 8, 120, order=order)
    points = np.random.default_rng(1).uniform(-60, 60, (3, 4000))
    assert field(points + np.array([[120], [0], [-240]])) == pytest.approx(field(points), abs=1e-3)
    assert field(node_points(field)).std() == pytest.approx(1, abs=1e-3)


def test_smoothing_width_does_not_depend_on_the_interpolation():
    def correlation(order):
        field = smooth_field(np.random.default_rng(0), 8, 240, order=order)
        points = np.random.default_rng(1).uniform(-100, 100, (3, 20000))
        return np.corrcoef(field(points), field(points + np.array([[8], [0], [0]])))[0, 1]

    for order in (1, 3):  # exp(-d^2 / 4 sigma^2) at d = sigma
        assert correlation(order) == pytest.approx(np.exp(-1 / 4), abs=0.03)


def test_frames_of_lesions_point_everywhere():
    rng = np.random.default_rng(0)
    frames = np.array([random_rotation(rng) for _ in range(2000)])
    assert np.linalg.det(frames) == pytest.approx(1)
    assert frames.mean(axis=0) == pytest.approx(0, abs=0.05)
    assert np.square(frames).mean(axis=0) == pytest.approx(1 / 3, abs=0.03)


def test_lesion_lies_inside_its_reach_and_inside_the_fields_period(anatomy):
    for seed in range(5):
        z = np.random.default_rng(seed).standard_normal(7)
        lesion = draw_lesion(np.random.default_rng(seed), anatomy, z, 40)
        _, grey, white, brain = anatomy.tissue(lesion.centre[:, None])
        assert brain > 0.9
        assert grey + white > 0.5
        assert lesion.outline.lattice.shape[0] * lesion.outline.spacing > 2 * lesion.radius


def test_displacement_has_no_affine_part_over_the_brain():
    head = draw_head(np.random.default_rng(0), CENTRE_MM)
    for field in head.displacement:
        points = node_points(field).astype(float)
        inside = (((points.T - (0, -18, 12)) / (68, 86, 62)) ** 2).sum(1) < 1
        design = np.vstack([points, np.ones(points.shape[1])]).T[inside]
        assert design.T @ field.lattice.ravel()[inside] == pytest.approx(0, abs=0.1)
        assert 0.5 < field.lattice.ravel()[inside].std() < 4


# Template


def test_template_mask_agrees_with_a_published_one(template, real_data):
    published = nib.load(real_data / "prognosais_glioma" / "brain_mask.nii.gz").get_fdata() > 0
    assert dice(nib.load(template["brain_mask"]).get_fdata() > 0, published) > 0.97


def test_head_has_dark_bone_bright_skin_and_air(template, anatomy):
    image = nib.load(template["head"])
    vault = np.argwhere(np.ones(image.shape))[::7]
    vault = vault[vault[:, 2] > 45]  # above 18 mm: no face, no neck
    mm_from_brain = anatomy.distance(nib.affines.apply_affine(image.affine, vault).T, 0)
    signal = image.get_fdata()[tuple(vault.T)]

    def mean_between(low, high):
        return signal[(mm_from_brain > low) & (mm_from_brain < high)].mean()

    assert mean_between(-30, -10) > 200
    assert mean_between(4, 8) < 120
    assert mean_between(11, 14) > 300
    assert mean_between(30, 60) < 1


# Cases


def test_case_is_written_as_scans_are(case):
    images = {name: nib.load(case / f"{name}.nii.gz") for name in (*SERIES, "segmentation")}
    assert all(images[name].get_data_dtype() == np.int16 for name in SERIES)
    segmentation = images["segmentation"]
    assert segmentation.get_data_dtype() == np.uint8
    assert segmentation.shape == images["t1ce"].shape
    assert np.array_equal(segmentation.affine, images["t1ce"].affine)
    assert set(np.unique(segmentation.get_fdata())) <= {0, 1, 2, 3}
    assert segmentation.get_fdata().any()


def test_same_seed_gives_the_same_bytes(case, template, tmp_path):
    again, other = (make_case(tmp_path / str(seed), template, seed=seed) for seed in (5, 6))
    for name in ("t1.nii.gz", "segmentation.nii.gz", "truth.json", "labels.csv", "truth.csv"):
        assert (again / name).read_bytes() == (case / name).read_bytes()
    assert (other / "t1.nii.gz").read_bytes() != (case / "t1.nii.gz").read_bytes()


def test_unknown_case_is_refused(case, template, tmp_path):
    with pytest.raises(BadInput, match="expected a row for phantom-999"):
        make_case(tmp_path, template, case="phantom-999")


def test_labels_table_has_the_columns_of_a_cohort(case):
    rows = list(csv.DictReader((case / "labels.csv").open()))
    assert list(rows[0]) == [*LABEL_COLUMNS, "problem"]
    assert (rows[0]["case"], rows[-1]["case"]) == ("phantom-001", "phantom-012")


def test_landmark_error_is_zero_for_the_truth_and_the_shift_for_a_shift(truth):
    to_template = measure.true_transform(truth, "t1ce")
    to_t1ce = np.linalg.inv(to_template) @ measure.true_transform(truth, "flair")
    shift = np.eye(4)
    shift[:3, 3] = 0, 3, 4
    assert measure.landmark_error(to_template, to_t1ce, truth, "flair") == pytest.approx(
        0, abs=1e-9
    )
    assert measure.landmark_error(shift @ to_template, to_t1ce, truth, "flair") == pytest.approx(5)
    assert measure.alignment_error(shift @ to_t1ce, truth, "flair") == pytest.approx(5)
    assert measure.landmark_error(to_template, np.eye(4), truth, "flair").mean() > 1


def test_true_brain_mask_holds_the_tumour(case, truth, anatomy):
    mask = measure.true_brain_mask(truth, anatomy)
    tumour = nib.load(case / "segmentation.nii.gz").get_fdata() > 0
    volume = mask.sum() * np.prod(truth["series"]["t1ce"]["voxel_mm"]) / 1000
    assert 1200 < volume < 2800  # ml; each axis is scaled by sd 5 %
    assert not (tumour & ~mask).any()


def test_dividing_by_the_true_bias_field_makes_white_matter_even(case, truth, anatomy):
    image = nib.load(case / "t1.nii.gz").get_fdata()
    white = measure.true_white_matter(truth, anatomy, "t1", share=0.9)
    field = measure.true_bias_field(truth, "t1")
    even = measure.white_matter_variation(image / field, white)
    assert even < 0.8 * measure.white_matter_variation(image, white)
    assert measure.bias_residual(2 * field, truth, "t1", white) == pytest.approx(0, abs=1e-6)


def test_segmentation_does_not_depend_on_which_points_are_asked_for(truth, anatomy):
    subject = measure.subject_of(truth, anatomy)
    spread = np.random.default_rng(0).normal(0, 20, (3, 2000))
    points = (subject.lesion.centre[:, None] + spread).astype(np.float32)
    whole = render_segmentation(subject, anatomy, points)
    assert np.array_equal(whole[::3], render_segmentation(subject, anatomy, points[:, ::3]))
