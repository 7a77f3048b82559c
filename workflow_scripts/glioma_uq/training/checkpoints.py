"""Checkpoints of a training run: written whole or not at all, and read by the same run only."""

import json
import pickle
from pathlib import Path

import torch

from glioma_uq.files import remove_leftovers, written_whole


def write_checkpoint(path, identity, state):
    """Write `state`, a dict of tensors, numbers, texts, lists and dicts of such.

    Args:
        path: where; what was there stays until the new file is complete.
        identity: what json can write and what settles the result of the run.
    """
    state = {"identity": json.dumps(identity, sort_keys=True), **state}
    # Through Python's own file, since that says when the disk is full.
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        torch.save(state, file)


def read_checkpoint(path, identity, device="cpu"):
    """Return the state that was written, or None, having said why, when there is none to use.

    A checkpoint of another `identity` is not used, nor is one that is cut short. What a
    killed process of this machine has left of it is removed.
    """
    path = Path(path)
    remove_leftovers(path)
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (EOFError, FileNotFoundError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        print(f"{path} is no whole checkpoint ({type(error).__name__}): starting anew")
        return None
    if not isinstance(state, dict) or state.pop("identity", None) != json.dumps(
        identity, sort_keys=True
    ):
        print(f"{path} is of another configuration, code or cohort: starting anew")
        return None
    return state
