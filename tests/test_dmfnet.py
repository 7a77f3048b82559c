"""DMFNet and its U-Modules: published sizes row by row, the units' formula, what training adds."""

from functools import cache, partial

import pytest
import torch
from error_bounds import FORMULA
from network_cost import count_parameters
from torch import nn
from torch.nn import functional

from glioma_uq.errors import BadInput
from glioma_uq.layers.multifiber import DilatedMultiFiber, MultiFiber
from glioma_uq.layers.subtyping import SubtypingHeads
from glioma_uq.networks import build_network
from glioma_uq.networks.dmfnet import upsample_to
from glioma_uq.networks.dmfnet_umodule import relative_error
from glioma_uq.sampling.acceleration import accelerate
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.sampling.samplers import open_sampler

TASKS = ("idh", "1p19q", "grade")


def count(module):
    return sum(p.numel() for p in module.parameters())


@cache
def without_memory():
    """Return a DMFNet of the published size, whose tensors have shapes and no values."""
    with torch.device("meta"):
        return build_network("dmfnet")


def volume(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def seeded(name="dmfnet", **options):
    """Return a narrow network whose batch normalisations do something."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(name, **{"width": 4, **options})
        for norm in network.modules():
            if isinstance(norm, nn.BatchNorm3d):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2)
    return network


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 3_875_890),
        ({"init": "official"}, 3_875_890),
        ({"rate": 0.3}, 3_875_890),
        ({"classes": 3}, 3_875_858),
        ({"dilated": False}, 3_194_784),
        ({"modalities": 3}, 3_875_890 - 27 * 32),
        ({"tasks": TASKS}, 3_875_890 + (672 + 1) * 256 + (256 + 1) * 7),
        ({"tasks": ["grade"]}, 3_875_890 + (672 + 1) * 256 + (256 + 1) * 3),
    ],
    ids=str,
)
def test_dmfnet_has_the_published_number_of_parameters_and_each_option_its_own(options, expected):
    with torch.device("meta"):
        assert count(build_network("dmfnet", **options)) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("encoder1", 3_456),
        ("encoder2.0", 63_827),
        ("encoder2.1", 101_699),
        ("encoder2.2", 101_699),
        ("encoder3.0", 474_947),
        ("encoder3.1", 404_099),
        ("encoder3.2", 404_099),
        ("encoder4.0", 1_070_464),
        ("encoder4.1", 408_000),
        ("encoder4.2", 309_952),
        ("decoder1", 380_160),
        ("decoder2", 137_408),
        ("decoder3", 15_952),
        ("segmentation", 128),
    ],
)
def test_every_row_of_the_layer_table_has_its_parameters(layer, expected):
    assert count(without_memory().get_submodule(layer)) == expected


@torch.no_grad()
def test_the_feature_maps_have_the_sizes_of_the_layer_table():
    maps = without_memory().encode(torch.empty(1, 4, 128, 128, 128, device="meta"))
    assert [tuple(x.shape[1:3]) for x in maps] == [(32, 64), (128, 32), (256, 16), (256, 8)]


def by_formula(sequence, x, stride=1, groups=1, dilation=1):
    """Return conv(relu(norm(x))) by torch's functions, the padding from the kernel's size."""
    norm, _, conv = sequence
    x = functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    pads = [dilation if size == 3 else 0 for size in conv.weight.shape[2:]]
    return functional.conv3d(x.relu(), conv.weight, None, stride, pads, dilation, groups)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilated", [False, True])
@pytest.mark.usefixtures("float64")
@torch.no_grad()
def test_a_unit_is_its_formula(dilated, stride):
    unit = (DilatedMultiFiber if dilated else MultiFiber)(8, 12, 4, stride).eval()
    x, step = volume(2, 8, 6, 8, 4), partial(by_formula, stride=stride, groups=4)
    middle = by_formula(unit.exchange[1], by_formula(unit.exchange[0], x))
    if dilated:
        unit.spatial.weights.copy_(torch.tensor([0.5, -1.0, 2.0]))
        parts = [step(unit.spatial.branches[i], middle, dilation=i + 1) for i in range(3)]
        middle = 0.5 * parts[0] - parts[1] + 2 * parts[2]
    else:
        middle = step(unit.spatial, middle)
    assert unit.in_plane[2].kernel_size == (3, 3, 1)
    expected = by_formula(unit.in_plane, middle, groups=4)
    expected += by_formula(unit.shortcut, x, stride=stride)
    torch.testing.assert_close(unit(x), expected, **FORMULA)


def test_a_unit_that_keeps_size_and_channels_adds_its_input_as_it_is():
    unit = MultiFiber(8, 8, 4).eval()
    nn.init.zeros_(unit.in_plane[2].weight)
    x = volume(1, 8, 4, 4, 4)
    assert torch.equal(unit(x), x)


def test_the_dilated_branches_start_with_equal_weights():
    assert DilatedMultiFiber(8, 8, 4).spatial.weights.tolist() == [1, 1, 1]


def test_the_skip_comes_first():
    skip, coarse = volume(1, 2, 4, 4, 4), torch.ones(1, 3, 2, 2, 2)
    both = upsample_to(skip, coarse)
    assert torch.equal(both[:, :2], skip)
    assert torch.equal(both[:, 2:], torch.ones(1, 3, 4, 4, 4))


def kernels(network, dilated):
    """Return the kernels of the dilated units, or of all the others, in units of 1/sqrt(fan in)."""
    units = [m for m in network.modules() if isinstance(m, DilatedMultiFiber)]
    of_units = {layer for unit in units for layer in unit.modules()}
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv3d)]
    chosen = [m.weight for m in convolutions if (m in of_units) == dilated]
    return torch.cat([w.detach().flatten() * w[0].numel() ** 0.5 for w in chosen])


def test_the_official_initialisation_leaves_the_dilated_units_as_torch_makes_them():
    he, official = seeded(width=8), seeded(width=8, init="official")
    for dilated in (False, True):
        assert kernels(he, dilated).std() == pytest.approx(2**0.5, rel=0.05)
    assert kernels(official, dilated=False).std() == pytest.approx(2**0.5, rel=0.05)
    assert kernels(official, dilated=True).abs().max() <= 1.0001


@pytest.mark.parametrize("width", [4, 6])
def test_a_narrow_network_learns_with_every_parameter(width):
    network = build_network("dmfnet", width=width, tasks=TASKS)
    logits = network(volume(2, 4, 16, 16, 16))
    assert {task: x.shape[1] for task, x in logits.items()} == {
        "segmentation": 4, "idh": 2, "1p19q": 2, "grade": 3,
    }  # fmt: skip
    sum(x.square().mean() for x in logits.values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@torch.no_grad()
def test_any_size_is_padded_at_the_end_and_its_logits_cropped():
    network, images = seeded().eval(), volume(1, 4, 20, 24, 17)
    logits = network(images)["segmentation"]
    assert logits.shape == (1, 4, 20, 24, 17)
    padded = network(functional.pad(images, [0, 15, 0, 8, 0, 12]))["segmentation"]
    assert torch.equal(logits, padded[..., :20, :24, :17])


@torch.no_grad()
def test_the_heads_read_the_maximum_of_each_channel_wherever_it_lies():
    heads = SubtypingHeads(5, 8, 0.5, ["grade", "idh"]).eval()
    maps = [volume(2, 2, 4, 4, 4), volume(2, 3, 2, 2, 2)]
    logits = heads(maps)
    assert {task: x.shape for task, x in logits.items()} == {"idh": (2, 2), "grade": (2, 3)}
    for task, x in heads([m.flip(2, 3) for m in maps]).items():
        assert torch.equal(x, logits[task])
    maps[1][0, 1, 0, 0, 0] += 9
    changed = heads(maps)["idh"]
    assert not torch.allclose(changed[0], logits["idh"][0])
    torch.testing.assert_close(changed[1], logits["idh"][1])


def test_without_tasks_there_are_neither_heads_nor_their_parameters():
    assert list(seeded().eval()(volume(1, 4, 16, 16, 16))) == ["segmentation"]
    assert not list(SubtypingHeads(5, 8, 0.5, ()).parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "he"}, "expected kaiming or official for the option init of dmfnet, found 'he'"),
        ({"width": 5}, "expected a multiple of 2 of at least 4 .* found 5"),
        ({"width": 2}, "expected a multiple of 2 of at least 4 .* found 2"),
        ({"tasks": ["age"]}, "expected subtyping tasks among idh, 1p19q, grade, found 'age'"),
    ],
    ids=str,
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        build_network("dmfnet", **options)


def channel_dropouts(network):
    return [name for name, m in network.named_modules() if isinstance(m, nn.Dropout3d)]


def test_dropout_follows_the_deepest_unit_and_each_of_the_decoder_where_there_is_a_rate():
    assert channel_dropouts(seeded(rate=0.4)) == [
        "encoder4.3", "decoder1.1", "decoder2.1", "decoder3.1",
    ]  # fmt: skip
    assert not channel_dropouts(seeded(rate=0.0))
    assert list(seeded(rate=0.4).state_dict()) == list(seeded(rate=0.0).state_dict())


@pytest.mark.parametrize("name", ["dmfnet", "dmfnet-umodule"])
@pytest.mark.usefixtures("float64")
def test_awake_dropout_gives_each_seed_its_sample_and_acceleration_the_same(name):
    network, images = seeded(name, rate=0.4, tasks=["idh"]), volume(1, 4, 13, 16, 10)
    with active_dropout(network) as active:
        both = active(images.expand(2, -1, -1, -1, -1), [5, 6])
        again = active(images, [6])
    with active_dropout(accelerate(network)) as active:
        fast = active(images, [6])
    assert list(both) == ["segmentation", "idh"]
    for task, logits in both.items():
        assert not torch.allclose(logits[0], logits[1])
        torch.testing.assert_close(logits[1], again[task][0], **FORMULA)
        torch.testing.assert_close(fast[task], again[task], **FORMULA)


def test_without_a_rate_there_is_one_sample_and_awake_dropout_refuses():
    network, images = seeded(tasks=["idh"]), volume(1, 4, 16, 16, 10)
    with open_sampler("deterministic", [network], seed=1) as sampler:
        (sample,) = sampler.draw(images, "case", [1])
    assert sample["segmentation"].shape == (4, 16, 16, 10)
    refused = pytest.raises(BadInput, match="expected a network with dropout layers")
    with refused, active_dropout(network):
        pass


# U-Modules


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 12_224 + 95_872),
        ({"levels": [1]}, 12_224),
        ({"levels": [2]}, 95_872),
        ({"reduction": "sum", "detach_target": False}, 12_224 + 95_872),
    ],
    ids=str,
)
def test_u_modules_add_their_parameters_in_training_and_none_at_inference(options, expected):
    with torch.device("meta"):
        network = build_network("dmfnet-umodule", **options)
    assert count(network) == 3_875_890 + expected
    assert count_parameters(network)[1] == 3_875_890


@pytest.mark.parametrize("training", [False, True])
@torch.no_grad()
def test_u_modules_leave_the_logits_as_they_are_from_the_first_weights_on(training):
    plain = seeded("dmfnet", tasks=["idh"]).train(training)
    network = build_network("dmfnet-umodule", width=4, tasks=["idh"]).train(training)
    missing, unexpected = network.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert missing
    assert all(name.startswith("reconstructions.") for name in missing)
    images = volume(2, 4, 16, 16, 16)
    logits, expected = network(images), plain(images)
    assert all(torch.equal(logits[task], expected[task]) for task in expected)
    assert set(logits) - set(expected) == ({"auxiliary"} if training else set())


def test_the_shared_layers_start_from_the_weights_of_a_dmfnet_of_that_seed():
    def fresh(name):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return build_network(name, width=4, tasks=["idh"]).state_dict()

    network = fresh("dmfnet-umodule")
    assert all(torch.equal(network[name], x) for name, x in fresh("dmfnet").items())


def test_u_modules_learn():
    network = build_network("dmfnet-umodule", width=4)
    terms = network(volume(2, 4, 16, 16, 16))["auxiliary"]
    assert list(terms) == [
        "reconstruction_1", "reconstruction_1_relative",
        "reconstruction_2", "reconstruction_2_relative",
    ]  # fmt: skip
    assert all(x.shape == () and x > 0 for x in terms.values())
    (terms["reconstruction_1"] + terms["reconstruction_2"]).backward()
    learned = [*network.reconstructions.parameters(), *network.encoder3.parameters()]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learned)
    assert not any(terms[name].requires_grad for name in terms if name.endswith("_relative"))


def auxiliary_of_leaves(**options):
    """Return feature maps that are leaves of the graph, and the terms of x1's U-Module."""
    network = seeded("dmfnet-umodule", levels=[1], **options)
    x1, x2 = volume(2, 4, 8, 8, 8).requires_grad_(), volume(2, 16, 4, 4, 4).requires_grad_()
    return x1, x2, network.auxiliary_terms([x1, x2])


@pytest.mark.parametrize("detach", [True, False])
def test_the_gradient_reaches_the_target_only_where_it_is_not_detached(detach):
    x1, x2, terms = auxiliary_of_leaves(detach_target=detach)
    terms["reconstruction_1"].backward()
    assert x2.grad.abs().sum() > 0
    assert (x1.grad is None) == detach


@pytest.mark.usefixtures("float64")
def test_without_detaching_the_target_smaller_features_lower_the_loss_and_not_the_relative_one():
    found, target = volume(1, 4, 8, 8, 8), volume(1, 4, 8, 8, 8, seed=2)
    network = seeded("dmfnet-umodule")
    losses = [network.squared_error(s * found, s * target) for s in (1, 0.1)]
    assert losses[1] == pytest.approx(float(losses[0]) / 100)
    relative = [relative_error(s * found, s * target) for s in (1, 0.1)]
    torch.testing.assert_close(relative[0], relative[1], **FORMULA)


@pytest.mark.usefixtures("float64")
def test_the_sum_is_the_mean_times_the_elements_of_a_case():
    terms = [auxiliary_of_leaves(reduction=kind)[2] for kind in ("mean", "sum")]
    mean, total = (x["reconstruction_1"].item() for x in terms)
    assert total == pytest.approx(mean * 4 * 8**3)
    assert terms[0]["reconstruction_1_relative"] == terms[1]["reconstruction_1_relative"]


@pytest.mark.usefixtures("float64")
def test_the_relative_error_is_0_for_the_target_and_1_for_the_means_of_its_channels():
    target = volume(2, 3, 4, 4, 4) + torch.tensor([0.0, 10, 20]).reshape(1, 3, 1, 1, 1)
    means = target.mean((2, 3, 4), keepdim=True).expand_as(target)
    assert relative_error(target, target).tolist() == [0, 0]
    torch.testing.assert_close(relative_error(means, target), torch.ones(2), **FORMULA)


@pytest.mark.usefixtures("float64")
def test_the_reconstruction_error_of_a_case_is_its_own_and_the_mean_of_the_levels():
    network = seeded("dmfnet-umodule").eval()
    images = volume(2, 4, 20, 16, 10)
    errors = network.reconstruction_error(images)
    alone = network.reconstruction_error(images[1:])
    torch.testing.assert_close(errors[1:], alone, **FORMULA)
    terms = network.auxiliary_terms(network.encode(images[1:]))
    levels = [float(terms[f"reconstruction_{level}_relative"]) for level in (1, 2)]
    assert float(alone[0]) == pytest.approx(sum(levels) / 2)
    with pytest.raises(BadInput, match="expected a network in evaluation mode"):
        network.train().reconstruction_error(images)


@pytest.mark.parametrize(
    ("option", "value"),
    [("reduction", "max"), ("levels", [1, 3]), ("levels", [])],
)
def test_unknown_options_of_the_u_modules_are_refused(option, value):
    with pytest.raises(BadInput, match=f"expected .* for the option {option} of dmfnet-umodule"):
        build_network("dmfnet-umodule", **{option: value})
