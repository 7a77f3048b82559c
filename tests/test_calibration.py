"""Calibration by worked examples, by scikit-learn, and resample by resample."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import brier_score_loss, log_loss

from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.calibration import (
    bin_index,
    ece,
    ece_debiased,
    ece_if_perfect,
    reliability,
    true_ece_limits,
)
from glioma_uq.statistics.scoring import brier, nll

ONES = np.ones((1, 4))


def random_predictions(classes, n=80, seed=0):
    """Probabilities with ties and with exact 0 and 1, and labels of all classes.

    In sixteenths, whose sums are exact in any order: the sign of a sum of 0 is that of no rounding.
    """
    rng = np.random.default_rng(seed)
    probabilities = np.floor(16 * rng.dirichlet(np.full(classes, 0.5), size=n)) / 16
    probabilities[:, -1] = 1 - probabilities[:, :-1].sum(axis=1)
    probabilities[:classes] = np.eye(classes)
    return probabilities, np.concatenate(
        [np.arange(classes), rng.integers(classes, size=n - classes)]
    )


def ece_by_loop(probabilities, labels, bins):
    """ECE as its definition reads, one bin after another."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges, total = np.linspace(0, 1, bins + 1), 0.0
    for i, (low, high) in enumerate(pairwise(edges)):
        inside = (confidence > low) & (confidence <= high) | ((i == 0) & (confidence == 0))
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return total / len(labels)


def test_ece_worked_example():
    """Two at .95 (one right), two at .65 (both right): (2 |.5 - .95| + 2 |1 - .65|) / 4 = .4."""
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    assert ece(probabilities, np.array([0, 1, 1, 1]), ONES, bins=10) == pytest.approx([0.4])


def test_a_bin_holds_its_upper_edge_and_the_first_one_zero():
    assert bin_index(np.array([0, 0.05, 0.1, 0.11, 0.5, 1.0]), 10).tolist() == [0, 0, 0, 1, 4, 9]


def test_perfect_and_certain_predictions_have_no_error():
    probabilities, labels = np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 2, 0])
    for measure in (ece, nll, brier):
        assert measure(probabilities, labels, ONES).tolist() == [0]


def test_certain_and_wrong_is_the_worst():
    probabilities, labels = np.eye(2)[[0, 0, 0, 0]], np.ones(4, dtype=int)
    assert ece(probabilities, labels, ONES).tolist() == [1]
    assert brier(probabilities, labels, ONES).tolist() == [2]
    assert nll(probabilities, labels, ONES) == pytest.approx([-np.log(1e-12)])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("bins", [1, 10, 15])
def test_ece_agrees_with_its_definition(classes, bins):
    probabilities, labels = random_predictions(classes)
    plain = ece(probabilities, labels, np.ones((1, 80)), bins=bins)
    assert plain == pytest.approx([ece_by_loop(probabilities, labels, bins)], abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_nll_and_brier_agree_with_scikit_learn(classes):
    probabilities, labels = random_predictions(classes)
    ones, classes = np.ones((1, 80)), range(classes)
    cut = np.maximum(probabilities, 1e-12)
    assert nll(probabilities, labels, ones) == pytest.approx(
        [-np.log(cut[np.arange(80), labels]).mean()], abs=1e-12
    )
    positive = (probabilities + 1e-3) / (probabilities + 1e-3).sum(axis=1, keepdims=True)
    assert nll(positive, labels, ones) == pytest.approx(
        [log_loss(labels, positive, labels=classes)], abs=1e-9
    )
    assert brier(probabilities, labels, ones) == pytest.approx(
        [brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)], abs=1e-9
    )


@pytest.mark.parametrize("measure", [ece, nll, brier])
def test_weights_are_repeated_rows(measure):
    probabilities, labels = random_predictions(3)
    weights = resample_weights(80, 20, np.random.default_rng(1))
    together = measure(probabilities, labels, weights)
    for row, value in zip(weights.astype(int), together, strict=True):
        again = np.repeat(np.arange(80), row)
        alone = measure(probabilities[again], labels[again], np.ones((1, 80)))
        assert value == pytest.approx(alone[0], abs=1e-12)


@pytest.mark.parametrize("measure", [ece, nll, brier])
def test_no_cases_have_no_value(measure):
    assert np.isnan(measure(np.empty((0, 3)), np.empty(0, dtype=int), np.empty((2, 0)))).all()


def test_chance_alone_gives_a_perfect_model_an_ece():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([2, 2], size=240)
    null = ece_if_perfect(probabilities, 500, rng)
    labels = (rng.random((500, 240)) < probabilities[:, 1]).astype(int)
    drawn = [ece(probabilities, row, np.ones((1, 240)))[0] for row in labels]
    assert null[0] == pytest.approx(np.mean(drawn), rel=0.05)
    assert np.quantile(null[1:], [0.05, 0.95]) == pytest.approx(
        np.quantile(drawn, [0.05, 0.95]), rel=0.1
    )
    certain = np.array([[1.0, 0.0]] * 10)
    assert ece_if_perfect(certain, 5, rng).tolist() == [0.0] * 6


def debiased_by_loop(probabilities, labels, bins, norm):
    """Each row judged by the other rows of its bin, one after another."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    gap, index, total = right - confidence, bin_index(confidence, bins), 0.0
    for i in range(len(gap)):
        others = gap[(index == index[i]) & (np.arange(len(gap)) != i)]
        if len(others):
            total += gap[i] * (np.sign(others.sum()) if norm == 1 else others.mean())
    return total / len(gap) if norm == 1 else np.sqrt(max(total / len(gap), 0))


@pytest.mark.parametrize("norm", [1, 2])
@pytest.mark.parametrize("classes", [2, 3])
def test_debiased_ece_agrees_with_its_definition(classes, norm):
    for seed in range(5):
        probabilities, labels = random_predictions(classes, n=40, seed=seed)
        value = ece_debiased(probabilities, labels, np.ones((1, 40)), norm=norm)
        expected = debiased_by_loop(probabilities, labels, 15, norm)
        assert value == pytest.approx([expected], abs=1e-9)


def test_debiasing_takes_away_what_chance_adds():
    """Calibrated: the ECE of 100 rows is far above 0, the debiased one 0 on average."""
    rng = np.random.default_rng(0)
    raw, debiased = [], []
    for _ in range(300):
        probabilities = rng.dirichlet([2, 2], size=100)
        labels = (rng.random(100) < probabilities[:, 1]).astype(int)
        raw += ece(probabilities, labels, np.ones((1, 100))).tolist()
        debiased += ece_debiased(probabilities, labels, np.ones((1, 100))).tolist()
    assert np.mean(raw) > 0.06
    assert abs(np.mean(debiased)) < 0.01


@pytest.mark.parametrize("norm", [1, 2])
def test_seeds_that_agree_say_of_calibration_what_one_of_them_does(norm):
    """The rows of a case share its label: twice the rows are no more cases."""
    probabilities, labels = random_predictions(3, n=60, seed=1)
    cases, seeds = np.array([f"case-{number:02}" for number in range(60)]), np.repeat([1, 2], 60)
    weights = np.vstack([np.ones(60), np.random.default_rng(0).multinomial(60, [1 / 60] * 60, 20)])
    twice = [np.concatenate([x, x]) for x in (probabilities, labels)]
    both = np.hstack([weights, weights])
    for measure in (ece, ece_debiased):
        once = measure(probabilities, labels, weights, norm=norm)
        assert measure(*twice, both, norm=norm, seeds=seeds) == pytest.approx(once, abs=1e-12)
    assert ece_debiased(*twice, both, norm=norm)[0] > once[0]  # rows as if of other cases
    null = [
        ece_if_perfect(p, 50, np.random.default_rng(0), norm=norm, cases=of, seeds=who)
        for p, of, who in (
            (probabilities, cases, seeds[:60]),
            (twice[0], np.concatenate([cases, cases]), seeds),
        )
    ]
    assert null[1] == pytest.approx(null[0], abs=1e-12)
    one = reliability(probabilities, labels, np.random.default_rng(0), resamples=50)
    of_cases = np.concatenate([cases, cases])
    two = reliability(*twice, np.random.default_rng(0), resamples=50, cases=of_cases)
    columns = ["accuracy", "null_low", "null_high"]
    np.testing.assert_allclose(two[columns], one[columns], atol=1e-12)


def test_the_calibration_error_of_several_seeds_is_the_mean_of_theirs():
    """Pooled in one bin, gaps of opposite signs would cancel: more seeds would look better."""
    drawn = [random_predictions(2, n=50, seed=seed) for seed in (1, 2)]
    alone = [ece(p, labels, np.ones((1, 50)))[0] for p, labels in drawn]
    pooled = [np.concatenate(parts) for parts in zip(*drawn, strict=True)]
    seeds = np.repeat(["a", "b"], 50)
    assert ece(*pooled, np.ones((1, 100)), seeds=seeds)[0] == pytest.approx(np.mean(alone))
    assert ece(*pooled, np.ones((1, 100)))[0] < np.mean(alone)
    confident, right = np.array([[0.5, 0.5]] * 20), np.array([0] * 10 + [1] * 10)
    of_two = np.repeat([1, 2], 10)
    assert ece(confident, right, np.ones((1, 20)))[0] == 0
    assert ece(confident, right, np.ones((1, 20)), seeds=of_two)[0] == 0.5


def test_a_row_alone_in_its_bin_says_nothing_of_calibration():
    probabilities = np.array([[0.95, 0.05], [0.4, 0.6]])
    for norm in (1, 2):
        assert ece_debiased(probabilities, np.array([1, 1]), np.ones((1, 2)), norm=norm) == [0]
    with pytest.raises(ValueError, match="expected norm 1 or 2 of a debiased ECE, found inf"):
        ece_debiased(probabilities, np.array([1, 1]), np.ones((1, 2)), norm=np.inf)


@pytest.mark.parametrize("binning", ["equal-width", "equal-mass"])
def test_norms_are_ordered_and_those_of_the_bins(binning):
    probabilities, labels = random_predictions(3)
    one, two, largest = (
        ece(probabilities, labels, np.ones((1, 80)), binning=binning, norm=norm)[0]
        for norm in (1, 2, np.inf)
    )
    table = reliability(probabilities, labels, np.random.default_rng(0), binning=binning)
    gaps, share = (table["accuracy"] - table["confidence"]).abs(), table["n"] / 80
    assert one <= two <= largest
    assert one == pytest.approx((share * gaps).sum(), abs=1e-12)
    assert two == pytest.approx(np.sqrt((share * gaps**2).sum()), abs=1e-12)
    assert largest == pytest.approx(gaps.max(), abs=1e-12)


def test_equal_mass_bins_hold_equally_many_and_keep_ties_together():
    confidence = np.random.default_rng(0).random(100)
    assert np.bincount(bin_index(confidence, 10, "equal-mass")).tolist() == [10] * 10
    tied = bin_index(np.array([0.5] * 9 + [0.9]), 5, "equal-mass")
    assert len(set(tied[:9])) == 1
    assert tied[9] > tied[0]


def test_the_reliability_table_has_every_case_and_a_band_around_the_diagonal():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([2, 2], size=2000)
    labels = (rng.random(2000) < probabilities[:, 1]).astype(int)
    table = reliability(probabilities, labels, rng)
    assert table["n"].sum() == 2000
    assert table["confidence"].between(table["low"], table["high"]).all()
    assert table["confidence"].between(table["null_low"], table["null_high"]).all()
    assert table["accuracy"].between(table["null_low"], table["null_high"]).mean() > 0.7


@pytest.mark.parametrize("option", [{"binning": "kernel"}, {"norm": 3}])
def test_an_unknown_option_is_refused(option):
    probabilities, labels = random_predictions(2)
    with pytest.raises(ValueError, match="expected (binning|norm)"):
        ece(probabilities, labels, np.ones((1, 80)), **option)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_the_null_band_has_the_norm_and_bins_of_the_ece(norm):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([2, 2], size=150)
    null = ece_if_perfect(probabilities, 400, rng, 10, "equal-mass", norm)
    labels = (rng.random((400, 150)) < probabilities[:, 1]).astype(int)
    drawn = [
        ece(probabilities, row, np.ones((1, 150)), 10, "equal-mass", norm)[0] for row in labels
    ]
    assert null[0] == pytest.approx(np.mean(drawn), rel=0.05)


def drawn_about(confidence, accuracy, rng):
    """Two-class probabilities and labels: each row is right with its accuracy."""
    right = rng.random(len(confidence)) < accuracy
    return np.column_stack([confidence, 1 - confidence]), np.where(right, 0, 1)


def true_limits(confidence, accuracy, rng, cases=None, **options):
    cases = np.arange(len(confidence)) if cases is None else cases
    return true_ece_limits(*drawn_about(confidence, accuracy, rng), cases, rng, **options)


def test_limits_of_the_true_ece_close_in_on_it_and_hold_their_value():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.55, 0.9, 4000)
    for shift, low, high in ((0, 0, 0.05), (0.1, 0.05, 0.15)):
        value, *limits = true_limits(confidence, confidence - shift, rng, resamples=200)
        assert low <= limits[0] <= shift <= limits[1] <= high
        assert limits[0] <= value <= limits[1]


def test_the_lower_limit_is_the_distance_from_the_null_band():
    rng = np.random.default_rng(0)
    probabilities, labels = random_predictions(3)
    found = ece(probabilities, labels, np.ones((1, 80)))[0]
    null = ece_if_perfect(probabilities, 4000, rng)
    value, low, high = true_ece_limits(probabilities, labels, np.arange(80), rng, resamples=4000)
    assert low == pytest.approx(found - np.quantile(null[1:], 0.975), abs=0.01)
    assert value == pytest.approx(found - null[0], abs=0.005)
    assert low <= value <= high


@pytest.mark.parametrize("gaps", ["above", "both", "by noise"])
def test_a_true_ece_of_a_limit_is_missed_in_at_most_a_fortieth_on_either_side(gaps):
    """However the gaps lie; of 40 cohorts, 5 are still within chance."""
    rng, n = np.random.default_rng(0), 80
    missed = np.zeros(2)
    for _ in range(40):
        confidence = rng.uniform(0.5, 0.94, n)
        in_bin = bin_index(confidence, 15)
        sign = {"above": 1, "both": 1 - 2.0 * (in_bin % 2), "by noise": -1}[gaps]
        size = 0.05 * np.ones(n)
        if gaps == "by noise":
            size = np.sqrt(confidence * (1 - confidence) / np.bincount(in_bin)[in_bin])
            size *= 0.05 / size.mean()
        _, low, high = true_limits(confidence, confidence + sign * size, rng, resamples=200)
        missed += (low > 0.051, high < 0.049)
    assert (missed <= binom.ppf(0.999, 40, 0.025)).all()


def test_rows_of_one_case_that_are_right_together_widen_the_limits():
    rng = np.random.default_rng(0)
    confidence = np.tile(rng.uniform(0.55, 0.9, 60), 4)
    alone = true_limits(confidence, confidence, np.random.default_rng(1))
    together = true_limits(confidence, confidence, np.random.default_rng(1), np.arange(240) % 60)
    assert together[1] <= alone[1]
    assert together[2] >= alone[2]
    assert np.isnan(true_limits(confidence[:0], confidence[:0], rng)).all()


def test_predictions_that_are_surer_than_right_are_not_called_worse_than_they_are():
    """A true ECE of .05 at a confidence of .99: the null band alone said "above" in 10 %."""
    rng, wrong = np.random.default_rng(0), 0
    probabilities = np.tile([0.01, 0.99], (64, 1))
    for _ in range(150):
        labels = (rng.random(64) < 0.94).astype(int)
        low = true_ece_limits(probabilities, labels, np.arange(64), rng, 0.98, resamples=300)[1]
        wrong += low > 0.05
    assert wrong <= 8  # 2.5 % and chance
