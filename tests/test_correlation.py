"""Correlations against scipy, resample by resample."""

import warnings

import numpy as np
import pytest
import scipy.stats

from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.correlation import (
    partial_pearson,
    pearson,
    pearson_minus_within,
    pearson_within,
    spearman,
)

N = 90


@pytest.fixture
def weights():
    """The plain row and 25 resamples."""
    drawn = resample_weights(N, 25, np.random.default_rng(3))
    return np.vstack([np.ones(N), drawn])


@pytest.mark.parametrize(
    ("ours", "theirs"), [(pearson, scipy.stats.pearsonr), (spearman, scipy.stats.spearmanr)]
)
@pytest.mark.parametrize("decimals", [1, 8])
@pytest.mark.parametrize("offset", [0, 1e4])
def test_correlations_agree_with_scipy(ours, theirs, decimals, offset, weights):
    rng = np.random.default_rng(5)
    x = rng.random(N).round(decimals) + offset
    y = (x - offset + rng.random(N)).round(decimals)
    for row, value in zip(weights, ours(x, y, weights), strict=True):
        expected = theirs(
            x[np.repeat(np.arange(N), row.astype(int))], y[np.repeat(np.arange(N), row.astype(int))]
        ).statistic
        assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("correlation", [pearson, spearman])
def test_a_constant_correlates_with_nothing(correlation):
    x, y = np.full(5, 0.1), np.arange(5.0)
    rows = np.array([[1, 1, 1, 1, 1], [3, 0, 0, 0, 2], [0, 0, 0, 0, 0]], dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(correlation(x, y, rows)).all()


def test_a_resample_of_one_value_has_no_correlation():
    x, y = np.array([0.9, 0.9, 0.9, 0.1]), np.array([0.1, 0.7, 0.3, 0.2])
    rows = np.array([[1, 2, 1, 0], [1, 1, 1, 1]], dtype=float)
    assert np.isnan(pearson(x, y, rows)).tolist() == [True, False]


def test_partial_correlation_is_that_of_the_residuals(weights):
    rng = np.random.default_rng(8)
    size = rng.normal(size=N) + 9
    x, y = size + rng.normal(size=N), -2 * size + rng.normal(size=N)
    for row, value in zip(weights, partial_pearson(x, y, size, weights), strict=True):
        again = np.repeat(np.arange(N), row.astype(int))
        line = np.column_stack([np.ones(N), size[again]])
        left = [v - line @ np.linalg.lstsq(line, v, rcond=None)[0] for v in (x[again], y[again])]
        assert value == pytest.approx(scipy.stats.pearsonr(*left).statistic, abs=1e-9)
        assert abs(value) < abs(pearson(x[again], y[again], np.ones((1, N)))[0])


def test_partial_correlation_by_its_formula(weights):
    x, y, z = np.random.default_rng(9).random((3, N))
    xy, xz, yz = pearson(x, y, weights), pearson(x, z, weights), pearson(y, z, weights)
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    np.testing.assert_allclose(partial_pearson(x, y, z, weights), expected, atol=1e-12)


def test_what_a_line_explains_leaves_nothing_to_correlate(weights):
    x, y = np.random.default_rng(1).random((2, N))
    assert np.isnan(partial_pearson(x, y, 3 * x + 0.7, weights)).all()
    np.testing.assert_allclose(
        partial_pearson(x, y, np.full(N, 2.5), weights), pearson(x, y, weights), atol=1e-12
    )


def test_within_folds_the_sign_may_be_the_other_one():
    """Simpson's paradox: in each fold the more uncertain cases are better, and over both worse."""
    x, y = np.array([1.0, 2, 3, 5, 6, 7]), np.array([0.90, 0.92, 0.94, 0.20, 0.22, 0.24])
    fold, once = np.array([1, 1, 1, 2, 2, 2]), np.ones((1, 6))
    assert pearson(x, y, once)[0] == pytest.approx(-4.12 / np.sqrt(28 * 0.7366))
    assert pearson_within(x, y, fold, once)[0] == pytest.approx(1)
    assert pearson_minus_within(x, y, fold, once)[0] == pytest.approx(-1.907, abs=5e-4)
    y[3:] = [0.24, 0.22, 0.20]  # the two folds cancel
    assert pearson_within(x, y, fold, once)[0] == pytest.approx(0, abs=1e-12)


def test_the_correlation_within_folds_is_that_of_residuals_from_their_means(weights):
    rng = np.random.default_rng(2)
    fold, (x, y) = rng.integers(0, 4, N), rng.random((2, N))
    found = pearson_within(x + 5 * fold, y - 3 * fold, fold, weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        members = (np.repeat(fold, row)[:, None] == np.arange(4)).astype(float)
        residuals = [
            v - members @ np.linalg.lstsq(members, v, rcond=None)[0]
            for v in (np.repeat(x, row), np.repeat(y, row))
        ]
        assert value == pytest.approx(np.corrcoef(residuals)[0, 1])
    np.testing.assert_allclose(pearson_within(x, y, 0 * fold, weights), pearson(x, y, weights))
    assert np.isnan(pearson_within(x, 1.0 * fold, fold, weights)).all()
