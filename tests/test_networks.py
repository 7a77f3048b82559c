"""The networks: sizes from the papers, shapes, options, and the page on how to add one."""

import re
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from error_bounds import FORMULA

from glioma_uq import networks
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadInput
from glioma_uq.fingerprints import fingerprint
from glioma_uq.networks import build_network, list_networks
from glioma_uq.networks.csnet import initialise_he
from glioma_uq.sampling.acceleration import accelerate
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.tasks import TASKS
from glioma_uq.training.health import dead_share

ROOT = Path(__file__).resolve().parents[1]


def parameters(**options):
    with torch.device("meta"):
        return sum(p.numel() for p in build_network("csnet", **options).parameters())


def seeded(**options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network("csnet", **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 25_534_121),
        ({"dropout": "element"}, 25_534_121),
        ({"feature_standardisation": True}, 25_534_121),
        ({"normalisation_epsilon": 0.1}, 25_534_121),
        ({"activation_checkpointing": True}, 25_534_121),
        ({"heads": "separate"}, 25_534_121 + 2 * (1472 + 1) * 512),
        ({"modalities": 3}, 25_534_121 - 27 * 32),
        ({"width": 8}, 1_598_513),
        ({"classes": 4}, 25_534_121 + 2 * (32 + 1)),
        ({"tasks": ["grade"]}, 25_534_121 - (512 + 1) * 4),
        ({"tasks": ()}, 25_534_121 - (1472 + 1) * 512 - (512 + 1) * 7),
        ({"tasks": (), "heads": "separate"}, 25_534_121 - (1472 + 1) * 512 - (512 + 1) * 7),
        ({"classes": 0}, 15_365_383),
        ({"classes": 0, "heads": "separate"}, 15_365_383 + 2 * (992 + 1) * 512),
    ],
    ids=str,
)
def test_csnet_has_the_published_number_of_parameters_and_each_option_its_own(options, expected):
    assert parameters(**options) == expected


@pytest.mark.parametrize("dropout", ["channel", "element"])
@pytest.mark.parametrize("shape", [(24, 24, 24), (19, 23, 20)])
def test_csnet_returns_logits_of_every_task_at_any_size(shape, dropout):
    network = build_network("csnet", width=2, rate=0.5, dropout=dropout).eval()
    logits = network(torch.randn(2, 4, *shape))
    assert logits["segmentation"].shape == (2, 2, *shape)
    assert [logits[task].shape[1] for task in ("idh", "1p19q", "grade")] == [2, 2, 3]


def test_csnet_that_only_classifies_has_no_segmentation():
    network = build_network("csnet", width=2, classes=0, heads="separate").eval()
    logits = network(torch.randn(1, 4, 16, 16, 16))
    assert {task: x.shape[1] for task, x in logits.items()} == {"idh": 2, "1p19q": 2, "grade": 3}


@pytest.mark.parametrize("tasks", [(), ("grade", "idh")])
@pytest.mark.parametrize("dropout", ["channel", "element"])
@pytest.mark.usefixtures("float64")
@torch.no_grad()
def test_csnet_has_the_classes_and_tasks_asked_for_and_so_have_its_fast_passes(tasks, dropout):
    network = seeded(width=4, rate=0.4, classes=4, tasks=tasks, dropout=dropout).eval()
    images = torch.randn(1, 4, 16, 16, 16, generator=torch.Generator().manual_seed(2))
    with active_dropout(network) as active:
        logits = active(images, [1])
    with active_dropout(accelerate(network)) as active:
        fast = active(images, [1])
    assert list(logits) == list(fast) == ["segmentation", *(t for t in TASKS if t in tasks)]
    assert logits["segmentation"].shape[1] == 4
    for task, x in logits.items():
        torch.testing.assert_close(fast[task], x, **FORMULA)


def test_csnet_without_heads_starts_from_the_weights_of_one_with_them():
    both, alone = seeded(width=2).state_dict(), seeded(width=2, tasks=()).state_dict()
    assert set(both) - set(alone) == {
        name for name in both if name.startswith(("head", "subtypes"))
    }
    assert all(torch.equal(both[name], x) for name, x in alone.items())


@pytest.mark.parametrize(("classes", "number"), [(2, 10), (0, 6)])
def test_csnet_has_dropout_layers_of_one_rate(classes, number):
    network = build_network("csnet", width=2, rate=0.35, classes=classes)
    rates = [m.p for m in network.modules() if isinstance(m, torch.nn.modules.dropout._DropoutNd)]
    assert rates == [0.35] * number


def gradients(network, images, kept):
    """Return the gradients of one step, adding the bytes kept for it to the list `kept`."""
    network.train()
    pack = lambda x: kept.append(x.numel() * x.element_size()) or x  # noqa: E731
    with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        torch.manual_seed(1)
        loss = sum(logits.square().mean() for logits in network(images).values())
    loss.backward()
    return torch.cat([p.grad.flatten() for p in network.parameters()])


def test_activation_checkpointing_gives_equal_gradients_and_buffers_and_keeps_less():
    plain = seeded(width=2, rate=0.3)
    saving = seeded(width=2, rate=0.3, activation_checkpointing=True)
    images = torch.randn(2, 4, 16, 16, 16, generator=torch.Generator().manual_seed(2))
    kept = [], []
    pairs = zip((plain, saving), kept, strict=True)
    of_plain, of_saving = (gradients(network, images, bytes_) for network, bytes_ in pairs)
    assert torch.equal(of_plain, of_saving)
    assert sum(kept[1]) < 0.8 * sum(kept[0])
    buffers = zip(plain.buffers(), saving.buffers(), strict=True)
    assert all(torch.equal(one, other) for one, other in buffers)


@pytest.mark.parametrize(
    ("option", "value"),
    [("dropout", "voxel"), ("heads", "one"), ("normalisation_epsilon", 0), ("initialisation", "x")],
)
def test_an_unknown_option_is_refused(option, value):
    with pytest.raises(BadInput, match=f"expected .* for the option {option} of csnet"):
        build_network("csnet", **{option: value})


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="expected a network among csnet.*, found 'unet'"):
        build_network("unet")


@pytest.fixture
def page(tmp_path, monkeypatch):
    """What docs/adding.md says: the file, put beside the others, and the config."""
    text = (ROOT / "docs/adding.md").read_text().split("## A network")[1].split("\n## ")[0]
    blocks = dict(re.findall(r"```(python|yaml)\n(.*?)```", text, re.S))
    name = re.search(r"glioma_uq/networks/(\w+\.py)", text)[1]
    folder = tmp_path / "networks"
    folder.mkdir()
    (folder / name).write_text(blocks["python"])
    monkeypatch.setattr(networks, "__path__", [*networks.__path__, str(folder)])
    return folder / name, yaml.safe_load(blocks["yaml"])


def test_a_network_is_added_as_the_page_says(page, tmp_path, monkeypatch):
    _, study = page
    monkeypatch.chdir(tmp_path)  # whatever labels table lies where the study looks for it
    config = check_config(study)
    name = config["networks"][1]
    assert name in list_networks()
    options = config["network_options"][name]
    network = build_network(name, modalities=4, rate=0.4, classes=3, tasks=TASKS, **options)
    with active_dropout(network) as active:
        logits = active(torch.randn(2, 4, 6, 7, 8), [1, 2])
    assert logits["segmentation"].shape == (2, 3, 6, 7, 8)
    assert [logits[task].shape[1] for task in ("idh", "1p19q", "grade")] == [2, 2, 3]


def test_a_new_network_leaves_the_fingerprints_of_the_others_as_they_are(page, tmp_path):
    path, _ = page
    root = tmp_path / "workflow_scripts"
    shutil.copytree(ROOT / "workflow_scripts", root)
    csnet = ("train_network.py", root, "glioma_uq/networks/csnet.py")
    before, alone = fingerprint(*csnet), fingerprint("train_network.py", root)
    shutil.copy(path, root / "glioma_uq/networks")
    fingerprint.cache_clear()
    assert fingerprint(*csnet) == before != alone
    assert fingerprint("train_network.py", root, f"glioma_uq/networks/{path.name}") != before


@pytest.mark.parametrize(("options", "epsilon"), [({}, 1e-5), ({"normalisation_epsilon": 1}, 1)])
def test_csnet_normalises_by_the_papers_epsilon_unless_another_is_asked_for(options, epsilon):
    network = build_network("csnet", width=2, feature_standardisation=True, **options)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm3d)]
    assert [norm.eps for norm in norms] == [epsilon] * 9
    assert network.standardise.epsilon == epsilon


@pytest.mark.parametrize(
    ("layer", "size", "margin"),
    [
        (torch.nn.Conv3d(16, 32, 9, stride=3, padding=4), 36, 2),
        (torch.nn.ConvTranspose3d(16, 32, 9, stride=3), 18, 9),
        (torch.nn.ConvTranspose3d(16, 32, 2, stride=2), 18, 1),
    ],
    ids=str,
)
def test_he_initialisation_keeps_the_mean_square_through_convolution_and_relu(layer, size, margin):
    """Inputs of mean square 1 become outputs of variance 2, half of which ReLU keeps."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        initialise_he(layer)
        y = layer(torch.randn(1, 16, size, size, size)).relu()
    inside = y[..., margin:-margin, margin:-margin, margin:-margin]
    assert float(inside.square().mean()) == pytest.approx(1, abs=0.1)


def test_with_a_large_epsilon_he_initialisation_leaves_few_channels_dead():
    shares = {}
    images = torch.randn(2, 4, 30, 30, 30, generator=torch.Generator().manual_seed(1))
    for initialisation in ("torch", "he"):
        options = {"initialisation": initialisation, "normalisation_epsilon": 0.1}
        network = seeded(width=8, **options).train()
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm3d)]
        for norm in norms:
            norm.momentum = 1.0
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(1)  # of the dropout masks
            network(images)
        shares[initialisation] = dead_share(network)
    assert shares["he"] < 0.1 < 0.25 < shares["torch"], shares
