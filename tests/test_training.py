"""Training: it learns, it repeats itself, and a killed run ends with the same weights."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from error_bounds import gamma

from glioma_uq.dataset import Case
from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network
from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.seeds import seed_for
from glioma_uq.tasks import TASKS
from glioma_uq.training.batches import even_batches, stack_cases
from glioma_uq.training.checks import check_labels
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer

SETTINGS = Settings(epochs=4, batch_size=3, learning_rate=3e-3, validation_passes=2, device="cpu")


class Blobs:
    """Seven cases with a bright cube in noise; the last has no reference segmentation."""

    names = list("abcdefg")
    modalities = ("t1", "t1ce", "t2", "flair")

    def labels(self, names):
        index = torch.tensor([self.names.index(name) for name in names])
        return {"idh": index % 2, "1p19q": torch.full_like(index, -1), "grade": index % 3}

    def has_segmentation(self, name):
        return name != "g"

    def load(self, name):
        generator = torch.Generator().manual_seed(ord(name))
        tumour = torch.zeros(1, 16, 16, 16)
        tumour[0, 4:12, 4:12, 4:12] = 1
        images = 0.3 * torch.randn((4, 16, 16, 16), generator=generator) + 2 * tumour
        labels = {task: values[0] for task, values in self.labels([name]).items()}
        tumour = None if name == "g" else tumour
        brain = torch.ones(16, 16, 16, dtype=torch.bool)
        return Case(name, images, brain, tumour, labels, np.diag([4.0, 4.0, 4.0, 1.0]))


def trainer(settings=SETTINGS, workers=0, **options):
    options = {"width": 2, "rate": 0.2, "feature_standardisation": True} | options
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network("csnet", **options)
    return Trainer(network, Blobs(), list("abcdg"), list("ef"), settings, seed=1, workers=workers)


def weights(run):
    return torch.cat([x.double().flatten() for x in run.best.values()])


def ended(run, folder):
    """Return the training run when it has come to its end, its checkpoint in `folder`."""
    run.run(folder / "checkpoint.pt", "the same")
    return run


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return ended(trainer(), tmp_path_factory.mktemp("run"))


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
    assert uninterrupted.validate()[0] == pytest.approx(losses.min(), rel=gamma(16))


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
    assert "is from another configuration" in capsys.readouterr().out
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
    again = trainer().augment(case, 3)
    run.augment(Blobs().load("b"), 3)
    assert torch.equal(run.augment(case, 3).images, again.images)
    changed = [run.augment(case, epoch).images for epoch in range(6)]
    assert any(not torch.equal(x, changed[0]) for x in changed[1:])


def test_a_checkpoint_is_read_without_running_code(tmp_path):
    run = trainer()
    run.run_epoch()
    run.save(tmp_path / "checkpoint.pt", {"seed": 1})
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert json.loads(state["identity"]) == {"seed": 1}


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_that_prepare_batches_change_no_weight(uninterrupted, workers):
    run = trainer(workers=workers)
    while not run.finished():
        run.run_epoch()
    assert torch.equal(weights(run), weights(uninterrupted))
    assert run.curve == uninterrupted.curve


def test_a_change_does_not_depend_on_the_company():
    run = trainer()
    alone = run.prepare(["b"], 2).images[0]
    assert torch.equal(run.prepare(["c", "b", "a"], 2).images[1], alone)
    assert torch.equal(run.prepare(["b"]).images[0], Blobs().load("b").images)


def test_the_authors_stop_only_at_the_smallest_learning_rate(tmp_path):
    def epochs(stopping):
        settings = Settings(
            epochs=50, learning_rate=1e-12, smallest_learning_rate=1e-15, plateau_factor=0.1,
            plateau_patience=1, stopping_patience=2, stopping=stopping, device="cpu",
        )  # fmt: skip
        run = trainer(settings)
        run.run(tmp_path / stopping, "x")
        return run

    ours, theirs = epochs("patience"), epochs("smallest_learning_rate")
    assert ours.epoch == ours.best_epoch + 2
    assert ours.learning_rate > 1e-15
    assert theirs.learning_rate == pytest.approx(1e-15)
    assert ours.epoch < theirs.epoch < 50


def test_the_rate_falls_on_plateaus_by_the_factor_down_to_the_smallest():
    run = trainer(Settings(device="cpu"))
    rates = []
    for _ in range(80):
        rates.append(run.learning_rate)
        run.scheduler.step(1.0)
    assert rates[:7] == [1e-5] * 7  # the first epoch is the best, six more are one too many
    np.testing.assert_allclose(rates[7:13], 2.5e-6)
    assert rates[-1] == 1e-11


def test_the_gradient_is_clipped(monkeypatch):
    norms = []

    def step(self, *_, **__):
        gradients = [p.grad for p in self.param_groups[0]["params"] if p.grad is not None]
        norms.append(float(torch.cat([g.flatten() for g in gradients]).norm()))

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    trainer().run_epoch()
    clipped = len(norms)
    trainer(Settings(batch_size=3, gradient_clip=1e-3, device="cpu")).run_epoch()
    assert min(norms[:clipped]) > 2e-3
    np.testing.assert_allclose(norms[clipped:], 1e-3, rtol=1e-3)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    run = trainer(Settings(epochs=3, device="cpu"))
    run.network.segmentation.bias.data.fill_(float("nan"))
    with pytest.raises(BadInput, match="expected a finite loss, found nan in epoch 1"):
        run.run(tmp_path / "checkpoint.pt", "x")


def test_a_network_without_segmentation_learns_the_tasks_alone():
    run = trainer(classes=0)
    row = run.run_epoch()
    assert np.isnan(row["validation_dice"])
    batch = run.prepare(["a", "b", "c"])
    loss, logits = run.batch_loss(batch)
    grade, idh = (
        torch.nn.functional.cross_entropy(
            logits[task],
            batch.labels[task],
            weight=getattr(run.loss, f"weights_{task}"),
            reduction="sum",
        )
        / 3
        for task in ("grade", "idh")
    )
    expected = float((grade + idh).detach()) / 2  # both weigh 1
    assert float(loss.detach()) == pytest.approx(expected, rel=gamma(16))


def test_the_head_of_a_task_without_labels_stays_as_it_was():
    run = trainer(Settings(batch_size=3, weight_decay=0.0, device="cpu"))
    before = {name: x.clone() for name, x in run.network.subtypes.state_dict().items()}
    run.run_epoch()
    for name, values in run.network.subtypes.state_dict().items():
        assert torch.equal(values, before[name]) == name.startswith("1p19q"), name


def test_a_network_that_outlines_is_refused_cases_without_outlines(monkeypatch):
    monkeypatch.setattr(Blobs, "has_segmentation", lambda *_: False)
    with pytest.raises(BadInput, match="expected a reference segmentation of at least one"):
        trainer().run_epoch()
    trainer(classes=0).run_epoch()


def test_labels_of_other_cases_only_are_refused(capsys):
    table = pd.DataFrame({"idh": [1, 0, 0], "1p19q": -1, "grade": [-1, -1, 4]}, index=list("abc"))
    with pytest.raises(BadInput, match="expected labels of grade among 2 training cases"):
        check_labels(table, ["a", "b"])
    check_labels(table, ["b", "c"])
    assert "no case has a label of 1p19q" in capsys.readouterr().out


def test_a_batch_without_any_label_or_outline_teaches_nothing():
    run = trainer(classes=0)
    before = weights_of(run)
    batch = run.prepare(["a", "b"])
    unknown = {task: torch.full((2,), -1) for task in TASKS}
    assert run.step(batch._replace(labels=unknown), 1) == {"train_loss": 0.0}
    assert all(torch.equal(x, before[name]) for name, x in run.network.named_parameters())


def weights_of(run):
    return {name: x.detach().clone() for name, x in run.network.named_parameters()}


def test_a_batch_is_channels_last_and_knows_who_is_outlined():
    batch = stack_cases([Blobs().load(name) for name in "agb"])
    assert batch.images.is_contiguous(memory_format=torch.channels_last_3d)
    assert batch.has_segmentation.tolist() == [True, False, True]
    assert batch.tumour.shape == (2, 1, 16, 16, 16)
    assert batch.labels["grade"].tolist() == [0, 0, 1]


def test_bfloat16_gives_nearly_the_same_loss_and_finite_gradients(monkeypatch):
    """By torch's own kernels: in bfloat16, oneDNN's gradient by the weights of a 3³ kernel on 2³
    voxels, as at this network's bottom, reads memory that nobody wrote."""
    run = trainer(width=4, rate=0.0)
    batch = run.prepare(["a", "b", "c"])
    expected = float(run.batch_loss(batch)[0].detach())
    bf16 = torch.autocast("cpu", dtype=torch.bfloat16)
    monkeypatch.setattr("glioma_uq.training.trainer.autocast", lambda device: bf16)
    with torch.backends.mkldnn.flags(enabled=False):
        loss, logits = run.batch_loss(batch)
        loss.backward()
    assert logits["segmentation"].dtype == torch.bfloat16
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(expected, rel=23 * 2**-9)  # 23 rounded layers
    assert all(torch.isfinite(p.grad).all() for p in run.network.parameters() if p.grad is not None)


def test_the_log_says_how_it_goes(tmp_path, capsys):
    trainer(Settings(epochs=2, batch_size=3, device="cpu")).run(tmp_path / "checkpoint.pt", "x")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1 of at most 2: training loss")
    for what in ("validation loss", "learning rate 1.0e-05", "s an epoch", "min left"):
        assert what in lines[0]


def test_validation_judges_the_mean_of_seeded_passes_with_dropout_active():
    run, passes = trainer(), 2
    batch, expected = run.prepare(run.validation), []
    with active_dropout(run.network) as forward:
        for number in range(1, passes + 1):
            seeds = [seed_for(1, "validation", name, number) for name in run.validation]
            expected.append(forward(batch.images, seeds))
    mean = {task: sum(x[task].softmax(1) for x in expected) / passes for task in expected[0]}
    loss = run.score({task: p.log() for task, p in mean.items()}, batch)
    before = {name: x.clone() for name, x in run.network.state_dict().items()}
    found, dices = run.validate()
    assert found == pytest.approx(float(loss), rel=1e-5)
    mask = mean["segmentation"].argmax(1)
    assert dices["validation_dice"] == pytest.approx(
        np.mean([dice(a, b) for a, b in zip(mask > 0, batch.tumour[:, 0] > 0, strict=True)])
    )
    assert run.validate() == (found, dices)
    assert all(torch.equal(x, before[name]) for name, x in run.network.state_dict().items())


@pytest.mark.parametrize(("rate", "passes"), [(0.2, 0), (0.0, 2)])
def test_without_passes_or_dropout_validation_is_one_pass_with_dropout_inactive(rate, passes):
    run = trainer(Settings(validation_passes=passes, device="cpu"), rate=rate)
    batch = run.prepare(run.validation)
    run.network.eval()
    loss, _ = run.batch_loss(batch)
    assert run.validate()[0] == pytest.approx(float(loss.detach()), rel=gamma(16))


def test_modality_dropout_never_drops_the_t1ce():
    run = trainer(Settings(augmentation=("modality_dropout",), device="cpu"))
    dropped = [
        (run.prepare(["a"], epoch).images[0] == 0).flatten(1).all(1) for epoch in range(1, 60)
    ]
    assert torch.stack(dropped).any(0).tolist() == [True, False, True, True]
    assert (run.prepare(["a"]).images != 0).all()  # validation sees cases as they are
