"""Training of networks that outline parts of tumours: crops, auxiliary terms, schedules."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from error_bounds import gamma
from test_training import Blobs, ended, weights, weights_of

from glioma_uq.configuration.preflight import check_dropout
from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network
from glioma_uq.training.auxiliary import AuxiliaryWeights
from glioma_uq.training.crops import Crop
from glioma_uq.training.report import training_report
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer


class Parts(Blobs):
    """The same cases, each tumour with oedema around a core around enhancing tumour."""

    def load(self, name):
        case = super().load(name)
        if case.tumour is not None:
            case.tumour[0, 4:12, 4:12, 4:12] = 2
            case.tumour[0, 6:10, 6:10, 6:10] = 1
            case.tumour[0, 7:9, 7:9, 7:9] = 3
        return case


class Rebuilder(torch.nn.Module):
    """Outlines the parts of a tumour and rebuilds its input from what it saw there."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv3d(4, 4, 3, padding=1)
        self.dropout = torch.nn.Dropout3d(0.2)
        self.segmentation, self.back = torch.nn.Conv3d(4, 4, 1), torch.nn.Conv3d(4, 4, 1)

    def forward(self, images):
        seen = self.dropout(torch.relu(self.first(images)))
        logits = {"segmentation": self.segmentation(seen)}
        if not self.training:
            return logits
        error = (self.back(seen) - images).square().mean()
        relative = (error / images.var()).detach()
        return logits | {"auxiliary": {"rebuilt": error, "rebuilt_relative": relative}}


SMALL_TUMOURS = Settings(
    epochs=4,
    batch_size=2,
    learning_rate=1e-2,
    schedule="poly",
    amsgrad=True,
    segmentation_loss="generalised_dice",
    auxiliary={"schedule": "step", "until": 2, "before": [0.5, 0.5], "after": [1.0, 0.05]},
    crop={"size": [12, 10, 8], "enhancing_share": 0.5},
    augmentation=("rotation_in_plane", "mirror_x", "mirror_y", "mirror_z", "intensity_scale"),
    device="cpu",
)


def rebuilder(settings=SMALL_TUMOURS, network=None, workers=0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = network or Rebuilder()
    names = list("abcdg"), list("ef")
    return Trainer(network, Parts(), *names, settings, seed=1, workers=workers, tasks=())


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    return ended(rebuilder(), tmp_path_factory.mktemp("rebuilt"))


def test_settings_of_a_config_become_what_they_describe():
    assert SMALL_TUMOURS.crop == Crop([12, 10, 8], 0.5)
    assert SMALL_TUMOURS.auxiliary.at(2, 4) == (0.5, 0.5)
    assert Settings().auxiliary == AuxiliaryWeights()


def test_the_curve_shows_auxiliary_terms_their_weights_and_dice_by_region(rebuilt):
    curve = pd.DataFrame(rebuilt.curve)
    assert curve.columns.tolist() == [
        "epoch", "train_loss", "validation_loss", "validation_dice", "learning_rate",
        "validation_dice_et", "validation_dice_tc", "validation_dice_wt",
        "gradient_norm", "largest_gradient_norm",
        "weight_labels", "weight_auxiliary", "auxiliary_rebuilt", "auxiliary_rebuilt_relative",
    ]  # fmt: skip
    assert curve["weight_labels"].tolist() == [0.5, 0.5, 1.0, 1.0]
    np.testing.assert_allclose(curve["weight_auxiliary"], [0.5, 0.5, 0.05, 0.05])
    assert curve["validation_dice_wt"].equals(curve["validation_dice"])
    assert curve[["auxiliary_rebuilt", "auxiliary_rebuilt_relative"]].gt(0).all(axis=None)


def test_without_validation_cases_every_epoch_is_trained_and_the_last_is_kept(tmp_path):
    settings = replace(SMALL_TUMOURS, weights="last", stopping="patience", stopping_patience=1)
    run = rebuilder(settings)
    run.validation = []
    run = ended(run, tmp_path)
    curve = pd.DataFrame(run.curve)
    assert curve["epoch"].tolist() == [1, 2, 3, 4]
    assert curve[["validation_loss", "validation_dice"]].isna().all(axis=None)
    assert run.weights.keys() == run.network.state_dict().keys()
    report = training_report(run)
    assert (report["epochs"], report["best_epoch"]) == (4, 0)
    assert report["collapse"].startswith("Dice 0.")  # of the training cases, after four epochs


@pytest.mark.parametrize("weight", [0.0, 0.05])
def test_what_only_rebuilds_is_trained_by_its_auxiliary_term(weight):
    settings = replace(
        SMALL_TUMOURS, weight_decay=0.0, auxiliary={"schedule": "constant", "after": [1.0, weight]}
    )
    run = rebuilder(settings)
    before = weights_of(run)
    run.run_epoch()
    for name, x in run.network.named_parameters():
        untouched = name.startswith("back") and weight == 0
        assert torch.equal(x, before[name]) == untouched, name


def test_the_loss_is_the_weighted_sum_and_relative_terms_are_only_logged():
    run = rebuilder(network=Rebuilder())
    run.network.dropout.p = 0.0
    run.network.train()
    batch = run.prepare(["a", "b"])
    loss, logits = run.batch_loss(batch)
    auxiliary = logits["auxiliary"]["rebuilt"]
    for epoch, (of_labels, of_auxiliary) in ((1, (0.5, 0.5)), (3, (1.0, 0.05))):
        again = rebuilder(network=run.network)
        expected = float((of_labels * loss + of_auxiliary * auxiliary).detach())
        before = weights_of(again)
        parts = again.step(batch, epoch)
        assert parts["train_loss"] == pytest.approx(expected, rel=gamma(16))
        again.network.load_state_dict(before)


def test_a_network_without_auxiliary_terms_is_weighed_as_ever():
    run = rebuilder(network=build_network("dmfnet", width=4))
    batch = run.prepare(["a", "b"])
    loss = float(run.batch_loss(batch)[0].detach())
    parts = run.step(batch, 1)
    assert set(parts) == {"train_loss", "gradient_norm"}
    assert parts["train_loss"] == pytest.approx(loss, rel=gamma(16))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_with_crops_and_auxiliary_terms_that_is_killed_ends_the_same(
    tmp_path, rebuilt, workers
):
    checkpoint, killed = tmp_path / "checkpoint.pt", rebuilder()
    for _ in range(2):
        killed.run_epoch()
    killed.save(checkpoint, "the same")
    killed.fit(3)
    torch.rand(3)
    resumed = rebuilder(workers=workers)
    resumed.run(checkpoint, "the same")
    assert torch.equal(weights(resumed), weights(rebuilt))
    assert resumed.curve == rebuilt.curve


def test_training_sees_crops_and_validation_whole_volumes_one_by_one(monkeypatch):
    run, seen = rebuilder(), []
    forward = run.network.forward

    def watched(images):
        seen.append((run.network.training, *images.shape))
        return forward(images)

    monkeypatch.setattr(run.network, "forward", watched)
    run.run_epoch()
    assert {shape[3:] for shape in seen if shape[0]} == {(12, 10, 8)}
    assert [shape for shape in seen if not shape[0]] == [(False, 1, 4, 16, 16, 16)] * 2


def test_a_crop_depends_on_epoch_and_case_alone_and_a_larger_one_than_the_volume_is_refused():
    case = Parts().load("a")
    first, again = rebuilder().augment(case, 3), rebuilder().augment(case, 3)
    assert torch.equal(first.images, again.images)
    assert first.images.shape == (4, 12, 10, 8)
    assert first.tumour.shape == (1, 12, 10, 8)
    with pytest.raises(BadInput, match=r"training.crop.size within the volumes' \[16, 16, 16\]"):
        rebuilder(Settings(crop={"size": [17, 8, 8]}, device="cpu"))


def test_the_poly_schedule_falls_to_0_by_the_power_of_9_tenths():
    run = rebuilder()
    rates = []
    for _ in range(4):
        rates.append(run.learning_rate)
        run.optimiser.step()
        run.scheduler.step()
    np.testing.assert_allclose(rates, 1e-2 * (1 - np.arange(4) / 4) ** 0.9)


def test_amsgrad_keeps_the_largest_second_moment():
    run = rebuilder()
    run.run_epoch()
    states = run.optimiser.state.values()
    assert all((state["max_exp_avg_sq"] >= state["exp_avg_sq"]).all() for state in states)


def test_a_rate_that_drops_nothing_is_refused():
    plain = torch.nn.Conv3d(1, 1, 1)
    check_dropout(plain, "plain", 0.0)
    with pytest.raises(BadInput, match="expected dropout layers in plain for the rate 0.2"):
        check_dropout(plain, "plain", 0.2)
