"""The report on a training: what was measured, which networks collapsed and are trained again."""

import numpy as np
import pandas as pd
import pytest
import torch
from manifest import write_case, write_manifest
from safetensors.torch import load_file
from test_training import trainer

from glioma_uq.seeds import seed_for
from glioma_uq.study_tables.training import tabulate
from glioma_uq.training.report import (
    collapses,
    dice_of_brain,
    output_ranges,
    training_batches,
    training_report,
)
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer
from train_network import main as train_network

FALLING = {"epoch": [1, 2, 3], "train_loss": [1.1, 0.9, 0.8], "validation_dice": [0.0, 0.5, 0.7]}
VARIED = {"idh": 0.9, "grade": 0.6}


def reasons(kept=3, ranges=VARIED, **columns):
    curve = pd.DataFrame(FALLING | columns)
    return collapses(curve, kept, ranges, curve["validation_dice"][kept - 1])


def test_a_network_that_learned_did_not_collapse():
    assert reasons() == []


def test_a_network_that_outlines_nothing_in_the_epoch_that_is_kept_collapsed():
    assert reasons(kept=1) == ["Dice 0.00 in epoch 1, which is kept"]
    assert reasons(validation_dice=[0.7, 0.6, 0.05]) != []
    assert reasons(validation_dice=[0.0, 0.0, 0.06]) == []
    assert reasons(validation_dice=float("nan")) == []  # without a reference nobody knows


def test_a_task_with_one_output_for_all_cases_collapsed():
    found = reasons(ranges={"idh": 0.9, "grade": 0.009})
    assert found == ["the same output for grade whatever the case"]


def test_a_training_loss_that_never_fell_is_a_collapse_unless_its_terms_changed_their_weights():
    never = [1.0, 1.3, 1.0]
    assert reasons(train_loss=never) == ["a training loss that hardly fell after the first epoch"]
    assert reasons(train_loss=[1.0, 0.99, 1.01]) != []  # noise of a network that does not learn
    assert reasons(train_loss=[1.0, 0.9, 1.2]) == []
    changed = {"weight_labels": [0.5, 1.0, 1.0], "weight_auxiliary": [0.5, 0.05, 0.05]}
    assert reasons(train_loss=[0.5, 1.0, 0.9], **changed) == []
    assert reasons(train_loss=[1.5, 1.0, 1.1], **changed) == []  # it may have converged before
    constant = {"weight_labels": [0.5] * 3, "weight_auxiliary": [0.5] * 3}
    assert reasons(train_loss=never, **constant) != []
    one = {"epoch": [1], "train_loss": [1.0], "validation_dice": [0.3]}
    assert collapses(pd.DataFrame(one), 1, VARIED, 0.3) == []
    assert collapses(pd.DataFrame(one), 1, VARIED, 0.3, of_brain=0.3) == [
        "Dice 0.30 in epoch 1, which is kept: the whole brain would have 0.30"
    ]


def test_the_whole_brain_has_the_dice_of_its_share():
    run = trainer()
    shares = []
    for name in run.validation:
        case = run.dataset.load(name)
        tumour, brain = float((case.tumour > 0).sum()), float(case.brain.sum())
        shares.append(2 * tumour / (tumour + brain))
    assert 0 < dice_of_brain(run.dataset, run.validation) == pytest.approx(np.mean(shares))


def test_one_unusual_validation_case_is_no_collapse_where_the_training_cases_are_found(monkeypatch):
    """A single validation case whose tumour is missed, and a network that finds the others."""
    run = trainer()
    run.run_epoch()
    run.validation = run.validation[:1]
    run.curve[-1]["validation_dice"] = 0.0
    monkeypatch.setattr(run, "validate", lambda cases: (0.5, {"validation_dice": 0.8}))
    assert "Dice" not in training_report(run)["collapse"]
    monkeypatch.setattr(run, "validate", lambda cases: (0.5, {"validation_dice": 0.01}))
    assert "Dice 0.01 in epoch" in training_report(run)["collapse"]


def test_outputs_are_compared_over_cases_under_the_same_masks():
    run = trainer(rate=0.5)
    batches = training_batches(run)
    assert sum(map(len, batches)) == 5
    found = output_ranges(run, batches)
    assert set(found) == {"idh", "grade"}  # no case has a label of 1p19q
    assert all(0 < value < 10 for value in found.values())
    same = [batches[0][:1].expand(3, -1, -1, -1, -1)]
    assert max(output_ranges(run, same).values()) < 1e-6
    assert output_ranges(run, [batches[0][:1]]) == {}


def test_the_report_has_what_the_curve_and_the_kept_weights_say():
    run = trainer(Settings(epochs=3, batch_size=3, learning_rate=3e-3, device="cpu"))
    while not run.finished():
        run.run_epoch()
    row, curve = training_report(run), pd.DataFrame(run.curve)
    assert (row["epochs"], row["best_epoch"]) == (3, run.best_epoch)
    assert row["final_train_loss"] == curve["train_loss"][2]
    assert row["largest_gradient_norm"] == curve["largest_gradient_norm"].max()
    assert row["last_gradient_norm"] == curve["gradient_norm"][2]
    assert row["collapsed"] == int(row["collapse"] != "")
    assert 0 <= row["dead_share"] <= 1
    assert min(row[f"largest_{x}"] for x in ("training", "evaluation", "feature")) > 0
    for name, values in run.network.state_dict().items():
        assert torch.equal(values, run.weights[name])
    assert training_report(run) == row


def test_the_norms_are_those_of_the_whole_gradient_before_it_is_clipped():
    settings = {"batch_size": 3, "device": "cpu"}
    free, clipped = (trainer(Settings(**settings, gradient_clip=c)) for c in (None, 1e-3))
    first = free.prepare(["a", "b", "c"])
    assert free.step(first, 1)["gradient_norm"] > 1e-2
    gradients = [p.grad.flatten() for p in free.network.parameters() if p.grad is not None]
    torch.manual_seed(3)
    expected = trainer(Settings(**settings)).step(first, 1)["gradient_norm"]
    torch.manual_seed(3)
    assert clipped.step(first, 1)["gradient_norm"] == expected
    assert float(torch.cat(gradients).norm()) > 1e-2
    row = trainer(Settings(**settings)).run_epoch()
    assert 0 < row["gradient_norm"] <= row["largest_gradient_norm"]


def test_the_table_has_a_row_for_each_network(tmp_path):
    paths = []
    for rate in ("0.20", "0.50"):
        paths.append(tmp_path / f"csnet/dropout-{rate}/fold-1/seed-2/training_report.csv")
        paths[-1].parent.mkdir(parents=True)
        pd.DataFrame({"attempts": [1], "collapsed": [0], "collapse": [""]}).to_csv(
            paths[-1], index=False
        )
    table = tabulate(reports=paths)
    assert table.columns.tolist()[:4] == ["network", "rate", "fold", "seed"]
    assert table["rate"].tolist() == ["0.20", "0.50"]


# Training again.


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Five cases of noise with a bright cube."""
    folder, rng = tmp_path_factory.mktemp("cohort"), np.random.default_rng(0)
    tumour = np.zeros((16, 16, 16), np.uint8)
    tumour[4:12, 4:12, 4:12] = 1
    names = list("abcde")
    for name in names:
        scan = rng.normal(2.0 * tumour, 0.3).astype(np.float32)
        write_case(folder, name, t1=scan, brain_mask=np.ones_like(tumour), segmentation=tumour)
    write_manifest(folder, idh=[0, 1, 0, 1, 0])
    splits = ["training"] * 4 + ["validation"]
    folds = pd.DataFrame({"case": names, "fold": 1, "split": splits})
    folds.to_csv(folder / "folds.csv", index=False)
    return folder


def train(cohort, folder, seed=1, **settings):
    """Train in `folder`; return the report's row, the curve and the weights."""
    folder.mkdir(exist_ok=True)
    train_network(
        volumes=cohort / "volumes.csv", folds=cohort / "folds.csv", network="csnet",
        options={"width": 2, "feature_standardisation": True}, rate=0.2, fold=1, seed=seed,
        modalities=["t1"], tasks=["idh"], classes=2, keep_in_memory=True, library="x", threads=1,
        settings={"epochs": 2, "batch_size": 2, "weights": "last", "device": "cpu"} | settings,
        model=folder / "model.safetensors", curve=folder / "learning_curve.csv",
        report=folder / "training_report.csv", checkpoint=str(folder / "checkpoint.pt"),
    )  # fmt: skip
    assert not list(folder.glob("checkpoint*"))
    row = pd.read_csv(folder / "training_report.csv").iloc[0]
    curve = pd.read_csv(folder / "learning_curve.csv")
    return row, curve, load_file(folder / "model.safetensors")


RUINOUS = {"learning_rate": 1.0, "schedule": "cosine"}  # whatever the seed


def test_a_collapsed_network_is_kept_and_reported_by_default(cohort, tmp_path, capsys):
    row, _, _ = train(cohort, tmp_path, **RUINOUS)
    assert (row["attempts"], row["collapsed"]) == (1, 1)
    assert "the same output for idh" in row["collapse"]
    assert "the network collapsed in attempt 1: " in capsys.readouterr().out


@pytest.fixture(scope="module")
def thrice(cohort, tmp_path_factory):
    """The training of a network that collapses whatever its seed."""
    return train(cohort, tmp_path_factory.mktemp("thrice"), **RUINOUS, on_collapse="retrain")


def assert_same(found, expected):
    pd.testing.assert_series_equal(found[0], expected[0])
    pd.testing.assert_frame_equal(found[1], expected[1], check_exact=True)
    assert all(torch.equal(values, expected[2][name]) for name, values in found[2].items())


def test_it_is_trained_again_twice_at_most(thrice):
    row, _, _ = thrice
    assert (row["attempts"], row["collapsed"]) == (3, 1)


def test_a_training_killed_in_its_second_attempt_continues_there(
    cohort, tmp_path, thrice, monkeypatch
):
    run_epoch, calls = Trainer.run_epoch, []

    def killed_in_the_fourth_epoch(self):
        calls.append(self.seed)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run_epoch(self)

    monkeypatch.setattr(Trainer, "run_epoch", killed_in_the_fourth_epoch)
    with pytest.raises(KeyboardInterrupt):
        train(cohort, tmp_path, **RUINOUS, on_collapse="retrain")
    second = calls[-1]
    resumed = train(cohort, tmp_path, **RUINOUS, on_collapse="retrain")
    assert calls[:2] == [1, 1]
    assert calls[2:5] == [second] * 3  # its second epoch was begun twice
    assert len(set(calls[5:])) == 1
    assert len(calls) == 7  # of the first attempt none was trained again
    assert_same(resumed, thrice)


def test_the_network_that_did_not_collapse_is_kept(cohort, tmp_path, monkeypatch):
    def first_collapsed(run):
        return training_report(run) | {"collapsed": int(run.seed == 1), "collapse": "say we"}

    monkeypatch.setattr("train_network.training_report", first_collapsed)
    row, *found = train(cohort, tmp_path / "again", on_collapse="retrain")
    assert row["attempts"] == 2
    monkeypatch.undo()
    _, *expected = train(cohort, tmp_path / "direct", seed=seed_for(1, "attempt", 2))
    assert_same((row, *found), (row, *expected))


def test_a_network_that_is_sure_of_a_frequent_class_did_not_collapse():
    run = trainer()
    batches = training_batches(run)
    plain = output_ranges(run, batches)["idh"]
    with torch.no_grad():
        run.network.subtypes["idh"].bias += torch.tensor([12.0, -12.0])
    assert output_ranges(run, batches)["idh"] == pytest.approx(plain, rel=1)
    assert output_ranges(run, batches)["idh"] > 0.02
