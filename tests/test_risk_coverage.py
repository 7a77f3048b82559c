"""Risk-coverage by worked examples, by the loop of its definition, and resample by resample."""

from itertools import permutations

import numpy as np
import pytest

from glioma_uq.statistics.bootstrap import resample_weights
from glioma_uq.statistics.risk_coverage import aurc, excess_aurc, risk_coverage


def plain(n):
    return np.ones((1, n))


def area_by_loop(uncertainty, loss):
    """Mean over k of the mean loss of the k least uncertain cases, over all orders of ties."""
    areas = []
    for order in permutations(range(len(loss))):
        if (np.diff(uncertainty[list(order)]) >= 0).all():
            kept = loss[list(order)]
            areas.append(np.mean(np.cumsum(kept) / np.arange(1, len(kept) + 1)))
    return np.mean(areas)


def test_worked_example():
    """Errors last of four: risks 0, 0, 1/3, 1/2; errors first: 1, 1, 2/3, 1/2."""
    loss = np.array([0, 0, 1, 1])
    assert aurc(np.array([1, 2, 3, 4.0]), loss, plain(4)) == pytest.approx([5 / 24])
    assert aurc(np.array([4, 3, 2, 1.0]), loss, plain(4)) == pytest.approx([19 / 24])
    assert excess_aurc(np.array([1, 2, 3, 4.0]), loss, plain(4)) == pytest.approx([0])


@pytest.mark.parametrize("seed", range(6))
def test_ties_come_in_every_order(seed):
    rng = np.random.default_rng(seed)
    uncertainty, loss = rng.integers(3, size=6).astype(float), rng.random(6).round(1)
    expected = area_by_loop(uncertainty, loss)
    assert aurc(uncertainty, loss, plain(6)) == pytest.approx([expected], abs=1e-12)
    table, _ = risk_coverage(uncertainty, loss, plain(6))
    assert table["risk"].mean() == pytest.approx(expected, abs=1e-12)


def test_constant_uncertainty_keeps_the_mean_loss():
    loss = np.array([0, 1, 1, 0, 0.5])
    assert aurc(np.full(5, 0.2), loss, plain(5)) == pytest.approx([0.5])


def test_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    uncertainty, loss = rng.random(50).round(1), (rng.random(50) < 0.3).astype(float)
    weights = resample_weights(50, 20, rng)
    together = aurc(uncertainty, loss, weights)
    for row, value in zip(weights.astype(int), together, strict=True):
        again = np.repeat(np.arange(50), row)
        assert value == pytest.approx(aurc(uncertainty[again], loss[again], plain(50))[0])


def test_the_curve_ends_at_the_mean_loss_in_every_resample():
    rng = np.random.default_rng(2)
    uncertainty, loss = rng.random(30), rng.random(30)
    weights = np.vstack([np.ones(30), resample_weights(30, 8, rng)])
    table, draws = risk_coverage(uncertainty, loss, weights)
    assert table["coverage"].tolist() == pytest.approx(np.arange(1, 31) / 30)
    assert table["risk"].iloc[-1] == pytest.approx(loss.mean())
    assert draws[:, -1] == pytest.approx(weights[1:] @ loss / 30)


def test_one_case_and_none():
    assert aurc(np.array([0.3]), np.array([1.0]), plain(1)).tolist() == [1]
    assert np.isnan(aurc(np.empty(0), np.empty(0), np.empty((2, 0)))).all()
    assert np.isnan(aurc(np.array([0.3]), np.array([1.0]), np.zeros((1, 1)))).all()
    assert risk_coverage(np.empty(0), np.empty(0), plain(0))[0].empty
