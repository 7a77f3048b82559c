"""The Brier score's parts add up, and are what they are called."""

import numpy as np
import pytest

from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.scoring import brier, brier_decomposition


def total(parts):
    return parts["reliability"] - parts["resolution"] + parts["uncertainty"]


@pytest.mark.parametrize(("binning", "bins"), [("equal-width", 20), ("equal-mass", 70)])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_parts_add_up_in_every_resample_where_bins_hold_equal_values(classes, binning, bins):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(classes, 0.5), size=70).round(1)
    labels = rng.integers(classes, size=70)
    weights = np.vstack([np.ones(70), resample_weights(70, 30, rng)])
    parts = brier_decomposition(probabilities, labels, weights, bins, binning)
    np.testing.assert_allclose(total(parts), brier(probabilities, labels, weights), atol=1e-12)
    assert all((values > -1e-12).all() for values in parts.values())


def test_wide_bins_leave_out_the_variance_and_covariance_within_them():
    rng = np.random.default_rng(1)
    p, labels = rng.random(60), rng.integers(2, size=60)
    probabilities, ones = np.column_stack([1 - p, p]), np.ones((1, 60))
    within = 2 * (p.var() - 2 * np.cov(p, labels, bias=True)[0, 1])
    whole = total(brier_decomposition(probabilities, labels, ones, bins=1)) + within
    assert whole == pytest.approx(brier(probabilities, labels, ones))


def test_constant_base_rates_are_reliable_and_resolve_nothing():
    labels = np.array([0, 0, 0, 1])
    parts = brier_decomposition(np.tile([0.75, 0.25], (4, 1)), labels, np.ones((1, 4)))
    assert parts["uncertainty"] == pytest.approx([2 * 0.75 * 0.25])
    for name in ("reliability", "resolution"):
        assert parts[name] == pytest.approx([0], abs=1e-15)


def test_certain_and_right_resolves_all_uncertainty():
    labels = np.array([0, 1, 1, 2])
    parts = brier_decomposition(np.eye(3)[labels], labels, np.ones((1, 4)))
    assert parts["resolution"] == pytest.approx(parts["uncertainty"])
    assert parts["reliability"] == pytest.approx([0], abs=1e-15)


def test_parts_of_one_case_and_of_none():
    one = brier_decomposition(np.array([[0.7, 0.3]]), np.array([0]), np.ones((1, 1)))
    assert total(one) == pytest.approx([0.18])
    none = brier_decomposition(np.empty((0, 2)), np.empty(0, dtype=int), np.empty((2, 0)))
    assert np.isnan(total(none)).all()
