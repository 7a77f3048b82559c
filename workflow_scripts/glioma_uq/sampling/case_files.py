"""The file that is written for each case as soon as it is sampled, so that nothing runs twice.

A file stores the identity of everything that its numbers depend on. Another run with the same
identity reuses it, or continues from its sums if it needs more passes.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from glioma_uq.files import written_whole
from glioma_uq.grid import format_passes
from glioma_uq.images import Grid, write_image
from glioma_uq.logs import progress
from glioma_uq.sampling.records import Record, sample_case
from glioma_uq.sampling.samplers import open_sampler
from glioma_uq.sampling.voxel_uncertainty import VoxelUncertainty
from glioma_uq.seeds import seed_for


class Plan(NamedTuple):
    """How the cases of a network are sampled."""

    passes: list  # numbers of passes T, ascending
    batch_size: int  # passes of a case that go through the network at once
    device: torch.device
    folder: str  # of the files of the cases
    settings: list  # all else that the numbers depend on (weights, options, code), for json
    nested: bool = True  # one run of the largest T gives all T, as prefixes; else one run for each
    mapped: tuple = ()  # those T whose voxel maps are kept
    # Whether a case's file holds the sums, so that more passes draw only the new ones: 36 bytes a
    # voxel with two classes and 60 with four (28 and 44 where samples are not independent).
    keep_sums: bool = True
    extras: tuple = ()  # optional measures: "hd95", "histograms"


def runs_of(plan, seed):
    """Return (name in paths, numbers of passes T, seed) of each sequence of samples of a plan."""
    if plan.nested:
        return [("", plan.passes, seed)]
    return [(f"passes-{format_passes(t)}", [t], seed_for(seed, "passes", t)) for t in plan.passes]


def identity_of(case, settings):
    """Return a hash of the voxels of `case` and of `settings`, anything that json can write."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for volume in (case.images, case.brain, case.tumour):
        digest.update(b"none" if volume is None else volume.contiguous().numpy())
    digest.update(case.patient_affine.tobytes())
    digest.update(json.dumps(case.tumour_volume_mm3).encode())
    return digest.hexdigest()


def write_record(record, path, identity, keep_sums):
    """Write the record of a case, complete or not at all; with `keep_sums` also its sums."""
    tensors = {
        f"map/{t}/{kind}": values.contiguous()
        for t, maps in record.maps.items()
        for kind, values in maps.items()
    }
    if keep_sums and record.sums.passes:
        tensors |= {f"sum/{name}": x.contiguous() for name, x in record.sums.state().items()}
    rows = {name: getattr(record, name) for name in ("probabilities", "segmentation", "histograms")}
    with written_whole(path) as temporary:
        # One entry of metadata: safetensors writes several in any order, and bytes would differ.
        save_file(tensors, temporary, {"record": json.dumps({"identity": identity, "rows": rows})})


def read_record(path, identity):
    """Return the `Record` at `path`; an empty one if there is none with this identity."""
    if not Path(path).exists():
        return Record()
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["record"])
        if header["identity"] != identity:
            return Record()
        record = Record(**header["rows"])
        for key in file.keys():  # noqa: SIM118, the file is no dict
            if key.startswith("map/"):
                _, t, kind = key.split("/")
                record.maps.setdefault(int(t), {})[kind] = file.get_tensor(key)
    return record


def read_sums(record, path, sampler, device):
    """Read the sums of `record` from its file; return whether all that are needed are there."""
    record.sums = VoxelUncertainty(sampler.members, sampler.independent)
    with safe_open(path, framework="pt") as file:
        if not {f"sum/{name}" for name in record.sums.names} <= set(file.keys()):
            return False
        state = {name: file.get_tensor(f"sum/{name}") for name in record.sums.names}
    record.sums.restore(state, record.passes, device)
    return True


def sample_once(sampler, case, plan, name, passes, seed):
    """Return the `Record` of a case in one of `runs_of`, reusing its file as far as possible."""
    path = Path(plan.folder, name, f"{case.name}.safetensors")
    settings = [plan.settings, plan.batch_size, plan.device.type, seed, plan.extras]
    identity = identity_of(case, settings)
    mapped = [t for t in plan.mapped if t in passes]
    record = read_record(path, identity)
    missing = record.missing(passes, mapped)
    if missing:
        beyond = min(min(missing), sampler.distinct) > record.passes > 0
        if not (beyond and read_sums(record, path, sampler, plan.device)):
            record = Record()
        record = sample_case(sampler, case, passes, plan, mapped, record)
        more = record.passes < sampler.distinct
        write_record(record, path, identity, plan.keep_sums and more)
    record = record.only(passes, mapped)
    if not plan.nested:
        record.probabilities = [{**row, "run": passes[0]} for row in record.probabilities]
    return record


def sample_cases(name, networks, dataset, cases, plan, seed):
    """Yield (case, record) of all cases in order, for each run of the plan.

    Args:
        name: one of `SAMPLERS`.
        networks: trained networks on the plan's device.
        seed: integer, the source of all randomness.
    """
    for run, passes, run_seed in runs_of(plan, seed):
        with open_sampler(name, networks, run_seed) as sampler:
            for case in map(dataset.load, progress(cases, f"cases sampled {run}".rstrip())):
                yield case, sample_once(sampler, case, plan, run, passes, run_seed)


def write_maps(record, case, folder):
    """Write the maps of `record` as NIfTI in the case's space: float32, entropies in nats.

    Only `labels` is uint8: the most probable class, of subregions by its canonical label.
    """
    for t, maps in record.maps.items():
        for kind, values in maps.items():
            path = Path(folder) / case.name / f"passes-{format_passes(t)}" / f"{kind}.nii.gz"
            write_image(path, values.numpy(), Grid(values.shape, case.affine))
