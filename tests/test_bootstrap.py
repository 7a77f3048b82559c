"""Laws of resampling by weights."""

import numpy as np
import pytest
import scipy.stats

from glioma_uq.bootstrap import (
    case_weights,
    interval,
    resample_weights,
    row_weights,
    weight_below,
    weighted_mean,
)


def test_every_resample_draws_as_many_cases_as_there_are():
    weights = resample_weights(30, 200, np.random.default_rng(0))
    assert weights.shape == (200, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(30), abs=0.4)


def test_the_generator_is_all_the_randomness():
    one, same, other = (resample_weights(9, 5, np.random.default_rng(s)) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_cases_are_sorted_so_that_order_of_rows_does_not_matter():
    cases, weights = case_weights(["c", "a", "b", "a"], 10, np.random.default_rng(0))
    again, same = case_weights(["a", "b", "c"], 10, np.random.default_rng(0))
    assert cases.tolist() == again.tolist() == ["a", "b", "c"]
    assert (weights == same).all()
    assert weights[0].tolist() == [1, 1, 1]


def test_rows_of_one_case_move_together():
    cases, weights = case_weights(["a", "b", "c"], 10, np.random.default_rng(0))
    rows = row_weights(["b", "a", "b"], cases, weights)
    assert (rows == weights[:, [1, 0, 1]]).all()


def test_the_mean_of_a_constant_has_no_width():
    weights = resample_weights(50, 100, np.random.default_rng(0))
    means = weighted_mean(np.full(50, 0.1), weights)
    assert interval(np.append(0.1, means)) == (0.1, 0.1, 0.1, "")


def test_the_mean_of_no_cases_is_undefined():
    assert np.isnan(weighted_mean([], np.empty((3, 0)))).all()
    assert np.isnan(weighted_mean([1.0, 2.0], np.zeros((1, 2)))).all()


def test_weight_below_counts_ties_half():
    below = weight_below(
        np.array([1.0, 2, 2, 3]), np.array([0.0, 2, 9]), np.array([[1, 1, 2, 5.0]])
    )
    assert below.tolist() == [[0, 1 + 1.5, 9]]


def test_percentile_interval_agrees_with_scipy():
    values = np.random.default_rng(4).gamma(2, size=60)
    weights = np.vstack([np.ones(60), resample_weights(60, 4000, np.random.default_rng(5))])
    value, low, high, reason = interval(weighted_mean(values, weights))
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(6)
    ).confidence_interval
    assert (value, reason) == (pytest.approx(values.mean()), "")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_percentile_interval_is_the_quantiles_of_the_resamples():
    draws = np.append(500, np.random.default_rng(0).permutation(1001))
    assert interval(draws)[:3] == pytest.approx((500, 25, 975))
    assert interval(draws, level=0.9)[:3] == pytest.approx((500, 50, 950))
    shifted = np.append(490, draws[1:])
    assert interval(shifted, kind="basic")[:3] == pytest.approx((490, 5, 955))


def test_a_few_undefined_resamples_are_left_out():
    draws = np.append(np.append(5.0, np.full(95, 5.0)), np.full(5, np.nan))
    assert interval(draws) == (5, 5, 5, "")


def test_more_than_a_twentieth_undefined_refuses_the_interval():
    draws = np.append(np.append(5.0, np.full(94, 5.0)), np.full(6, np.nan))
    value, low, high, reason = interval(draws)
    assert value == 5
    assert np.isnan([low, high]).all()
    assert "6 of 100 resamples" in reason


def test_an_undefined_value_has_no_interval():
    assert np.isnan(interval(np.array([np.nan, 1, 1]))[:3]).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="expected interval percentile or basic, found bca"):
        interval(np.arange(5.0), kind="bca")


def test_intervals_of_a_mean_cover_the_truth():
    """Of 200 simulated cohorts of 60, about 95 % of the intervals hold the true mean 0."""
    weights = np.vstack([np.ones(60), resample_weights(60, 500, np.random.default_rng(7))])
    cohorts = np.random.default_rng(8).normal(size=(200, 60))
    held = [
        low <= 0 <= high
        for _, low, high, _ in (interval(weighted_mean(cohort, weights)) for cohort in cohorts)
    ]
    assert 0.89 <= np.mean(held) <= 0.99
