"""Monte Carlo dropout: only dropout wakes, samples are functions of their seeds, sums hold."""

import numpy as np
import pytest
import torch

from glioma_uq.dataset import Case
from glioma_uq.errors import BadInput
from glioma_uq.mc_dropout import VoxelUncertainty, awake_dropout, draw_samples, sample_case
from glioma_uq.networks import build_network
from glioma_uq.uncertainty import decompose

DEVICE = torch.device("cpu")


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network("csnet", width=4, rate=0.4)


@pytest.fixture(scope="module")
def case():
    generator = torch.Generator().manual_seed(1)
    images = torch.randn((4, 16, 16, 16), generator=generator)
    tumour = torch.zeros(1, 16, 16, 16)
    tumour[0, 4:9, 4:9, 4:9] = 1
    return Case("a", images, torch.ones(16, 16, 16, dtype=torch.bool), tumour, {}, 8.0)


def sampled(network, case, passes=(3, 6), batch_size=3, seed=5):
    with awake_dropout(network) as awake:
        return sample_case(awake, case, list(passes), seed, DEVICE, batch_size)


def test_sampling_leaves_the_network_as_it_was(network, case):
    network.train()
    before = {name: x.clone() for name, x in network.state_dict().items()}
    sampled(network, case)
    assert all(torch.equal(x, before[name]) for name, x in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert not any("forward" in vars(module) for module in network.modules())


def test_a_sample_depends_on_its_seed_and_not_on_its_batch(network, case):
    with awake_dropout(network) as awake:
        together = list(draw_samples(awake, case.images[None], [7, 8, 9]))
        alone = next(draw_samples(awake, case.images[None], [8]))
        other = next(draw_samples(awake, case.images[None], [10]))
    for task in alone:
        torch.testing.assert_close(together[1][task], alone[task], atol=1e-6, rtol=0)
    assert not torch.allclose(alone["segmentation"], other["segmentation"])


def test_fewer_passes_are_a_prefix_of_more_to_the_last_bit(network, case):
    few, many = sampled(network, case, passes=(2, 5)), sampled(network, case, passes=(2, 5, 9))
    assert few.probabilities == many.probabilities[:5]
    assert few.segmentation == many.segmentation[:2]


def test_the_global_random_state_is_neither_read_nor_moved(network, case):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = sampled(network, case)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert sampled(network, case) == first


@pytest.mark.parametrize("dropout", ["channel", "element"])
def test_masks_keep_the_mean_and_drop_at_the_rate(dropout):
    kinds = {"channel": torch.nn.Dropout3d, "element": torch.nn.Dropout}
    layer = torch.nn.Sequential(kinds[dropout](0.3))
    x = torch.ones(4, 500, 2, 2, 2)
    with awake_dropout(layer) as awake:
        y = awake(x, [1, 2, 3, 4])
    whole = y.flatten(2)
    assert float((y == 0).float().mean()) == pytest.approx(0.3, abs=0.03)
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.7])
    same_in_channel = bool((whole == whole[..., :1]).all())
    assert same_in_channel == (dropout == "channel")


@pytest.mark.parametrize(
    "layers", [[torch.nn.ReLU()], [torch.nn.Dropout(0.0)]], ids=["none", "rate 0"]
)
def test_a_network_without_dropout_is_refused(layers):
    with (
        pytest.raises(BadInput, match="expected a network with dropout layers of a rate above 0"),
        awake_dropout(torch.nn.Sequential(*layers)),
    ):
        pass


def test_running_sums_equal_the_decomposition_of_all_samples():
    samples = torch.softmax(
        torch.randn((20, 2, 3, 3, 3), generator=torch.Generator().manual_seed(3)), 1
    )
    sums = VoxelUncertainty()
    for sample in samples:
        sums.add(sample)
    whole = decompose(samples.movedim(1, -1).numpy())
    for kind, values in sums.maps().items():
        np.testing.assert_allclose(values, getattr(whole, kind), atol=1e-12)


def test_samples_that_agree_leave_no_epistemic_uncertainty():
    sums = VoxelUncertainty()
    for _ in range(3):
        sums.add(torch.full((2, 1, 1, 1), 0.5))
    assert [float(x) for x in sums.maps().values()] == pytest.approx([np.log(2), np.log(2), 0])


def test_an_empty_prediction_has_no_tumour_mean_and_says_why(network, case):
    with torch.no_grad():
        network.segmentation.bias.copy_(torch.tensor([50.0, -50.0]))
    row = sampled(network, case).segmentation[-1]
    assert np.isnan(row["tumour_predictive"])
    assert row["tumour_reason"] == "the predicted tumour is empty"
    assert (row["dice"], row["predicted_volume_mm3"]) == (0.0, 0.0)
    assert row["tumour_volume_mm3"] == 125 * 8.0
