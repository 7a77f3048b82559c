"""Laws of the decomposition of uncertainty into its components."""

import numpy as np
import pytest
import scipy.stats
from scipy.special import digamma

from glioma_uq.uncertainty import (
    corrected_prefixes,
    decompose,
    decompose_members,
    decompose_prefixes,
    entropy,
)


@pytest.fixture
def probabilities():
    """Forty passes over six cases and three classes."""
    return np.random.default_rng(0).dirichlet([0.4, 1, 2], size=(40, 6)).astype(np.float32)


def test_a_fair_coin_has_an_entropy_of_ln_2():
    assert entropy([0.5, 0.5]) == pytest.approx(np.log(2), abs=1e-12)


def test_certainty_has_none():
    assert entropy([[0.0, 1.0], [1.0, 0.0]]).tolist() == [0, 0]


def test_entropy_agrees_with_scipy(probabilities):
    exact = probabilities.astype(float)
    exact /= exact.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(entropy(exact), scipy.stats.entropy(exact, axis=-1), atol=1e-12)


def test_epistemic_is_zero_when_all_passes_agree():
    parts = decompose(np.tile([0.2, 0.3, 0.5], (7, 4, 1)))
    np.testing.assert_allclose(parts.epistemic, 0, atol=1e-12)
    np.testing.assert_allclose(parts.predictive, entropy([0.2, 0.3, 0.5]), atol=1e-12)


def test_all_uncertainty_is_epistemic_when_certain_passes_contradict():
    parts = decompose([[0.0, 1.0], [1.0, 0.0]])
    assert parts.aleatoric == 0
    assert parts.epistemic == pytest.approx(np.log(2))


def test_worked_example():
    """Passes (.9, .1) and (.5, .5): H(.7, .3) = .610864, mean of .325083 and .693147."""
    parts = decompose([[0.9, 0.1], [0.5, 0.5]])
    assert parts[:3] == pytest.approx((0.610864, 0.509115, 0.101749), abs=5e-7)


def test_parts_add_up(probabilities):
    parts = decompose(probabilities)
    np.testing.assert_allclose(parts.predictive, parts.aleatoric + parts.epistemic, atol=1e-12)
    assert (parts.epistemic >= 0).all()


def test_rounding_below_zero_is_clipped():
    parts = decompose(np.tile(np.float64([0.1, 0.2, 0.7]), (7, 50, 1)))
    assert (parts.predictive < parts.aleatoric).all()
    assert (parts.epistemic == 0).all()


def test_probabilities_that_hold_nan_are_refused():
    with pytest.raises(ValueError, match="hold no NaN"):
        decompose([[np.nan, 1.0]])


def test_each_prefix_is_what_its_passes_alone_give(probabilities):
    prefixes = decompose_prefixes(probabilities, [1, 10, 40])
    for i, passes in enumerate([1, 10, 40]):
        alone = decompose(probabilities[:passes])
        for part, expected in zip(prefixes[:3], alone[:3], strict=True):
            np.testing.assert_allclose(part[i], expected, atol=1e-12)
    np.testing.assert_array_equal(prefixes.epistemic[0], 0)


def test_the_order_of_passes_does_not_matter_once_all_are_in(probabilities):
    shuffled = np.random.default_rng(1).permutation(probabilities)
    there, here = decompose_prefixes(shuffled, [5, 40]), decompose_prefixes(probabilities, [5, 40])
    np.testing.assert_allclose(there.epistemic[1], here.epistemic[1], atol=1e-12)
    assert np.abs(there.epistemic[0] - here.epistemic[0]).max() > 1e-3


def test_volumes_work_as_cases_do():
    volume = np.random.default_rng(2).dirichlet([1, 1], size=(5, 4, 4, 4))
    assert decompose(volume).predictive.shape == (4, 4, 4)
    assert decompose_prefixes(volume, [2, 5]).aleatoric.shape == (2, 4, 4, 4)


@pytest.mark.parametrize("passes", [[0, 5], [5, 5], [10, 5], [41]])
def test_impossible_prefixes_are_refused(probabilities, passes):
    with pytest.raises(ValueError, match="expected (increasing numbers|at most 40)"):
        decompose_prefixes(probabilities, passes)


def test_within_and_between_members_make_up_the_epistemic_part():
    samples = np.random.default_rng(4).dirichlet(np.ones(3), size=(12, 5))
    within, between = decompose_members(samples, 4)
    whole = decompose(samples)
    np.testing.assert_allclose(within + between, whole.epistemic, atol=1e-12)
    of_each = [decompose(samples[member::4]).epistemic for member in range(4)]
    np.testing.assert_allclose(within, np.mean(of_each, axis=0), atol=1e-12)


def test_members_without_equal_turns_are_refused():
    with pytest.raises(ValueError, match="expected a multiple of 2 passes, found 3"):
        decompose_members(np.full((3, 1, 2), 0.5), 2)


@pytest.mark.parametrize("passes", [2, 9])
def test_the_correction_is_the_jackknife_of_scipy(passes):
    samples = np.random.default_rng(0).dirichlet([0.4, 1, 2], size=(9, 5))
    predictive, epistemic = (c[0] for c in corrected_prefixes(samples, [passes]))
    estimate = [
        scipy.stats.entropy(np.delete(samples[:passes], t, axis=0).mean(axis=0), axis=-1)
        for t in range(passes)
    ]
    whole = scipy.stats.entropy(samples[:passes].mean(axis=0), axis=-1)
    expected = passes * whole - (passes - 1) * np.mean(estimate, axis=0)
    np.testing.assert_allclose(predictive, expected, atol=1e-12)
    aleatoric = scipy.stats.entropy(samples[:passes], axis=-1).mean(axis=0)
    np.testing.assert_allclose(predictive - epistemic, aleatoric, atol=1e-12)


@pytest.mark.parametrize("alpha", [[2, 2], [0.4, 1, 2], [5, 1], [0.3, 0.3]])
def test_ten_corrected_passes_give_what_a_thousand_do(alpha):
    """Of passes from a Dirichlet distribution, in the mean over 20,000 cases: within 1 %."""
    samples = np.random.default_rng(1).dirichlet(alpha, size=(10, 20_000))
    predictive, epistemic = corrected_prefixes(samples, [10])
    plain, share = decompose_prefixes(samples, [10]), np.array(alpha) / np.sum(alpha)
    # E H(p) of a Dirichlet distribution; 1,000 passes lack 1/1,000 of the epistemic part.
    total = np.sum(alpha)
    aleatoric = digamma(total + 1) - np.sum(share * digamma(np.array(alpha) + 1))
    truth = entropy(share)
    at_a_thousand = (truth - aleatoric) * (1 - 1 / 1000)
    assert plain.epistemic.mean() < 0.93 * at_a_thousand
    assert epistemic.mean() == pytest.approx(at_a_thousand, rel=0.01)
    assert predictive.mean() == pytest.approx(truth, rel=0.01)


def test_one_pass_cannot_be_corrected_and_prefixes_are_those_of_one_sequence(probabilities):
    predictive, epistemic = corrected_prefixes(probabilities, [1, 10, 40])
    assert np.isnan([predictive[0], epistemic[0]]).all()
    for place, passes in ((1, 10), (2, 40)):
        alone = corrected_prefixes(probabilities[:passes], [passes])
        found = [predictive[place], epistemic[place]]
        np.testing.assert_allclose(found, np.concatenate(alone), atol=1e-12)
    agreed = corrected_prefixes(np.tile([0.0, 0.3, 0.7], (7, 4, 1)), [7])
    np.testing.assert_allclose(agreed[1], 0, atol=1e-12)
