"""Reversible blocks against plain autograd: gradients, draws of dropout, precision, memory."""

import pytest
import torch
from error_bounds import FORMULA
from torch import nn

from glioma_uq.layers.reversible import ReversibleBlock, ReversibleSequence
from glioma_uq.networks import build_network

BFLOAT16 = torch.autocast("cpu", torch.bfloat16)


def function(channels, rate=0.0):
    convolution = nn.Conv3d(channels, channels, 3, padding=1, bias=False)
    return nn.Sequential(nn.GroupNorm(1, channels), nn.LeakyReLU(), convolution, nn.Dropout(rate))


def sequence(reversal, depth=3, channels=6, rate=0.0):
    """Return blocks with the same weights each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pairs = [[function(channels // 2, rate) for _ in "fg"] for _ in range(depth)]
    return ReversibleSequence([ReversibleBlock(*pair) for pair in pairs], reversal)


def volumes(*shape, dtype=None):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def gradients(network, x, loss=torch.square):
    """Return the output, and the gradients by the input and by all parameters, of one step."""
    x = x.clone().requires_grad_()
    with torch.random.fork_rng():
        torch.manual_seed(2)
        y = network(x)
        loss(y).sum().backward()
    return y, torch.cat([p.grad.flatten() for p in [x, *network.parameters()]])


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_gradients_equal_those_of_plain_autograd(rate):
    x = volumes(2, 6, 4, 5, 3, dtype=torch.float64)
    y, expected = gradients(sequence(False, rate=rate).double(), x)
    z, found = gradients(sequence(True, rate=rate).double(), x)
    assert torch.equal(y, z)
    torch.testing.assert_close(found, expected, **FORMULA)


def test_torch_itself_finds_the_gradients_right():
    blocks = sequence(True, depth=2, channels=2).double()
    x = volumes(1, 2, 2, 3, 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(blocks, [x])


@pytest.mark.usefixtures("float64")
def test_the_network_has_equal_gradients_with_and_without_reversal():
    def step(reversal):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = build_network("reversible-unet", width=8, depth=2, reversal=reversal)
        logits = network.train()(volumes(1, 4, 32, 16, 16))["segmentation"]
        logits.square().mean().backward()
        return torch.cat([p.grad.flatten() for p in network.parameters()])

    expected = step(False)
    torch.testing.assert_close(step(True), expected, **FORMULA)


def test_the_backward_pass_leaves_the_random_state_as_it_found_it():
    blocks = sequence(True, rate=0.5)
    y = blocks(volumes(1, 6, 3, 3, 3).requires_grad_())
    before = torch.get_rng_state()
    y.sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def kept(reversal, depth):
    """Return how many values a forward pass keeps for the backward pass."""
    sizes = []
    pack = lambda x: sizes.append(x.numel()) or x  # noqa: E731
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        sequence(reversal, depth)(volumes(1, 6, 4, 4, 4))
    return sum(sizes)


def test_what_is_kept_does_not_grow_with_the_number_of_blocks():
    assert kept(True, 1) == kept(True, 5) == 6 * 4**3
    assert kept(False, 5) > 4 * kept(False, 1) > 4 * kept(True, 1)


@pytest.mark.parametrize("backward_inside", [False, True])
def test_mixed_precision_is_that_of_the_forward_pass(backward_inside):
    """What is computed again differs by float32's rounding, so by one unit of bfloat16 at most."""
    convolved = []

    def step(blocks):
        for layer in blocks.modules():
            if isinstance(layer, nn.Conv3d):
                layer.register_forward_hook(lambda *given: convolved.append(given[-1].dtype))
        x = volumes(1, 6, 4, 4, 4).requires_grad_()
        with BFLOAT16:
            loss = blocks(x).square().mean()
            if backward_inside:
                loss.backward()
        if not backward_inside:
            loss.backward()
        return torch.cat([p.grad.flatten() for p in [x, *blocks.parameters()]])

    expected, found = step(sequence(False)), step(sequence(True))
    assert convolved == [torch.bfloat16] * 2 * 3 * (1 + 2)  # two of each block, again in reversal
    assert (found - expected).abs().max() < 2**-8 * expected.abs().max()


@pytest.mark.usefixtures("float64")
def test_frozen_parameters_get_no_gradient_and_the_others_theirs():
    plain, reversing = sequence(False), sequence(True)
    for blocks in (plain, reversing):
        blocks.blocks[1].f.requires_grad_(False)
        blocks(volumes(1, 6, 3, 3, 3)).square().sum().backward()
    for one, other in zip(plain.parameters(), reversing.parameters(), strict=True):
        assert one.requires_grad == (other.grad is not None)
        torch.testing.assert_close(one.grad, other.grad, **FORMULA)


def test_without_gradients_nothing_is_kept_and_the_output_is_the_same():
    x = volumes(1, 6, 3, 3, 3)
    with torch.no_grad():
        assert torch.equal(sequence(True)(x), sequence(False)(x))


def test_shapes_without_values_pass_too():
    with torch.device("meta"):
        assert sequence(True)(torch.empty(2, 6, 3, 4, 5)).shape == (2, 6, 3, 4, 5)
