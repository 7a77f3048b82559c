"""Inference with dropout inactive has running statistics of its own, and it alone uses them."""

import copy

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_kills import arguments, cohort  # noqa: F401, a fixture
from test_training import Blobs, trainer

from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network
from glioma_uq.training.running_statistics import statistics_without_dropout
from glioma_uq.training.settings import Settings
from glioma_uq.weights import WITHOUT_DROPOUT, load_weights
from sample_network import main as sample_network
from train_network import main as train_network

OPTIONS = {"width": 4, "rate": 0.5, "dropout": "element", "feature_standardisation": True}
SETTINGS = Settings(
    epochs=6,
    batch_size=3,
    learning_rate=3e-3,
    schedule="cosine",
    weights="last",
    augmentation=(),
    device="cpu",
)


@pytest.fixture(scope="module")
def run():
    """A network of element dropout at .5 that has trained for some epochs."""
    run = trainer(SETTINGS, **OPTIONS)
    while not run.finished():
        run.run_epoch()
    return run


@pytest.fixture(scope="module")
def statistics(run):
    return run.statistics_without_dropout()


def volumes(names):
    return torch.stack([Blobs().load(name).images for name in names])


def save(path, tensors):
    save_file({name: x.contiguous() for name, x in tensors.items()}, path)


@torch.no_grad()
def standardised(network, images):
    """Return the standardised features (B, F) of a pass with dropout inactive."""
    seen = []
    hook = network.standardise.register_forward_hook(lambda *given: seen.append(given[2]))
    network.eval()(images)
    hook.remove()
    return seen[0]


def test_features_with_dropout_inactive_are_where_the_heads_expect_them(run, statistics):
    """Within .3 sd of 0, on average over the features, where those of training are far off."""
    own = copy.deepcopy(run.network)
    own.load_state_dict(run.network.state_dict() | statistics)
    off = {
        name: float(standardised(network, volumes("abcdg")).mean(0).abs().mean())
        for name, network in (("own", own), ("of training", run.network))
    }
    assert off["own"] < 0.3
    assert off["of training"] > 0.6


def test_the_statistics_are_the_means_over_the_batches(run):
    """Of the first batch normalisation and of the features, by hand."""
    batches = volumes("abc"), volumes("de")
    found = statistics_without_dropout(run.network, lambda: iter(batches))
    network = copy.deepcopy(run.network).eval()
    with torch.no_grad():
        maps = [network.down1[:2](network.encoder1(x)) for x in batches]
    expected = torch.stack([x.mean((0, 2, 3, 4)) for x in maps]).mean(0)
    torch.testing.assert_close(found["down1.2.running_mean"], expected)
    expected = torch.stack([x.var((0, 2, 3, 4)) for x in maps]).mean(0)
    torch.testing.assert_close(found["down1.2.running_var"], expected)
    network.load_state_dict(network.state_dict() | found)
    network.standardise = torch.nn.Identity()
    assert found["standardise.weight"] == 1
    means = torch.stack([standardised(network, x).mean(0) for x in batches])
    torch.testing.assert_close(found["standardise.mean"], means.mean(0))


def test_the_network_keeps_the_statistics_of_training(run, statistics):
    before = {name: x.clone() for name, x in run.network.state_dict().items()}
    again = run.statistics_without_dropout()
    assert again.keys() == dict(run.network.named_buffers()).keys()
    assert all(torch.equal(x, statistics[name]) for name, x in again.items())
    assert all(torch.equal(x, before[name]) for name, x in run.network.state_dict().items())


def test_a_network_trained_without_dropout_has_no_others():
    assert trainer(rate=0.0).statistics_without_dropout() == {}


def test_only_inference_with_dropout_inactive_loads_them(run, statistics, tmp_path):
    own = {WITHOUT_DROPOUT + name: x for name, x in statistics.items()}
    save(tmp_path / "model.safetensors", run.network.state_dict() | own)
    expected = {True: run.network.state_dict(), False: run.network.state_dict() | statistics}
    for dropout, state in expected.items():
        network = build_network("csnet", **OPTIONS)
        load_weights(network, tmp_path / "model.safetensors", "csnet", dropout)
        assert all(torch.equal(x, state[name]) for name, x in network.state_dict().items())


def test_weights_without_them_are_refused_only_where_they_are_used(run, tmp_path):
    save(tmp_path / "model.safetensors", run.network.state_dict())
    load_weights(build_network("csnet", **OPTIONS), tmp_path / "model.safetensors", "csnet")
    with pytest.raises(BadInput, match="expected statistics of csnet for inactive dropout"):
        load_weights(run.network, tmp_path / "model.safetensors", "csnet", dropout=False)
    never = build_network("csnet", **OPTIONS | {"rate": 0.0})
    load_weights(never, tmp_path / "model.safetensors", "csnet", dropout=False)


def test_from_training_to_samples_each_sampler_has_its_statistics(cohort, tmp_path):
    """Other statistics of inactive dropout in the file move deterministic inference alone."""
    given = arguments(cohort, tmp_path, rate=0.5)
    train_network(**given)
    weights, found = load_file(given["model"]), {}
    for name in ("trained", "changed"):
        if name == "changed":
            for key in weights:
                if key.startswith(WITHOUT_DROPOUT) and "running_mean" in key:
                    weights[key] += 1
            save(given["model"], weights)
        for sampler in ("mc-dropout", "deterministic"):
            place = tmp_path / name / sampler
            place.mkdir(parents=True)
            files = {key: place / key for key in ("segmentation", "voxels", "maps", "case_files")}
            same = ("volumes", "folds", "network", "options", "rate", "fold", "modalities", "tasks")
            sample_network(
                **{key: given[key] for key in same},
                **{key: str(path) for key, path in files.items()},
                probabilities=place / "probabilities.csv",
                models=[given["model"]],
                sampler=sampler,
                split="validation",
                seed=1,
                classes=2,
                passes=[1],
                nested=True,
                mapped=[],
                keep_sums=False,
                hd95=False,
                histograms=False,
                batch_size=1,
                device="cpu",
                acceleration=True,
                library="x",
                threads=1,
            )
            table = pd.read_csv(place / "probabilities.csv")
            found[name, sampler] = table.select_dtypes("number").to_numpy()
    assert (found["trained", "mc-dropout"] == found["changed", "mc-dropout"]).all()
    assert not (found["trained", "deterministic"] == found["changed", "deterministic"]).all()
