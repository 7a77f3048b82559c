"""The report of activations counts the channels that died, and sees what they do when they fire."""

import math

import pytest
import torch
from torch import nn

from glioma_uq.networks import build_network
from glioma_uq.training.health import activation_report, layers_of

KEYS = {"dead_share", "largest_training", "largest_evaluation", "largest_feature"}


@pytest.fixture(scope="module")
def images():
    return list(torch.randn((3, 1, 4, 18, 18, 18), generator=torch.Generator().manual_seed(1)))


def csnet(**options):
    """Return a small network whose running statistics have seen nothing."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network("csnet", width=2, feature_standardisation=True, **options)


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_a_dead_channel_that_fires_is_counted_and_measured_by_hand(epsilon):
    """Batch normalisation of 4 channels, one dead: x / sqrt(epsilon) in evaluation mode."""
    network = nn.Sequential(nn.BatchNorm3d(4, eps=epsilon))
    network[0].running_var[2] = 1e-12
    image = torch.zeros(1, 4, 2, 2, 2)
    image[0, 2, 0, 0, 0] = 3.0
    report = activation_report(network, [image], passes=1, seed=1)
    assert set(report) == KEYS
    assert report["dead_share"] == 0.25
    assert report["largest_evaluation"] == pytest.approx(3 / math.sqrt(1e-12 + epsilon))
    by_batch = (3 - 3 / 8) / math.sqrt(9 / 8 - 9 / 64 + epsilon)  # one voxel of 8 is 3
    assert report["largest_training"] == pytest.approx(by_batch)
    assert math.isnan(report["largest_feature"])
    assert (report["largest_evaluation"] <= 10 * report["largest_training"]) == (epsilon == 0.1)


def test_the_options_of_csnet_bound_what_a_dead_channel_becomes(images):
    """Every normalisation divides by sqrt(epsilon) at least, and no feature is beyond its bound."""
    found = {}
    for epsilon in (1e-5, 0.1):
        network = csnet(rate=0.5, normalisation_epsilon=epsilon).eval()
        network.standardise.weight.fill_(1.0)  # features that were 0 throughout
        norms = layers_of(network, nn.BatchNorm3d)
        assert len(norms) == 9
        for norm in norms:
            norm.running_var[0] = 1e-12
            one = torch.zeros(1, norm.num_features, 1, 1, 1)
            assert float(norm(one + 1).detach()[0, 0]) == pytest.approx(epsilon**-0.5, rel=1e-4)
        found[epsilon] = activation_report(network, images, passes=3, seed=1)
    assert found[0.1]["largest_evaluation"] < 1e-2 * found[1e-5]["largest_evaluation"]
    assert found[1e-5]["largest_feature"] == network.standardise.bound == 10


def test_a_network_without_batch_normalisation_has_nothing_to_report():
    report = activation_report(nn.Sequential(nn.Identity()), [torch.zeros(1, 4, 2, 2, 2)], 2, 1)
    assert set(report) == KEYS
    assert all(math.isnan(value) for value in report.values())


def test_the_largest_feature_is_that_of_all_passes_and_cases(images):
    network = csnet(rate=0.4)
    network.standardise.weight.fill_(1.0)
    network.standardise.mean_square.fill_(1.0)
    network.standardise.mean_square[-1] = 1e-12
    whole = activation_report(network, images, passes=3, seed=1)
    parts = [activation_report(network, images, passes=t, seed=1) for t in (1, 2)]
    assert whole["largest_feature"] >= max(x["largest_feature"] for x in parts) > 0
    assert whole != activation_report(network, images, passes=3, seed=2)
    assert whole == activation_report(network, iter(images), passes=3, seed=1)


def test_the_network_stays_as_it_was(images):
    network = csnet(rate=0.4).train()
    before = {name: x.clone() for name, x in network.state_dict().items()}
    activation_report(network, images, passes=2, seed=1)
    assert all(torch.equal(x, before[name]) for name, x in network.state_dict().items())
    assert all(module.training and not module._forward_hooks for module in network.modules())


def test_a_network_without_dropout_is_measured_too(images):
    assert activation_report(csnet(rate=0.0), images, 1, 1) == activation_report(
        csnet(rate=0.0), images, 2, 5
    )
