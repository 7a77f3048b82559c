"""Running sums: equal to what all samples at once would say, and what samples say of masks."""

from itertools import combinations

import numpy as np
import pytest
import torch

from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.voxel_uncertainty import VoxelUncertainty
from glioma_uq.uncertainty import decompose, decompose_members


def random_samples(number, seed=3, classes=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(torch.randn((number, classes, 3, 4, 5), generator=generator), 1)


def summed(samples, members=1):
    sums = VoxelUncertainty(members)
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
    first, again = summed(samples[:5]), VoxelUncertainty()
    again.restore(first.state(), 5, torch.device("cpu"))
    for sample in samples[5:]:
        again.add(sample)
    whole = summed(samples)
    assert torch.equal(again.probability, whole.probability)
    assert torch.equal(again.entropy, whole.entropy)
    assert torch.equal(again.votes, whole.votes)
