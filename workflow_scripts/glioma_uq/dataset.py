"""Preprocessed cases as tensors: what training and sampling read."""

from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import torch

from glioma_uq.errors import BadInput
from glioma_uq.memory import available_memory
from glioma_uq.tasks import TASKS, class_index


class Case(NamedTuple):
    """One preprocessed case.

    Attributes:
        name: the case's id.
        images: (modalities, X, Y, Z) float32 z-scores, background 0.
        brain: (X, Y, Z) bool.
        tumour: (1, X, Y, Z) float32, class indices of the reference segmentation, 0 outside the
            tumour: 1 inside, or 1 core, 2 oedema, 3 enhancing; None without a reference.
        labels: class index by task, -1 where unknown.
        voxel_volume_mm3: volume of a voxel.
        affine: 4x4, voxel index to world mm; None for cubic voxels that are nowhere.
    """

    name: str
    images: torch.Tensor
    brain: torch.Tensor
    tumour: torch.Tensor | None
    labels: dict
    voxel_volume_mm3: float
    affine: np.ndarray | None = None

    @property
    def voxel_sizes_mm(self):
        """Edges of a voxel in mm."""
        if self.affine is None:
            return (self.voxel_volume_mm3 ** (1 / 3),) * 3
        return tuple(nibabel.affines.voxel_sizes(self.affine).tolist())


def load_volume(path, dtype):
    """Return the voxels of a NIfTI file as a tensor of numpy type `dtype`."""
    return torch.from_numpy(np.ascontiguousarray(nibabel.load(path).dataobj, dtype=dtype))


def checksum_of_content(path):
    """Return gzip's own checksum and size of what it packed: the last 8 bytes, as hex digits."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 8))
        return file.read().hex()


GIB = 2**30
SHARE_KEPT = 0.5  # of the memory that is free: the network needs the rest


class Dataset:
    """Read preprocessed cases on demand.

    Args:
        folder: the cohort's `normalised` folder, with one folder for each case.
        table: one row for each case: case, idh, 1p19q, grade (a pandas table).
        modalities: file names without ending, in the network's order.
        keep_in_memory: keep each volume after its first reading.
        classes: of the segmentation: 2 takes a tumour as one, 4 tells its parts apart.
    """

    def __init__(self, folder, table, modalities, keep_in_memory=False, classes=2):
        self.folder, self.modalities, self.classes = Path(folder), list(modalities), classes
        self.table = table.set_index("case")
        self.kept = {} if keep_in_memory else None

    def labels(self, cases):
        """Return class indices by task, each a tensor (len(cases),), -1 where unknown."""
        return {
            task: torch.tensor([class_index(task, self.table.at[c, task]) for c in cases])
            for task in TASKS
        }

    def has_segmentation(self, name):
        """Return whether the case has a reference segmentation."""
        return (self.folder / name / "segmentation.nii.gz").stat().st_size > 0

    def checksums(self, names):
        """Return the checksums of each case's files, by case and file name."""
        files = {name: sorted((self.folder / name).glob("*.nii.gz")) for name in names}
        return {
            name: {path.name: checksum_of_content(path) for path in paths}
            for name, paths in files.items()
        }

    def size_in_memory(self, names):
        """Return the bytes of these cases' volumes: float32 images and tumour, bool brain."""
        volume = nibabel.load(self.folder / names[0] / f"{self.modalities[0]}.nii.gz")
        return len(names) * int(np.prod(volume.shape)) * (4 * len(self.modalities) + 4 + 1)

    def keep_what_fits(self, names):
        """Say what keeping these cases takes; keep none of them where it is too much."""
        if self.kept is None:
            return
        needed, free = self.size_in_memory(names), available_memory()
        print(f"{len(names)} cases take {needed / GIB:.2f} GiB of memory")
        if free is not None and needed > SHARE_KEPT * free:
            print(f"more than half of the {free / GIB:.2f} GiB free: reading them anew each time")
            self.kept = None

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
        return Case(
            name=name,
            images=images,
            brain=load_volume(brain, np.uint8) > 0,
            tumour=self._read_tumour(name) if self.has_segmentation(name) else None,
            labels={task: values[0] for task, values in self.labels([name]).items()},
            voxel_volume_mm3=float(np.prod(nibabel.load(brain).header.get_zooms())),
            affine=nibabel.load(brain).affine,
        )

    def _read_tumour(self, name):
        path = self.folder / name / "segmentation.nii.gz"
        labels = load_volume(path, np.uint8)
        if self.classes == 2:
            return (labels > 0).float()[None]
        if labels.max() >= self.classes:
            raise BadInput(
                f"expected the labels 0 to {self.classes - 1} in {path}, found {labels.max()}: "
                "set cohort.segmentation_labels and let the preprocessing write it again."
            )
        return labels.float()[None]
