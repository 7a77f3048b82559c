"""The networks that only segment: published sizes and costs, shapes, dropout, training."""

import pytest
import torch
from error_bounds import FORMULA
from network_cost import cost_of
from torch import nn

from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network
from glioma_uq.sampling.mc_dropout import active_dropout

PUBLISHED = {  # parameters in training, at inference, 10⁹ multiplications at 128³, their precision
    "espnet3d": (3_626_584, 3_626_584, 76.3, 0.05),
    "kao-unet": (9_451_567, 9_451_567, 203, 0.5),
    "no-new-net": (12_425_253, 12_425_253, 297, 0.5),
    "reversible-unet": (12_365_283, 12_365_283, 395, 0.5),
    "segresnet": (18_798_627, 18_798_627, 585, 0.5),
    "segresnet-vae": (25_214_743, 18_798_627, 585, 0.5),
    "unet3d": (19_076_452, 19_076_452, 1_960, 0.5),
}
S3D_UNET = (3_260_612, 3_260_612)
NARROW = {  # width, and the number of dropout layers: the bottom's and one for each decoder level
    "espnet3d": (2, 3),
    "kao-unet": (8, 5),
    "no-new-net": (2, 6),
    "reversible-unet": (4, 6),
    "s3d-unet": (8, 5),
    "segresnet": (8, 4),
    "segresnet-vae": (8, 4),
    "unet3d": (2, 4),
}
SHAPE = (17, 12, 16)


def narrow(name, **options):
    """Return a narrow network with the same weights each time."""
    if name == "segresnet-vae":
        options = {"image_size": SHAPE, **options}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(name, **{"width": NARROW[name][0], **options})


def volumes(batch=1, modalities=4, shape=SHAPE):
    return torch.randn(batch, modalities, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_network_has_its_published_size_and_cost(name):
    *parameters, macs, precision = PUBLISHED[name]
    cost = cost_of(name)
    assert cost[:2] == tuple(parameters)
    assert cost.macs / 1e9 == pytest.approx(macs, abs=precision)


def test_s3d_unet_has_about_the_published_size_and_cost():
    cost = cost_of("s3d-unet")
    assert cost[:2] == S3D_UNET
    assert cost.parameters == pytest.approx(3.3e6, rel=0.02)
    assert cost.macs == pytest.approx(75e9, rel=0.02)


@pytest.mark.parametrize("name", NARROW)
def test_logits_have_the_size_of_the_images_and_follow_from_the_masks_of_dropout(name):
    network = narrow(name, modalities=3, classes=7, rate=0.5).double()
    one = volumes(modalities=3).double().expand(3, -1, -1, -1, -1)
    with active_dropout(network) as active:
        outputs = active(one, [1, 1, 2])
    assert list(outputs) == ["segmentation"]
    logits = outputs["segmentation"]
    assert logits.shape == (3, 7, *SHAPE)
    same, other = ((logits[0] - logits[n]).abs().max() / logits.abs().max() for n in (1, 2))
    assert same < FORMULA["atol"]
    assert other > 1e-3


@pytest.mark.parametrize("name", NARROW)
def test_dropout_lies_behind_the_bottom_and_each_level_of_the_decoder(name):
    def dropouts(rate):
        return [m.p for m in narrow(name, rate=rate).modules() if isinstance(m, nn.Dropout3d)]

    assert dropouts(0.0) == []
    assert dropouts(0.3) == [0.3] * NARROW[name][1]


@pytest.mark.parametrize("name", NARROW)
def test_gradients_reach_every_parameter(name):
    channels_last = {"memory_format": torch.channels_last_3d}  # as in training
    network = narrow(name).to(**channels_last).train()
    outputs = network(volumes(2).contiguous(**channels_last))
    terms = outputs.pop("auxiliary", {})
    assert list(terms) == (["vae"] if name == "segresnet-vae" else [])
    (outputs["segmentation"].square().mean() + sum(terms.values())).backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.dim() == 1 or parameter.grad.any(), key


@pytest.mark.parametrize("name", NARROW)
def test_subtyping_tasks_are_refused(name):
    with pytest.raises(BadInput, match=f"no subtyping tasks for {name}, .* found idh, grade"):
        narrow(name, tasks=("idh", "grade"))


@pytest.mark.parametrize(
    ("name", "width"), [("reversible-unet", 5), ("unet3d", 0), ("segresnet", 12), ("kao-unet", 4)]
)
def test_a_width_that_cannot_be_is_refused(name, width):
    with pytest.raises(BadInput, match=f"option width of {name}, found {width}"):
        narrow(name, width=width)


def test_the_autoencoder_leaves_the_logits_alone():
    network = narrow("segresnet-vae").train()
    images = volumes()
    with torch.no_grad():
        training = network(images)
        assert training["auxiliary"]["vae"].shape == ()
        inference = network.eval()(images)
    assert list(inference) == ["segmentation"]
    torch.testing.assert_close(training["segmentation"], inference["segmentation"])


def test_the_autoencoder_has_the_size_of_the_training_volumes_alone():
    network = narrow("segresnet-vae", image_size=(16, 16, 16))
    assert network.eval()(volumes())["segmentation"].shape == (1, 3, *SHAPE)
    with pytest.raises(BadInput, match=r"expected volumes of \(16, 16, 16\) voxels.*image_size"):
        network.train()(volumes())


def test_kaos_published_code_leaves_a_convolution_of_each_level_without_use():
    ours, theirs = (narrow("kao-unet", as_published=flag).eval() for flag in (False, True))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    theirs.load_state_dict(ours.state_dict())
    logits = theirs(volumes())["segmentation"]
    logits.square().mean().backward()
    unused = {name for name, p in theirs.named_parameters() if p.grad is None}
    assert unused == {name for name in ours.state_dict() if ".residual.0." in name}
    assert len(unused) == 5 * 3  # a convolution, and scale and shift of its normalisation
    assert (ours(volumes())["segmentation"] - logits).abs().max() > 1e-3
    level, x = theirs.encoder[0], volumes()
    changed = level.change(x)
    found = torch.relu(changed + level.residual[1](changed))
    torch.testing.assert_close(level(x), found)


@pytest.mark.parametrize("name", ["espnet3d", "kao-unet"])
def test_kernels_are_drawn_as_in_the_public_code(name):
    """He's normal distribution by the number of outputs: deviation sqrt(2 / (k³ channels))."""
    for layer in (m for m in build_network(name).modules() if isinstance(m, nn.Conv3d)):
        if layer.weight.numel() > 3000:
            k = layer.kernel_size[0]
            expected = (2 / (k**3 * layer.out_channels)) ** 0.5
            assert float(layer.weight.detach().std()) == pytest.approx(expected, rel=0.1)


def test_batch_normalisation_of_espnet_has_the_epsilons_of_the_public_code():
    found = {
        name: module.eps
        for name, module in narrow("espnet3d").named_modules()
        if isinstance(module, nn.BatchNorm3d)
    }
    assert {eps for name, eps in found.items() if name.endswith(".normalise")} == {1e-5}
    assert {eps for name, eps in found.items() if not name.endswith(".normalise")} == {1e-3}


def test_monais_autoencoder_shares_the_decoder_of_the_segmentation():
    """As its docstring says, which the paper's does not."""
    network = narrow("segresnet-vae").train()
    network(volumes())["auxiliary"]["vae"].backward()
    assert all(p.grad is not None for p in network.up_layers.parameters())
    assert all(p.grad is None for p in network.conv_final.parameters())
