"""Every measure agrees with an independent library, on random and on nasty inputs.

To 1e-9, but where the library itself computes in single precision. A nasty input is one that
the measure can be asked for in earnest: ties, one class, probabilities of exactly 0 and 1, one
case, empty masks. Where a library has no value, or another convention, the test says which.
"""

import warnings

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from error_bounds import gamma
from scipy.spatial import cKDTree

from glioma_uq.overlap.masks import dice, hd95, surface
from glioma_uq.statistics import calibration, correlation, discrimination, scoring
from glioma_uq.statistics.rank_tests import compare, holm
from glioma_uq.statistics.recalibration import apply_temperature, correct_prior, fit_temperature
from glioma_uq.uncertainty import entropy

EXACT = dict(rel=0, abs=1e-9)


def random_cases(n=120, classes=3, decimals=8, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.6), size=n).round(decimals)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities, np.append(np.arange(classes), rng.integers(classes, size=n))[:n]


def certain(n=30, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return np.eye(classes)[rng.integers(classes, size=n)], np.append(
        np.arange(classes), rng.integers(classes, size=n - classes)
    )


ALL = {
    "two classes": random_cases(classes=2),
    "three classes": random_cases(),
    "ties": random_cases(decimals=1),
    "ties of two classes": random_cases(classes=2, decimals=1, seed=3),
    "certain": certain(),
    "certain of two classes": certain(classes=2),
    "one class": (random_cases()[0], np.zeros(120, dtype=int)),
    "one case": (np.array([[0.3, 0.6, 0.1]]), np.array([1])),
    "one case, certain and wrong": (np.array([[0.0, 1.0]]), np.array([0])),
}
every_input = pytest.mark.parametrize(
    ("probabilities", "labels"), ALL.values(), ids=[name.replace(" ", "-") for name in ALL]
)


def plain(measure, probabilities, labels, **options):
    return measure(probabilities, labels, np.ones((1, len(labels))), **options)[0]


def off_the_edges(probabilities):
    """Move confidences off the edges of 15 bins, on which libraries differ, but for 0 and 1."""
    confidence = probabilities.max(axis=1)
    on_edge = (np.abs(confidence * 15 - np.rint(confidence * 15)) < 1e-6) & (confidence < 1)
    moved = np.where(on_edge, 0.01, 0)[:, None]
    return (1 - moved) * probabilities + moved * np.eye(probabilities.shape[1])[
        probabilities.argmax(axis=1)
    ]


def top_label(probabilities, labels):
    """The confidence in the predicted class, and whether it is true: what netcal bins."""
    return probabilities.max(axis=1), (probabilities.argmax(axis=1) == labels).astype(int)


@every_input
def test_scores_agree_with_scikit_learn(probabilities, labels):
    classes = range(probabilities.shape[1])
    cut = np.maximum(probabilities, 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rows that no longer sum to 1 by 1e-12
        expected = sklearn.metrics.log_loss(labels, cut, labels=classes)
    assert plain(scoring.nll, probabilities, labels) == pytest.approx(expected, **EXACT)
    expected = sklearn.metrics.brier_score_loss(
        labels, probabilities, labels=classes, scale_by_half=False
    )
    assert plain(scoring.brier, probabilities, labels) == pytest.approx(expected, **EXACT)


@every_input
def test_accuracies_agree_with_scikit_learn(probabilities, labels):
    predicted = probabilities.argmax(axis=1)
    expected = sklearn.metrics.accuracy_score(labels, predicted)
    assert plain(discrimination.accuracy, probabilities, labels) == pytest.approx(expected, **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a predicted class that does not occur
        expected = sklearn.metrics.balanced_accuracy_score(labels, predicted)
    found = plain(discrimination.balanced_accuracy, probabilities, labels)
    assert found == pytest.approx(expected, **EXACT)


@every_input
@pytest.mark.parametrize("average", ["ovo", "ovr"])
def test_auc_agrees_with_scikit_learn(probabilities, labels, average):
    found = plain(discrimination.auc, probabilities, labels, average=average)
    if len(np.unique(labels)) < probabilities.shape[1]:
        assert np.isnan(found)  # scikit-learn refuses, or averages over fewer classes
        return
    scores = probabilities if probabilities.shape[1] > 2 else probabilities[:, 1]
    expected = sklearn.metrics.roc_auc_score(labels, scores, multi_class=average)
    assert found == pytest.approx(expected, **EXACT)


@every_input
def test_uncertainty_about_errors_agrees_with_scikit_learn(probabilities, labels):
    uncertainty, wrong = entropy(probabilities), probabilities.argmax(axis=1) != labels
    found = discrimination.error_auroc(uncertainty, wrong, np.ones((1, len(labels))))[0]
    if wrong.all() or not wrong.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(sklearn.metrics.roc_auc_score(wrong, uncertainty), **EXACT)


@every_input
def test_ece_agrees_with_netcal(probabilities, labels):
    metrics = pytest.importorskip("netcal.metrics", reason="netcal is a referee, in [dev]")
    apart = off_the_edges(probabilities)
    for ours, theirs in ((1, metrics.ECE), (np.inf, metrics.MCE)):
        expected = theirs(15).measure(*top_label(apart, labels))
        found = plain(calibration.ece, apart, labels, norm=ours)
        assert found == pytest.approx(float(expected), **EXACT)


def test_equal_mass_ece_agrees_with_netcal():
    """netcal's quantiles lie between two confidences, ours on one: the same bins when 15 | n."""
    metrics = pytest.importorskip("netcal.metrics", reason="netcal is a referee, in [dev]")
    for seed in range(5):
        probabilities, labels = random_cases(seed=seed)
        expected = metrics.ECE(15, equal_intervals=False).measure(*top_label(probabilities, labels))
        found = plain(calibration.ece, probabilities, labels, binning="equal-mass")
        assert found == pytest.approx(float(expected), **EXACT)


@every_input
@pytest.mark.parametrize(("ours", "theirs"), [(1, "l1"), (2, "l2"), (np.inf, "max")])
def test_ece_agrees_with_torchmetrics(probabilities, labels, ours, theirs):
    """Below a confidence of 1, for which torchmetrics has a bin of its own.

    Its public function computes in single precision, the one beneath in that of its input.
    """
    module = pytest.importorskip(
        "torchmetrics.functional.classification.calibration_error", reason="a referee, in [dev]"
    )
    import torch

    apart = off_the_edges(0.98 * probabilities + 0.02 / probabilities.shape[1])
    found = plain(calibration.ece, apart, labels, norm=ours)
    confidence, right = map(torch.tensor, top_label(apart, labels))
    expected = module._ce_compute(confidence, right, 15, norm=theirs)
    assert found == pytest.approx(float(expected), **EXACT)
    expected = module.multiclass_calibration_error(
        torch.tensor(apart), torch.tensor(labels), apart.shape[1], n_bins=15, norm=theirs
    )
    assert found == pytest.approx(float(expected), abs=gamma(len(labels) + 4))


def test_debiased_ece_agrees_with_torchmetrics():
    """Its variance is that of a bin's accuracy: ours where the confidences in a bin are equal."""
    module = pytest.importorskip(
        "torchmetrics.functional.classification.calibration_error", reason="a referee, in [dev]"
    )
    import torch

    rng = np.random.default_rng(0)
    p = np.repeat([0.55, 0.63, 0.71, 0.88, 0.97], 12)
    probabilities, labels = np.column_stack([1 - p, p]), (rng.random(60) < 0.6).astype(int)
    expected = module._ce_compute(
        torch.tensor(p), torch.tensor(labels == 1), 15, norm="l2", debias=True
    )
    found = plain(calibration.ece_debiased, probabilities, labels, norm=2)
    assert found == pytest.approx(float(expected), **EXACT)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_correlations_agree_with_scipy(decimals):
    rng = np.random.default_rng(decimals)
    x = rng.random(50).round(decimals)
    y = (x + rng.random(50)).round(decimals)
    ones = np.ones((1, 50))
    for ours, theirs in (
        (correlation.pearson, scipy.stats.pearsonr),
        (correlation.spearman, scipy.stats.spearmanr),
    ):
        assert ours(x, y, ones)[0] == pytest.approx(theirs(x, y).statistic, **EXACT)


def test_correlations_of_one_case_and_of_a_constant_are_undefined():
    for ours in (correlation.pearson, correlation.spearman):
        assert np.isnan(ours(np.array([0.1]), np.array([0.2]), np.ones((1, 1)))).all()
        assert np.isnan(ours(np.full(4, 0.1), np.arange(4.0), np.ones((1, 4)))).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("decimals", [1, 8])
def test_rank_tests_agree_with_scipy(seed, decimals):
    rng = np.random.default_rng(seed)
    right, wrong = rng.random(25).round(decimals), rng.random(9).round(decimals)
    u, p, auroc = compare(right, wrong)
    expected = scipy.stats.mannwhitneyu(wrong, right)
    assert (u, p) == pytest.approx((expected.statistic, expected.pvalue), **EXACT)
    is_wrong = np.arange(34) >= 25
    expected = sklearn.metrics.roc_auc_score(is_wrong, np.append(right, wrong))
    assert auroc == pytest.approx(expected, **EXACT)


def test_holm_agrees_with_statsmodels():
    multipletests = pytest.importorskip("statsmodels.stats.multitest").multipletests
    p = np.append(np.random.default_rng(0).random(20) ** 3, [0, 1, 0.03, 0.03])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], **EXACT)


def masks(seed=0, shape=(12, 14, 10)):
    rng = np.random.default_rng(seed)
    one = scipy.ndimage.gaussian_filter(rng.normal(size=shape), 2) > 0.02
    other = scipy.ndimage.gaussian_filter(rng.normal(size=shape), 1.5) > 0.05
    return one, other


def one_hot(mask):
    import torch

    return torch.tensor(np.stack([~mask, mask])[None].astype(np.float32))


@pytest.mark.parametrize("seed", range(4))
def test_masks_agree_with_monai(seed):
    """MONAI's metrics are in single precision, as is the rank of its percentile: of few voxels."""
    from monai.metrics import compute_dice, compute_hausdorff_distance

    one, other = masks(seed)
    expected = compute_dice(one_hot(one), one_hot(other), include_background=False)
    assert dice(one, other) == pytest.approx(float(expected), rel=gamma(4))
    for spacing in ((1.0, 1.0, 1.0), (1.0, 1.2, 3.5)):
        expected = compute_hausdorff_distance(
            one_hot(one), one_hot(other), percentile=95, spacing=spacing
        )
        assert hd95(one, other, spacing) == pytest.approx(float(expected), rel=gamma(one.size))


@pytest.mark.parametrize("seed", range(4))
def test_hd95_agrees_with_a_search_of_nearest_points(seed):
    one, other = masks(seed)
    spacing = np.array([0.9, 1.2, 3.5])
    here, there = (np.argwhere(surface(mask)) * spacing for mask in (one, other))
    directed = [cKDTree(b).query(a)[0] for a, b in ((here, there), (there, here))]
    expected = max(np.percentile(d, 95) for d in directed)
    assert hd95(one, other, spacing) == pytest.approx(expected, **EXACT)


def test_empty_masks_where_monai_has_no_number():
    from monai.metrics import compute_dice, compute_hausdorff_distance

    one, empty = masks()[0], np.zeros((12, 14, 10), dtype=bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = compute_hausdorff_distance(one_hot(empty), one_hot(one), percentile=95)
        both = compute_dice(one_hot(empty), one_hot(empty), include_background=False)
    assert not np.isfinite(float(theirs))
    assert hd95(empty, one, (1, 1, 1)) == pytest.approx(np.linalg.norm(one.shape))
    assert np.isnan(float(both))
    assert (dice(empty, empty), dice(empty, one)) == (1, 0)


def test_temperature_agrees_with_scikit_learn():
    """To the tolerance of scikit-learn's search, about 1e-4."""
    from sklearn.calibration import _TemperatureScaling

    for seed in range(3):
        probabilities, _ = random_cases(n=200, seed=seed)
        softer = apply_temperature(probabilities, 0.5 + seed)
        drawn = np.random.default_rng(seed).random((200, 1))
        labels = (drawn > softer.cumsum(axis=1)).sum(axis=1).clip(max=2)
        theirs = _TemperatureScaling().fit(np.log(probabilities.clip(1e-12)), labels)
        found = fit_temperature(probabilities, labels)
        assert found == pytest.approx(1 / theirs.beta_, rel=1e-3)
        assert plain(scoring.nll, apply_temperature(probabilities, found), labels) <= plain(
            scoring.nll, apply_temperature(probabilities, 1 / theirs.beta_), labels
        ) + 1e-12  # fmt: skip


def test_prior_correction_is_bayes_rule_of_scipy_densities():
    x = np.linspace(-3, 4, 15)
    densities = np.column_stack([scipy.stats.norm.pdf(x), scipy.stats.norm.pdf(x, 1.5)])
    equal = densities / densities.sum(axis=1, keepdims=True)
    joint = densities * [0.8, 0.2]
    expected = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(correct_prior(equal, [0.8, 0.2]), expected, atol=1e-12)
