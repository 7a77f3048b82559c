"""Faster networks are equal networks: every layer, every pass, every mask, odd sizes."""

import copy

import pytest
import torch
from error_bounds import FORMULA, assert_is_convolution
from torch import nn

from glioma_uq.errors import BadInput
from glioma_uq.layers.convolutions import convolve, depth_to_space, space_to_depth
from glioma_uq.networks import build_network
from glioma_uq.sampling import csnet_passes
from glioma_uq.sampling.acceleration import accelerate, keep_freed_memory, replacement
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.sampling.samplers import open_sampler

SHAPES = [(12, 12, 12), (13, 17, 11), (9, 10, 14)]
PROMISED = dict(rtol=0, atol=1e-5)  # in CHANGELOG.md; kernels of SSE4.1 to AMX differ by 1.3e-6


@pytest.fixture(params=["float32", "float64"])
def tolerance(request):
    """How far logits may move: float64 shows a wrong formula, float32 the kernels that are used."""
    if request.param == "float32":
        return PROMISED
    request.getfixturevalue("float64")
    return FORMULA


def volume(*shape, seed=1):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return x.contiguous(memory_format=torch.channels_last_3d)


def trained(**options):
    """Return a network whose batch normalisations do something."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network("csnet", **options)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return network.eval()


def probabilities(network, images, seeds):
    with active_dropout(network) as active:
        logits = active(images, seeds)
    return torch.cat([x.softmax(1).flatten(1) for x in logits.values()], 1)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
@torch.no_grad()
def test_convolve_is_the_convolution(batch, kernel):
    x, layer = volume(batch, 3, 6, 5, 4), nn.Conv3d(3, 2, kernel, padding=kernel // 2)
    assert_is_convolution(convolve(x, layer.weight, layer.bias, kernel // 2), layer, x)


def test_depth_to_space_undoes_space_to_depth():
    x = volume(2, 3, 6, 4, 8)
    blocks = space_to_depth(x, 2)
    assert blocks.shape == (2, 24, 3, 2, 4)
    assert torch.equal(depth_to_space(blocks, 2), x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv3d(2, 3, 9, stride=3, padding=4),
        nn.Conv3d(2, 3, 9, stride=3, padding=4, bias=False),
        nn.Conv3d(2, 3, 4, stride=2, padding=1),
        nn.Conv3d(2, 3, 6, stride=3),
        nn.ConvTranspose3d(2, 3, 9, stride=3),
        nn.ConvTranspose3d(2, 3, 9, stride=3, bias=False),
        nn.ConvTranspose3d(2, 3, 4, stride=2),
    ],
    ids=str,
)
@torch.no_grad()
def test_a_layer_is_equal_to_what_replaces_it(layer, shape):
    x = volume(2, 2, *shape)
    assert_is_convolution(replacement(layer)(x), layer, x)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(2, 2),
        nn.Conv3d(2, 2, 3, padding=1),
        nn.Conv3d(2, 2, 5, stride=3),
        nn.Conv3d(2, 2, 9, stride=3, groups=2),
        nn.Conv3d(2, 2, 9, stride=3, dilation=2),
        nn.Conv3d(2, 2, 9, stride=3, padding=4, padding_mode="reflect"),
        nn.Conv3d(2, 2, (9, 9, 3), stride=3),
        nn.Conv3d(2, 2, 9, stride=3, padding="valid"),
        nn.ConvTranspose3d(2, 2, 9, stride=3, padding=1),
        nn.ConvTranspose3d(2, 2, 9, stride=3, output_padding=1),
    ],
    ids=str,
)
def test_other_layers_stay(layer):
    assert replacement(layer) is None


@pytest.mark.parametrize("shape", [(16, 16, 16), (17, 22, 19)])
@pytest.mark.parametrize("dropout", ["channel", "element"])
@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_an_accelerated_csnet_gives_the_samples_of_the_plain_one(dropout, rate, shape, tolerance):
    network = trained(width=4, rate=rate, dropout=dropout)
    images = volume(1, 4, *shape).expand(3, -1, -1, -1, -1)
    plain = probabilities(network, images, [1, 2, 3])
    fast = accelerate(network)
    assert hasattr(fast, "passes") == (dropout == "channel")
    torch.testing.assert_close(probabilities(fast, images, [1, 2, 3]), plain, **tolerance)
    assert not torch.allclose(plain[0], plain[1], atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"heads": "separate"},
        {"feature_standardisation": True},
        {"classes": 0},
        {"normalisation_epsilon": 0.1, "feature_standardisation": True},
    ],
    ids=str,
)
def test_so_it_does_with_every_option(options, tolerance):
    network, images = trained(width=3, rate=0.3, **options), volume(2, 4, 18, 17, 16)
    expected = probabilities(network, images, [1, 2])
    found = probabilities(accelerate(network), images, [1, 2])
    torch.testing.assert_close(found, expected, **tolerance)


def drawn_as(kept, monkeypatch):
    """Let dropout keep what `kept(channels)`, a tensor of booleans, says."""

    def mask(module, shape, generators):
        factors = kept(shape[1]).float() / (1 - module.p)
        return factors.reshape(1, -1, *[1] * (len(shape) - 2))

    monkeypatch.setattr("glioma_uq.sampling.mc_dropout.draw_mask", mask)
    monkeypatch.setattr(csnet_passes, "draw_mask", mask)


MASKS = {
    "none dropped": lambda n: torch.ones(n, dtype=torch.bool),
    "all dropped": lambda n: torch.zeros(n, dtype=torch.bool),
    "first kept": lambda n: torch.arange(n) < 1,
    "last kept": lambda n: torch.arange(n) == n - 1,
    "first dropped": lambda n: torch.arange(n) > 0,
    "every other": lambda n: torch.arange(n) % 2 == 0,
}


@pytest.mark.parametrize("width", [2, 3, 4])
@pytest.mark.parametrize("name", MASKS)
def test_skipping_channels_equals_the_plain_masked_pass(name, width, tolerance, monkeypatch):
    network, images = trained(width=width, rate=0.5), volume(1, 4, 14, 19, 16)
    drawn_as(MASKS[name], monkeypatch)
    expected = probabilities(network, images, [1])
    found = probabilities(accelerate(network), images, [1])
    torch.testing.assert_close(found, expected, **tolerance)


def test_no_dropout_at_all_is_refused_as_before():
    with (
        pytest.raises(BadInput, match="a rate above 0"),
        active_dropout(accelerate(trained(width=2, rate=0.0))),
    ):
        pass


def test_a_sample_is_the_same_to_the_last_bit_whatever_came_before():
    fast, other = accelerate(trained(width=2, rate=0.4)), volume(1, 4, 16, 15, 17, seed=9)
    images = volume(1, 4, 16, 16, 16)
    with open_sampler("mc-dropout", [fast], 5) as sampler:
        together = sampler.draw(images, "a", [1, 2, 3])
        sampler.draw(other, "b", [1])
        (alone,) = sampler.draw(images, "a", [2])
    assert all(torch.equal(alone[task], together[1][task]) for task in alone)


def test_the_plain_network_and_its_mode_stay_as_they_were():
    network = trained(width=2, rate=0.4).train()
    before = copy.deepcopy(network.state_dict())
    probabilities(accelerate(network), volume(1, 4, 16, 16, 16), [1])
    assert all(torch.equal(x, before[name]) for name, x in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert not hasattr(network, "passes")


def test_with_dropout_asleep_an_accelerated_network_is_the_plain_one(tolerance):
    network, images = trained(width=3, rate=0.4), volume(2, 4, 17, 16, 18)
    with torch.no_grad():
        found, expected = accelerate(network)(images), network(images)
    for task, logits in expected.items():
        torch.testing.assert_close(found[task], logits, **tolerance)


def test_memory_may_be_kept_on_any_system():
    keep_freed_memory()
