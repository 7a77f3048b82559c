"""A training job that is really killed (SIGKILL) and run again ends with the same weights."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from manifest import write_case, write_manifest
from safetensors.torch import load_file

from glioma_uq.errors import BadInput
from glioma_uq.volumes import volume_path
from train_network import main as train_network

pytestmark = pytest.mark.workflow  # a minute of processes that start and are killed
ROOT = Path(__file__).resolve().parents[1]
EPOCHS, CASES = 3, 7
SETTINGS = {"epochs": EPOCHS, "batch_size": 3, "learning_rate": 3e-3, "device": "cpu"}

# Runs the step in a process that kills itself at the moment that its second argument names.
JOB = """
import json, os, signal, sys
import torch
import glioma_uq.files, glioma_uq.training.checkpoints, train_network
from glioma_uq.dataset import Dataset

arguments, moment = json.loads(sys.argv[1]), sys.argv[2]
replace, save, load, calls = os.replace, torch.save, Dataset.load, {"load": 0, "save": 0}

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def counted_load(self, name):
    calls["load"] += 1
    if calls["load"] == 12:  # of 1 to begin with and 7 an epoch: in the middle of the second
        die()
    return load(self, name)

def half_a_save(state, file):
    calls["save"] += 1
    save(state, file)
    if calls["save"] == 2:
        file.truncate(file.tell() // 2)
        die()

def replace_once(source, target):
    calls["save"] += 1
    if calls["save"] == 2:
        die()
    replace(source, target)

if moment == "inside an epoch":
    Dataset.load = counted_load
elif moment == "while writing the checkpoint":
    glioma_uq.training.checkpoints.torch.save = half_a_save
elif moment == "between writing and renaming":
    glioma_uq.files.os.replace = replace_once
elif moment == "before the model is written":
    train_network.save_file = die
print("ready", flush=True)
train_network.main(**arguments)
"""
MOMENTS = {
    "inside an epoch": 1,  # and how many epochs are done by then
    "while writing the checkpoint": 1,
    "between writing and renaming": 1,
    "before the model is written": EPOCHS,
}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Seven cases of noise with a bright cube, and one fold of them."""
    folder = tmp_path_factory.mktemp("cohort")
    rng, names = np.random.default_rng(0), [f"case-{number}" for number in range(CASES)]
    tumour = np.zeros((16, 16, 16), np.uint8)
    tumour[4:12, 4:12, 4:12] = 1
    for name in names:
        volumes = {m: rng.normal(2.0 * tumour, 0.3).astype(np.float32) for m in ("t1ce", "flair")}
        volumes |= {"brain_mask": np.ones_like(tumour), "segmentation": tumour}
        write_case(folder, name, np.diag([4, 4, 4, 1]), **volumes)
    write_manifest(folder, idh=[0, 1, 0, 1, 0, 1, 0], grade=[2, 3, 4] * 2 + [2])
    splits = ["training"] * 5 + ["validation"] * 2
    folds = pd.DataFrame({"case": names, "fold": 1, "split": splits})
    folds.to_csv(folder / "folds.csv", index=False)
    return folder


def arguments(cohort, folder, **changes):
    """Return what the rule gives the step, with everything it writes in `folder`."""
    given = {
        "volumes": cohort / "volumes.csv",
        "folds": cohort / "folds.csv",
        "network": "csnet",
        "options": {"width": 2, "feature_standardisation": True},
        "rate": 0.2,
        "fold": 1,
        "seed": 1,
        "modalities": ["t1ce", "flair"],
        "tasks": ["idh", "1p19q", "grade"],
        "classes": 2,
        "settings": SETTINGS,
        "keep_in_memory": False,
        "library": "x",
        "threads": 1,
        "model": folder / "model.safetensors",
        "curve": folder / "learning_curve.csv",
        "report": folder / "training_report.csv",
        "checkpoint": folder / "checkpoint.pt",
    }
    given = {name: str(v) if isinstance(v, Path) else v for name, v in given.items()}
    return given | changes


def start(given, moment="never"):
    """Start the step in a process of its own and wait until it is about to train."""
    job = subprocess.Popen(
        [sys.executable, "-u", "-c", JOB, json.dumps(given), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow_scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while (line := job.stdout.readline().strip()) != "ready":
        assert line or job.poll() is None, "the job ended before it began"
    return job


@pytest.fixture(scope="module")
def uninterrupted(cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    train_network(**arguments(cohort, folder))
    return folder


def check_same(folder, uninterrupted):
    """Compare what a run has left with what the uninterrupted one has left, bit by bit."""
    weights, expected = (
        load_file(place / "model.safetensors") for place in (folder, uninterrupted)
    )
    assert weights.keys() == expected.keys()
    for name, values in weights.items():
        assert values.numpy().tobytes() == expected[name].numpy().tobytes(), name
    for name in ("learning_curve.csv", "training_report.csv"):
        assert (folder / name).read_text() == (uninterrupted / name).read_text()
    assert sorted(path.name for path in folder.iterdir()) == [
        "learning_curve.csv",
        "model.safetensors",
        "training_report.csv",
    ]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_killed_at_a_moment_ends_with_the_same_weights(
    cohort, tmp_path, uninterrupted, capsys, moment
):
    given = arguments(cohort, tmp_path)
    job = start(given, moment)
    job.communicate(timeout=120)
    assert job.returncode == -signal.SIGKILL
    assert not Path(given["model"]).exists()
    train_network(**given)
    assert f"continuing after epoch {MOMENTS[moment]}\n" in capsys.readouterr().out
    check_same(tmp_path, uninterrupted)


def test_a_job_killed_again_and_again_from_outside_ends_with_the_same_weights(
    cohort, tmp_path, uninterrupted
):
    given, rng = arguments(cohort, tmp_path), np.random.default_rng(0)
    for _ in range(2):
        job = start(given)
        while "epoch" not in job.stdout.readline() and job.poll() is None:
            pass
        time.sleep(rng.uniform(0, 0.2))
        job.kill()
        job.wait()
    train_network(**given)
    check_same(tmp_path, uninterrupted)


@pytest.fixture(scope="module")
def checkpoint(cohort, tmp_path_factory):
    """The checkpoint of a run that has ended without its model."""
    given = arguments(cohort, tmp_path_factory.mktemp("no model"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train_network.save_file", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_network(**given)
    return Path(given["checkpoint"]).read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 100, 4000, -1])
def test_a_checkpoint_that_is_cut_short_starts_anew(
    cohort, tmp_path, uninterrupted, capsys, checkpoint, kept
):
    given = arguments(cohort, tmp_path)
    Path(given["checkpoint"]).write_bytes(checkpoint[:kept])
    train_network(**given)
    assert "is not a complete checkpoint" in capsys.readouterr().out
    check_same(tmp_path, uninterrupted)


def test_a_checkpoint_of_other_volumes_starts_anew(cohort, tmp_path, capsys, checkpoint):
    given, other = arguments(cohort, tmp_path), tmp_path / "other volumes"
    shutil.copytree(cohort, other)
    image = nibabel.load(volume_path(given["volumes"], "case-3", "flair"))
    voxels = image.get_fdata(dtype=np.float32)
    voxels[0, 0, 0] += 1
    write_case(other, "case-3", image.affine, flair=voxels)
    labels = pd.read_csv(given["volumes"])[["idh", "grade"]]
    Path(given["checkpoint"]).write_bytes(checkpoint)
    train_network(**given | {"volumes": str(write_manifest(other, **labels))})
    assert (
        "is from another configuration, code or cohort: starting again" in capsys.readouterr().out
    )


def test_a_network_without_segmentation_is_trained_and_labels_of_the_others_are_refused(
    cohort, tmp_path, capsys
):
    options = {"width": 2, "feature_standardisation": True}
    given = arguments(cohort, tmp_path, options=options) | {"classes": 0}
    train_network(**given)
    assert "no case has a label of 1p19q: its head is not trained" in capsys.readouterr().out
    curve = pd.read_csv(given["curve"])
    assert len(curve) == EPOCHS
    assert curve["validation_dice"].isna().all()
    assert curve["train_loss"].gt(0).all()
    table = pd.read_csv(given["volumes"])
    table["1p19q"] = [-1] * (CASES - 1) + [0]
    table.to_csv(tmp_path / "volumes.csv", index=False)
    with pytest.raises(BadInput, match="labels of 1p19q among 5 training cases, found all 1"):
        train_network(**given | {"volumes": str(tmp_path / "volumes.csv")})


SMALL_TUMOURS = {
    "network": "dmfnet-umodule",
    "options": {"width": 4},
    "tasks": [],
    "classes": 4,
    "rate": 0.0,
    "settings": SETTINGS
    | {
        "schedule": "poly",
        "amsgrad": True,
        "segmentation_loss": "generalised_dice",
        "auxiliary": {"until": 1},
        "crop": {"size": [12, 12, 12], "enhancing_share": 0.5},
    },
}


def test_a_killed_job_with_crops_and_auxiliary_terms_ends_with_the_same_weights(
    cohort, tmp_path, capsys
):
    once, killed = tmp_path / "once", tmp_path / "killed"
    once.mkdir()
    killed.mkdir()
    train_network(**arguments(cohort, once, **SMALL_TUMOURS))
    given = arguments(cohort, killed, **SMALL_TUMOURS)
    job = start(given, "inside an epoch")
    job.communicate(timeout=120)
    assert job.returncode == -signal.SIGKILL
    capsys.readouterr()
    train_network(**given)
    assert "continuing after epoch 1\n" in capsys.readouterr().out
    check_same(killed, once)
    curve = pd.read_csv(given["curve"])
    assert curve["weight_auxiliary"].tolist() == pytest.approx([0.5, 0.05, 0.05])
    assert curve["auxiliary_reconstruction_1_relative"].gt(0).all()
    assert curve["validation_dice_et"].notna().all()
