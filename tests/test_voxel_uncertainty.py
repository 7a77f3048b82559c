"""Running sums: equal to what all samples at once would say, and what samples say of masks."""

from itertools import combinations

import numpy as np
import pytest
import torch

from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.voxel_uncertainty import VoxelUncertainty, is_tumour
from glioma_uq.subregions import in_region
from glioma_uq.uncertainty import corrected_prefixes, decompose, decompose_members, entropy


def random_samples(number, seed=3, classes=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(torch.randn((number, classes, 3, 4, 5), generator=generator), 1)


def summed(samples, members=1, independent=False):
    sums = VoxelUncertainty(members, independent)
    for sample in samples:
        sums.add(sample)
    return sums


def test_running_sums_equal_the_decomposition_of_all_samples():
    samples = random_samples(20)
    maps, clipped = summed(samples).maps()
    whole = decompose(samples.movedim(1, -1).numpy())
    for kind, values in maps.items():
        np.testing.assert_allclose(values, getattr(whole, kind), atol=1e-12)
    assert clipped == 0
    assert torch.equal(maps["predictive"] - maps["aleatoric"], maps["epistemic"])


@pytest.mark.parametrize("classes", [2, 4, 5])
def test_a_voxel_is_tumour_where_its_most_probable_class_is_none_of_the_cavity(classes):
    generator = torch.Generator().manual_seed(0)
    ties = torch.randint(0, 4, (classes, 9, 9, 9), generator=generator) / 4
    assert torch.equal(is_tumour(ties), in_region(ties.argmax(0), "wt"))
    assert not is_tumour(torch.tensor([0.2, 0.15, 0.15, 0.2, 0.3]).reshape(5, 1, 1, 1)).any()


def test_samples_that_agree_leave_no_epistemic_uncertainty():
    maps, _ = summed([torch.full((2, 1, 1, 1), 0.5)] * 3).maps()
    assert [float(x) for x in maps.values()] == pytest.approx([np.log(2), np.log(2), 0])


def test_rounding_below_zero_is_clipped_and_counted():
    maps, clipped = summed([torch.tensor([0.1, 0.9]).reshape(2, 1, 1, 1)] * 7).maps()
    assert clipped == int(maps["predictive"] < maps["aleatoric"])
    assert float(maps["epistemic"]) >= 0
    sums = summed(random_samples(4))
    sums.entropy += 1e-3 + float(np.log(2))
    with pytest.raises(ValueError, match="expected predictive >= aleatoric"):
        sums.maps()


def test_logits_that_hold_nan_are_refused():
    with pytest.raises(ValueError, match="hold no NaN"):
        summed([torch.full((2, 1, 1, 1), float("nan"))]).maps()


def test_the_three_way_split_adds_up_and_equals_that_of_all_samples():
    samples = random_samples(12, classes=3)
    maps, _ = summed(samples, members=3).maps()
    parts = maps["aleatoric"] + maps["within_member"] + maps["between_member"]
    np.testing.assert_allclose(parts, maps["predictive"], atol=1e-12)
    within, between = decompose_members(samples.movedim(1, -1).numpy(), 3)
    np.testing.assert_allclose(maps["within_member"], within, atol=1e-12)
    np.testing.assert_allclose(maps["between_member"], between, atol=1e-12)
    assert torch.equal(maps["predictive"], summed(samples, 3).maps()[0]["predictive"])


def test_members_that_agree_with_themselves_differ_only_between_each_other():
    one, other = random_samples(2)
    maps, _ = summed([one, other] * 3, members=2).maps()
    np.testing.assert_allclose(maps["within_member"], 0, atol=1e-12)
    np.testing.assert_allclose(maps["between_member"], maps["epistemic"], atol=1e-12)


def corrected_of(samples):
    sums = summed(samples, independent=True)
    found = sums.corrected(sums.maps()[0])
    return [found[f"{kind}_corrected"].numpy() for kind in ("predictive", "epistemic")]


@pytest.mark.parametrize("classes", [2, 4])
def test_two_passes_are_corrected_by_the_jackknife_over_passes(classes):
    samples = random_samples(2, classes=classes)
    expected = corrected_prefixes(samples.movedim(1, -1).numpy(), [2])
    np.testing.assert_allclose(corrected_of(samples), np.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize("passes", [3, 8, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_more_passes_are_corrected_by_the_entropies_of_two_halves(passes, dtype):
    samples = random_samples(passes, classes=3).to(dtype)
    of_all = samples.movedim(1, -1).double().numpy()
    halves = [of_all[first::2] for first in (0, 1)]
    each = sum(len(half) * entropy(half.mean(axis=0)) for half in halves) / passes
    predictive = 2 * entropy(of_all.mean(axis=0)) - each
    expected = [predictive, predictive - entropy(of_all).mean(axis=0)]
    # The passes of a half add up with at most that relative error each.
    rounding = passes * torch.finfo(dtype).eps
    np.testing.assert_allclose(corrected_of(samples), expected, atol=rounding)
    assert (predictive >= decompose(of_all).predictive).all()


def test_halves_leave_a_bias_in_the_square_of_the_passes_twice_that_of_the_jackknife():
    """All 2^10 equally likely runs of ten passes that are (.3, .7) or (.7, .3): no chance is left.

    The mean has the variance .2^2 / T about .5. By Taylor's series to the fourth order the entropy
    of the mean lacks a / T + e / T^2, e = -32 / 24 * 3 * .2^4 (the fourth derivative of H at .5 is
    -32). The halves leave 2 e / T^2 - 4 e / T^2, the jackknife -e / (T (T - 1)), to terms
    in 1 / T^3.
    """
    passes = 10
    first = 0.3 + 0.4 * (np.arange(2**passes) // 2 ** np.arange(passes)[:, None] % 2)
    samples = torch.tensor(np.stack([first, 1 - first], axis=1).reshape(passes, 2, -1, 1, 1))
    truth = np.log(2) - entropy([0.3, 0.7])
    plain = decompose(samples.movedim(1, -1).numpy()).epistemic.mean() - truth
    halves = corrected_of(samples)[1].mean() - truth
    jackknife = corrected_prefixes(samples.movedim(1, -1).numpy(), [passes])[1].mean() - truth
    e = -32 / 24 * 3 * 0.2**4
    assert plain == pytest.approx(-truth / passes, rel=0.1)
    assert halves == pytest.approx(-2 * e / passes**2, rel=0.2)
    assert jackknife == pytest.approx(-e / (passes * (passes - 1)), rel=0.2)
    assert halves < 0.002 * truth


@pytest.mark.parametrize("passes", [4, 10])
def test_halves_vary_by_chance_hardly_more_than_the_jackknife(passes):
    """Of normal passes: the variance is (T + 2) (T - 1) / T^2 times that of the jackknife."""
    noise = np.random.default_rng(0).normal(0.5, 0.01, (passes, 40_000))
    samples = torch.tensor(np.stack([noise, 1 - noise], axis=1)[..., None, None])
    whole = corrected_prefixes(samples.movedim(1, -1).numpy(), [passes])[1][0]
    halves = corrected_of(samples)[1]
    expected = (passes + 2) * (passes - 1) / passes**2
    # Over seeds the ratio has a standard deviation of .007.
    assert halves.var() / whole.var() == pytest.approx(expected, rel=0.03)
    assert halves.mean() == pytest.approx(whole.mean(), rel=0.01)


def test_one_pass_and_passes_that_are_not_independent_are_not_corrected():
    assert np.isnan(corrected_of(random_samples(1))).all()
    sums = summed(random_samples(4))
    assert sums.corrected(sums.maps()[0]) == {}
    assert sums.half is None


def test_passes_that_agree_or_are_certain_need_no_correction():
    agreed = corrected_of([torch.full((2, 1, 1, 1), 0.5)] * 5)
    np.testing.assert_allclose(np.ravel(agreed), [np.log(2), 0], atol=1e-12)
    certain = corrected_of([torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)] * 5)
    np.testing.assert_array_equal(np.ravel(certain), 0)


def test_pairwise_dice_from_votes_is_that_of_all_pairs_pooled():
    samples = random_samples(6)
    masks = [sample.argmax(0) > 0 for sample in samples]
    pairs = list(combinations(masks, 2))
    shared = sum(int((a & b).sum()) for a, b in pairs)
    sizes = sum(int(a.sum() + b.sum()) for a, b in pairs)
    found = summed(samples).pairwise_dice()
    assert found == pytest.approx(2 * shared / sizes, rel=1e-12)
    assert found == pytest.approx(np.mean([dice(a, b) for a, b in pairs]), abs=0.02)


@pytest.mark.parametrize(
    ("tumour", "number", "expected"), [(0.9, 3, 1.0), (0.1, 3, 1.0), (0.9, 1, np.nan)]
)
def test_samples_that_agree_have_a_dice_of_one_and_one_sample_has_none(tumour, number, expected):
    sample = torch.tensor([1 - tumour, tumour]).reshape(2, 1, 1, 1).expand(2, 2, 2, 2)
    assert summed([sample] * number).pairwise_dice() == pytest.approx(expected, nan_ok=True)


def test_sums_that_were_stored_go_on_as_if_they_had_not_been():
    samples = random_samples(8)
    first, again = summed(samples[:5], independent=True), VoxelUncertainty(independent=True)
    again.restore(first.state(), 5, torch.device("cpu"))
    for sample in samples[5:]:
        again.add(sample)
    whole = summed(samples, independent=True)
    assert set(again.names) == {"probability", "entropy", "votes", "half"}
    assert all(torch.equal(getattr(again, name), getattr(whole, name)) for name in again.names)
