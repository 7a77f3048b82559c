"""Kinds of bad files of a study that was begun: weights, checkpoints, folds, a changed cohort."""

import io
import json
from contextlib import redirect_stdout

import pandas as pd
import torch
from bad_input import kind
from configs import checked
from manifest import write_manifest
from safetensors.torch import save_file
from torch import nn

from glioma_uq.cohorts.collection import check_someone_is_left
from glioma_uq.configuration.preflight import (
    check_dropout,
    check_finished_studies,
    check_name_free,
    check_networks_build,
    check_predictions_there,
    claim_name,
)
from glioma_uq.folds import assign_folds, check_splits
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.training.checkpoints import read_checkpoint, write_checkpoint
from glioma_uq.training.checks import check_labels
from glioma_uq.volumes import Manifest
from glioma_uq.weights import load_weights

NETWORKS, STUDY = "Networks and their files", "Cohort and folds"
ALONE = {"rates": [0.0], "sampling": {"samplers": ["deterministic"]}, "selection": {"rate": 0.0}}


def weights(folder, **tensors):
    save_file(tensors, folder / "model.safetensors")
    load_weights(nn.Linear(2, 3), folder / "model.safetensors", "csnet")


@kind(NETWORKS, "a width that the network cannot have")
def width(folder):
    change = {"networks": ["dmfnet"], "network_options": {"dmfnet": {"width": 7}}, "tasks": []}
    check_networks_build(checked(ALONE | change))


@kind(NETWORKS, "subtypes asked of a network that only outlines")
def no_heads(folder):
    check_networks_build(checked(ALONE | {"networks": ["unet3d"]}))


@kind(NETWORKS, "a network without dropout under Monte Carlo dropout")
def no_dropout(folder):
    check_dropout(nn.Linear(2, 3), "tiny-net", 0.2)


@kind(NETWORKS, "a trained network without dropout asked for stochastic passes")
def no_awake_dropout(folder):
    with active_dropout(nn.Linear(2, 3)):
        pass


@kind(NETWORKS, "weights of another network")
def other_weights(folder):
    weights(folder, kernel=torch.zeros(3, 2))


@kind(NETWORKS, "weights of another width")
def wider_weights(folder):
    weights(folder, weight=torch.zeros(4, 2), bias=torch.zeros(4))


@kind(NETWORKS, "weights that are no numbers")
def broken_weights(folder):
    weights(folder, weight=torch.full((3, 2), torch.nan), bias=torch.zeros(3))


@kind(NETWORKS, "weights in a file that is cut short")
def short_weights(folder):
    (folder / "model.safetensors").write_bytes(b"abc")
    load_weights(nn.Linear(2, 3), folder / "model.safetensors", "csnet")


def checkpoint(folder, spoil):
    """Return what is printed of a checkpoint that is not used."""
    path = folder / "checkpoint.pt"
    write_checkpoint(path, ["csnet", 0.2], {"epoch": 3})
    spoil(path)
    with redirect_stdout(io.StringIO()) as said:
        assert read_checkpoint(path, ["csnet", 0.25]) is None
    return said.getvalue().strip()


@kind(NETWORKS, "a checkpoint of another config (not used, and the log says so)")
def other_checkpoint(folder):
    return checkpoint(folder, lambda path: None)


@kind(NETWORKS, "a checkpoint that is cut short (not used, and the log says so)")
def short_checkpoint(folder):
    return checkpoint(folder, lambda path: path.write_bytes(path.read_bytes()[:100]))


@kind(NETWORKS, "a checkpoint that would run code (not used, and the log says so)")
def running_checkpoint(folder):
    return checkpoint(folder, lambda path: torch.save({"identity": print}, path))


CASES = pd.DataFrame({"case": list("abcdef"), "idh": [1, 1, -1, -1, -1, -1]})
CASES = CASES.assign(patient=CASES["case"], source="x", **{"1p19q": 0, "grade": 2})


@kind(STUDY, "a task whose labels are all outside training")
def labels_outside(folder):
    check_labels(CASES.set_index("case"), ["c", "d", "e"])


@kind(STUDY, "a task without any label (its head stays untrained, and the log says so)")
def no_labels(folder):
    table = CASES.assign(idh=-1).set_index("case")
    with redirect_stdout(io.StringIO()) as said:
        check_labels(table, ["c", "d", "e"])
    return said.getvalue().strip()


@kind(STUDY, "too few cases for the folds")
def few_cases(folder):
    assign_folds(CASES, 3, 0.2, 1)


@kind(STUDY, "a patient in two splits")
def two_splits(folder):
    folds = pd.DataFrame({"case": list("aab"), "fold": 1, "split": ["training", "test", "test"]})
    check_splits(folds, "ab")


@kind(STUDY, "a split that is none")
def strange_split(folder):
    check_splits(pd.DataFrame({"case": ["a"], "fold": 1, "split": ["tset"]}), "a")


@kind(STUDY, "a patient in the folds who is not in the cohort")
def lost_patient(folder):
    check_splits(pd.DataFrame({"case": ["z"], "fold": 1, "split": ["test"]}), "a")


@kind(STUDY, "a cohort whose cases are all excluded")
def nobody_left(folder):
    row = {"step": "coregister", "reason": "no overlap"}
    check_someone_is_left([], [{"case": "a", **row}, {"case": "b", **row}])


@kind(STUDY, "a study's name whose folder holds results of another cohort")
def taken_name(folder):
    claim_name(checked({"study": "mine", "cohort": {"name": "theirs"}}), folder)
    check_name_free(checked({"study": "mine"}), folder)


@kind(STUDY, "a normalised volume that is not the one of the manifest")
def changed_volume(folder):
    path = folder / "normalised" / "P-1" / "t1.nii.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of today")
    manifest = write_manifest(folder)
    path.write_bytes(b"of tomorrow")
    Manifest(manifest).file("P-1", "t1")


@kind(STUDY, "a cohort that changes under a finished study")
def changed_cohort(folder):
    place = folder / "studies" / "finished"
    place.mkdir(parents=True)
    config = checked({"study": "finished"})
    (place / "provenance.json").write_text(json.dumps({"config": config}))
    check_finished_studies(checked({"preprocessing": {"voxel_size_mm": 2.0}}), folder)


@kind(STUDY, "a table of predictions that is not there")
def no_predictions(folder):
    check_predictions_there({"path": str(folder / "predictions.csv")})


@kind(NETWORKS, "no segmentation of a network that only segments")
def only_segments(folder):
    change = {"networks": ["dmfnet"], "network_options": {}, "segmentation": "none"}
    check_networks_build(checked(change))
