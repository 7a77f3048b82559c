"""Preprocessed cases as tensors: what training and sampling read."""

from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import torch

from glioma_uq.errors import BadInput
from glioma_uq.tasks import TASKS, class_index


class Case(NamedTuple):
    """One preprocessed case.

    Attributes:
        name: the case's id.
        images: (modalities, X, Y, Z) float32 z-scores, background 0.
        brain: (X, Y, Z) bool.
        tumour: (1, X, Y, Z) float32, 1 where the reference segmentation is > 0; None without one.
        labels: class index by task, -1 where unknown.
        voxel_volume_mm3: volume of a voxel.
    """

    name: str
    images: torch.Tensor
    brain: torch.Tensor
    tumour: torch.Tensor | None
    labels: dict
    voxel_volume_mm3: float


def load_volume(path, dtype):
    """Return the voxels of a NIfTI file as a tensor of numpy type `dtype`."""
    return torch.from_numpy(np.ascontiguousarray(nibabel.load(path).dataobj, dtype=dtype))


class Dataset:
    """Read preprocessed cases on demand.

    Args:
        folder: the cohort's `normalised` folder, with one folder for each case.
        table: one row for each case: case, idh, 1p19q, grade (a pandas table).
        modalities: file names without ending, in the network's order.
        keep_in_memory: keep each volume after its first reading.
    """

    def __init__(self, folder, table, modalities, keep_in_memory=False):
        self.folder, self.modalities = Path(folder), list(modalities)
        self.table = table.set_index("case")
        self.kept = {} if keep_in_memory else None

    def labels(self, cases):
        """Return class indices by task, each a tensor (len(cases),), -1 where unknown."""
        return {
            task: torch.tensor([class_index(task, self.table.at[c, task]) for c in cases])
            for task in TASKS
        }

    def load(self, name):
        """Return the `Case` of that name."""
        if self.kept is not None and name in self.kept:
            return self.kept[name]
        case = self._read(name)
        if self.kept is not None:
            self.kept[name] = case
        return case

    def _read(self, name):
        folder = self.folder / name
        images = torch.stack(
            [load_volume(folder / f"{m}.nii.gz", np.float32) for m in self.modalities]
        )
        if not torch.isfinite(images).all():
            raise BadInput(
                f"expected finite intensities in {folder}, found NaN or infinity: "
                "delete the folder and let the preprocessing write it again."
            )
        brain = folder / "brain_mask.nii.gz"
        segmentation = folder / "segmentation.nii.gz"
        tumour = None
        if segmentation.stat().st_size:
            tumour = (load_volume(segmentation, np.uint8) > 0).float()[None]
        return Case(
            name=name,
            images=images,
            brain=load_volume(brain, np.uint8) > 0,
            tumour=tumour,
            labels={task: values[0] for task, values in self.labels([name]).items()},
            voxel_volume_mm3=float(np.prod(nibabel.load(brain).header.get_zooms())),
        )
