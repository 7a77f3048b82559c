"""Thresholds of the tumour's probability: worked examples and the promise kept on average."""

import numpy as np
import pytest

from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.voxel_histograms import probability_histogram
from glioma_uq.statistics.risk_control import (
    control_false_negatives,
    dice_by_threshold,
    false_negative_rates,
    least_controlled,
    mask_sizes,
)


def counted(cases, bins=20):
    """Histograms of the voxels inside and outside the tumour, each [N, bins]."""
    everything = [(probability_histogram(p, t, bins), probability_histogram(p, ~t, bins))
                  for p, t in cases]  # fmt: skip
    return [np.stack(part) for part in zip(*everything, strict=True)]


def cases(n, seed):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        tumour = rng.random(300) < 0.2
        skill = rng.uniform(0.5, 3)
        yield rng.beta(1 + skill * tumour, 1 + skill * ~tumour), tumour


def test_what_a_threshold_misses_and_holds():
    (p, tumour), *_ = drawn = list(cases(3, 0))
    inside, outside = counted(drawn)
    for k in (0, 5, 10, 20):
        mask = p >= k / 20
        missed = (tumour & ~mask).sum() / tumour.sum()
        assert false_negative_rates(inside)[0, k] == pytest.approx(missed)
        assert mask_sizes(inside, outside)[0, k] == mask.sum()
        assert dice_by_threshold(inside, outside)[0, k] == pytest.approx(dice(mask, tumour))


def test_a_case_without_tumour_misses_nothing():
    assert (false_negative_rates(np.zeros((2, 5))) == 0).all()
    assert dice_by_threshold(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[1] * 5]


def test_the_largest_threshold_below_alpha_counts_the_next_case_as_missed():
    """Nine cases with a tenth of each tumour below .5: (9 x .1 + 1) / 10 = .19."""
    inside = np.tile([1.0, 9.0], (9, 1))
    assert control_false_negatives(inside, 0.19) == 0.5
    assert control_false_negatives(inside, 0.05) == 0


@pytest.mark.parametrize(("alpha", "n"), [(0.1, 18), (0.05, 38), (0.3, 5)])
def test_from_the_least_number_on_half_of_alpha_may_be_missed(alpha, n):
    """The tumours below .5 are missed by a threshold of .5: at half of alpha, all may be."""
    assert least_controlled(alpha) == n
    half = np.array([alpha / 2, 1 - alpha / 2]) + [-1e-9, 1e-9]  # rounding
    assert control_false_negatives(np.tile(half, (n, 1)), alpha) == 0.5
    assert control_false_negatives(np.tile(half, (n - 1, 1)), alpha) == 0


def test_the_mean_rate_of_new_cases_stays_below_alpha():
    rates = []
    for seed in range(60):
        threshold = control_false_negatives(counted(cases(30, seed))[0], 0.15)
        new = false_negative_rates(counted(cases(30, 1000 + seed))[0])
        rates.append(new[:, round(threshold * 20)].mean())
    assert 0.08 < np.mean(rates) < 0.15


def test_the_rows_of_a_case_count_as_one_case():
    inside, _ = counted(cases(18, 1))
    many, shares = np.repeat(inside, 4, axis=0), np.full(72, 0.25)
    once = control_false_negatives(inside, 0.1)
    assert control_false_negatives(many, 0.1, shares) == once
    assert control_false_negatives(many, 0.1) >= once
