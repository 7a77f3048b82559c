"""Monte Carlo dropout: only dropout wakes, masks follow from seeds, the network is left alone."""

import pytest
import torch
from error_bounds import FORMULA

from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network
from glioma_uq.sampling.mc_dropout import active_dropout, mean_of_passes


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network("csnet", width=4, rate=0.4)


@pytest.fixture
def images():
    return torch.randn((3, 4, 16, 16, 16), generator=torch.Generator().manual_seed(1))


def test_sampling_leaves_the_network_and_its_buffers_as_they_were(network, images):
    network.train()
    before = {name: x.clone() for name, x in network.state_dict().items()}
    assert any("running_mean" in name for name in before)
    with active_dropout(network) as active:
        active(images, [1, 2, 3])
    assert all(torch.equal(x, before[name]) for name, x in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert not any("forward" in vars(module) for module in network.modules())


def test_dropout_sleeps_between_the_passes(network, images):
    with torch.no_grad():
        expected = network.eval()(images)["segmentation"]
        with active_dropout(network) as active:
            active(images, [1, 2, 3])
            assert torch.equal(network(images)["segmentation"], expected)


def test_the_network_is_restored_after_an_error(network):
    with pytest.raises(RuntimeError), active_dropout(network) as active:
        active(torch.zeros(1, 1, 16, 16, 16), [1])
    assert not any("forward" in vars(module) for module in network.modules())


@pytest.mark.usefixtures("float64")
def test_a_sample_depends_on_its_seed_and_not_on_its_batch(network, images):
    same = images[:1].expand(3, -1, -1, -1, -1)
    with active_dropout(network) as active:
        together = active(same, [7, 8, 9])
        alone, other = active(same[:1], [8]), active(same[:1], [10])
    for task, logits in alone.items():
        in_batch = together[task][1:2].softmax(1)
        torch.testing.assert_close(in_batch, logits.softmax(1), **FORMULA)
    assert not torch.allclose(alone["segmentation"], other["segmentation"])


def test_the_global_random_state_is_neither_read_nor_moved(network, images):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with active_dropout(network) as active:
        first = active(images, [1, 2, 3])
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        second = active(images, [1, 2, 3])
    assert all(torch.equal(first[task], second[task]) for task in first)


@pytest.mark.parametrize("dropout", ["channel", "element"])
def test_masks_keep_the_mean_and_drop_at_the_rate(dropout):
    kinds = {"channel": torch.nn.Dropout3d, "element": torch.nn.Dropout}
    layer = torch.nn.Sequential(kinds[dropout](0.3))
    x = torch.ones(4, 500, 2, 2, 2)
    with active_dropout(layer) as active:
        y = active(x, [1, 2, 3, 4])
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
        active_dropout(torch.nn.Sequential(*layers)),
    ):
        pass


def test_the_mean_of_passes_has_the_mean_probabilities_however_sure_each_pass_is():
    passes = [{"idh": 1e3 * torch.eye(2)}, {"idh": torch.tensor([[0.0, 0.0], [-1.0, 1.0]])}]
    mean = mean_of_passes(iter(passes))["idh"]
    expected = sum(x["idh"].double().softmax(1) for x in passes) / 2
    torch.testing.assert_close(mean.double().exp(), expected)
    torch.testing.assert_close(mean_of_passes(passes[:1])["idh"], passes[0]["idh"].log_softmax(1))
