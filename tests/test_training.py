"""Training: it learns, it repeats itself, and a killed run ends with the same weights."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from glioma_uq.dataset import Case
from glioma_uq.networks import build_network
from glioma_uq.training import Settings, Trainer, even_batches

SETTINGS = Settings(epochs=4, batch_size=3, learning_rate=3e-3, device="cpu")


class Blobs:
    """Seven cases with a bright cube in noise; the last has no reference segmentation."""

    names = list("abcdefg")

    def labels(self, names):
        index = torch.tensor([self.names.index(name) for name in names])
        return {"idh": index % 2, "1p19q": torch.full_like(index, -1), "grade": index % 3}

    def load(self, name):
        generator = torch.Generator().manual_seed(ord(name))
        tumour = torch.zeros(1, 16, 16, 16)
        tumour[0, 4:12, 4:12, 4:12] = 1
        images = 0.3 * torch.randn((4, 16, 16, 16), generator=generator) + 2 * tumour
        labels = {task: values[0] for task, values in self.labels([name]).items()}
        tumour = None if name == "g" else tumour
        return Case(name, images, torch.ones(16, 16, 16, dtype=torch.bool), tumour, labels, 64.0)


def trainer(settings=SETTINGS, **options):
    options = {"width": 2, "rate": 0.2, "feature_standardisation": True} | options
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network("csnet", **options)
    return Trainer(network, Blobs(), list("abcdg"), list("ef"), settings, seed=1)


def weights(run):
    return torch.cat([x.double().flatten() for x in run.best.values()])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    run = trainer()
    run.run(tmp_path_factory.mktemp("run") / "checkpoint.pt", "the same")
    return run


def test_the_loss_falls_and_the_curve_has_a_row_for_each_epoch():
    settings = Settings(
        epochs=20,
        batch_size=5,
        learning_rate=3e-3,
        schedule="cosine",
        augmentation=(),
        device="cpu",
    )
    run = trainer(settings, width=4, rate=0.05)
    while not run.finished():
        run.run_epoch()
    curve = pd.DataFrame(run.curve)
    assert curve["epoch"].tolist() == list(range(1, 21))
    assert curve["train_loss"].iloc[-1] < 0.9 * curve["train_loss"].iloc[0]


def test_the_best_weights_are_those_of_the_lowest_validation_loss(uninterrupted):
    losses = pd.DataFrame(uninterrupted.curve).set_index("epoch")["validation_loss"]
    assert uninterrupted.best_epoch == losses.idxmin()
    uninterrupted.network.load_state_dict(uninterrupted.best)
    assert uninterrupted.validate()[0] == pytest.approx(losses.min(), rel=1e-6)


@pytest.mark.parametrize("done", [1, 3])
def test_a_run_killed_inside_an_epoch_ends_with_the_same_weights(tmp_path, uninterrupted, done):
    checkpoint, killed = tmp_path / "checkpoint.pt", trainer()
    for _ in range(done):
        killed.run_epoch()
        killed.save(checkpoint, "the same")
    killed.fit(done + 1)  # work after the last checkpoint, which is lost
    torch.rand(3)  # another process has another random state
    resumed = trainer()
    resumed.run(checkpoint, "the same")
    assert torch.equal(weights(resumed), weights(uninterrupted))
    assert resumed.curve == uninterrupted.curve


def test_a_checkpoint_of_another_identity_is_not_used(tmp_path, uninterrupted, capsys):
    checkpoint, other = tmp_path / "checkpoint.pt", trainer()
    other.run_epoch()
    other.save(checkpoint, "another")
    run = trainer()
    run.run(checkpoint, "the same")
    assert "of another configuration" in capsys.readouterr().out
    assert torch.equal(weights(run), weights(uninterrupted))


def test_training_stops_when_patience_is_over(tmp_path):
    impatient = Settings(epochs=50, learning_rate=1e-12, stopping_patience=2, device="cpu")
    run = trainer(impatient)
    run.run(tmp_path / "checkpoint.pt", "x")
    assert run.epoch == run.best_epoch + 2 < 50


@pytest.mark.parametrize(("weights", "epoch"), [("best", "best_epoch"), ("last", "epoch")])
def test_the_weights_of_the_named_epoch_are_kept(tmp_path, weights, epoch):
    settings = Settings(epochs=3, schedule="cosine", weights=weights, augmentation=(), device="cpu")
    run, kept = trainer(settings), {}
    while not run.finished():
        run.run_epoch()
        kept[run.epoch] = {name: x.clone() for name, x in run.network.state_dict().items()}
    expected = kept[getattr(run, epoch)]
    assert all(torch.equal(x, expected[name]) for name, x in run.weights.items())


def test_the_cosine_schedule_falls_to_the_smallest_rate():
    settings = Settings(epochs=4, learning_rate=1.0, schedule="cosine", device="cpu")
    run = trainer(settings)
    rates = []
    for _ in range(4):
        rates.append(run.optimiser.param_groups[0]["lr"])
        run.optimiser.step()
        run.scheduler.step()
    expected = (1 + np.cos(np.pi * np.arange(4) / 4)) / 2
    np.testing.assert_allclose(rates, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("cases", "batch_size", "sizes"),
    [(5, 4, [2, 3]), (8, 4, [4, 4]), (5, 2, [2, 3]), (3, 2, [3]), (2, 1, [1, 1]), (1, 4, [1])],
)
def test_every_case_is_in_one_batch_and_none_is_left_alone(cases, batch_size, sizes):
    names = list("abcdefgh"[:cases])
    batches = even_batches(names, batch_size, np.random.default_rng(0))
    assert sorted(map(len, batches)) == sizes
    assert sorted(name for batch in batches for name in batch) == names


def test_an_augmented_case_depends_on_epoch_and_case_alone():
    run, case = trainer(), Blobs().load("a")
    again = trainer().changed(case, 3)
    run.changed(Blobs().load("b"), 3)
    assert torch.equal(run.changed(case, 3).images, again.images)
    changed = [run.changed(case, epoch).images for epoch in range(6)]
    assert any(not torch.equal(x, changed[0]) for x in changed[1:])


def test_a_checkpoint_is_read_without_running_code(tmp_path):
    run = trainer()
    run.run_epoch()
    run.save(tmp_path / "checkpoint.pt", {"seed": 1})
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert json.loads(state["identity"]) == {"seed": 1}
