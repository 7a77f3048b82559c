"""Checkpoints of a training run: written atomically, and read only by the same run."""

import json
import pickle
from pathlib import Path

import torch

from glioma_uq.files import remove_leftovers, written_whole


def write_checkpoint(path, identity, state):
    """Write `state`, a dict of tensors, numbers, strings, and lists and dicts of these.

    Args:
        path: path of the file; an old file stays until the new one is complete.
        identity: everything that determines the result of the run, for json.
    """
    state = {"identity": json.dumps(identity, sort_keys=True), **state}
    # Through a Python file, which reports a full disk.
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        torch.save(state, file)


def read_checkpoint(path, identity, device="cpu"):
    """Return the state that was written; if it cannot be used, print why and return None.

    A checkpoint with another `identity` is not used, nor a truncated one. Temporary files of
    killed processes of this machine are removed.
    """
    path = Path(path)
    remove_leftovers(path)
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (EOFError, FileNotFoundError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        print(f"{path} is not a complete checkpoint ({type(error).__name__}): starting again")
        return None
    if not isinstance(state, dict) or state.pop("identity", None) != json.dumps(
        identity, sort_keys=True
    ):
        print(f"{path} is from another configuration, code or cohort: starting again")
        return None
    return state
