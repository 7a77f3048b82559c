"""Preprocessed cases as tensors, for training and sampling."""

from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import torch

from glioma_uq.errors import BadInput
from glioma_uq.images import Grid, read_mask
from glioma_uq.plurals import counted
from glioma_uq.subregions import CLASSES, LABELS, in_region
from glioma_uq.tasks import TASKS, class_index
from glioma_uq.transforms import in_patient
from glioma_uq.volumes import Manifest

GIB = 2**30
SHARE_KEPT = 0.5  # of free memory; the network needs the rest


class Case(NamedTuple):
    """One preprocessed case.

    The class indices of the reference are 0 outside the tumour and 1 inside, or 1 core, 2 oedema,
    3 enhancing, 4 resection cavity. Volumes and lengths are the patient's, before registration to
    the template.
    """

    name: str
    images: torch.Tensor  # (modalities, X, Y, Z) float32 z-scores, background 0
    brain: torch.Tensor  # (X, Y, Z) bool
    tumour: torch.Tensor | None  # (1, X, Y, Z) float32 class indices; None without a reference
    labels: dict  # class index by task, -1 where unknown
    affine: np.ndarray = np.eye(4)  # 4x4, voxel to the template's world in mm
    patient_affine: np.ndarray = np.eye(4)  # 4x4, voxel to the patient's world in mm
    tumour_volume_mm3: float = float("nan")  # of the reference on the patient's own grid

    @property
    def voxel_volume_mm3(self):
        """Volume of a voxel in the patient in mm³."""
        return Grid(self.brain.shape, self.patient_affine).voxel_volume

    @property
    def voxel_sizes_mm(self):
        """Edges of a voxel in the patient in mm."""
        return tuple(Grid(self.brain.shape, self.patient_affine).voxel_sizes.tolist())


def load_volume(path, dtype):
    """Return the voxels of a NIfTI file as a tensor of numpy type `dtype`."""
    return torch.from_numpy(np.ascontiguousarray(nibabel.load(path).dataobj, dtype=dtype))


class Dataset:
    """Read preprocessed cases on demand.

    Args:
        manifest: path of the cohort's volumes.csv, beside which the files lie.
        modalities: file names without ending, in the network's order.
        keep_in_memory: keep each volume once it has been read.
        classes: of the segmentation: 2 for the whole tumour, 4 for its subregions, 5 for these
            and the resection cavity, which otherwise is background; 0 for none.
    """

    def __init__(self, manifest, modalities, keep_in_memory=False, classes=2):
        self.manifest, self.modalities, self.classes = Manifest(manifest), list(modalities), classes
        self.table = self.manifest.table
        self.kept = {} if keep_in_memory else None

    def labels(self, cases):
        """Return class indices by task, each a tensor (len(cases),), -1 where unknown."""
        return {
            task: torch.tensor([class_index(task, self.table.at[c, task]) for c in cases])
            for task in TASKS
        }

    def has_segmentation(self, name):
        """Return whether the case has a reference segmentation, and the networks segment."""
        return self.classes > 0 and self.manifest.has(name, "segmentation")

    def size_in_memory(self, names):
        """Return the bytes of these cases' volumes: float32 images and tumour, bool brain."""
        volume = nibabel.load(self.manifest.file(names[0], self.modalities[0]))
        return len(names) * int(np.prod(volume.shape)) * (4 * len(self.modalities) + 4 + 1)

    def keep_what_fits(self, names):
        """Print the memory that these cases take; keep none of them in memory if it is too much."""
        if self.kept is None:
            return
        needed, free = self.size_in_memory(names), available_memory()
        print(f"{counted(len(names), 'case')}: {needed / GIB:.2f} GiB of memory")
        if free is not None and needed > SHARE_KEPT * free:
            print(f"more than half of the {free / GIB:.2f} GiB free: reading them again each time")
            self.kept = None

    def load(self, name):
        """Return the `Case` of that name."""
        if self.kept is None:
            return self._read(name)
        if name not in self.kept:
            self.kept[name] = self._read(name)
        return self.kept[name]

    def _read(self, name):
        series = [self.manifest.file(name, modality) for modality in self.modalities]
        images = torch.stack([load_volume(path, np.float32) for path in series])
        if not torch.isfinite(images).all():
            raise BadInput(
                f"expected finite intensities in the normalised series of {name}, found NaN or "
                "infinity: delete its folder under normalised and run again."
            )
        brain = read_mask(self.manifest.file(name, "brain_mask"))
        patient = in_patient(brain.grid, self.manifest.to_template(name))
        return Case(
            name=name,
            images=images,
            brain=torch.from_numpy(brain.data),
            tumour=self._read_tumour(name) if self.has_segmentation(name) else None,
            labels={task: values[0] for task, values in self.labels([name]).items()},
            affine=brain.grid.affine,
            patient_affine=patient.affine,
            tumour_volume_mm3=self.manifest.volume_mm3(name, "wt"),
        )

    def _read_tumour(self, name):
        path = self.manifest.file(name, "segmentation")
        labels = load_volume(path, np.uint8)
        if labels.max() > max(LABELS.values()):
            raise BadInput(
                f"expected the labels 0 to {max(LABELS.values())} in {path}, found "
                f"{labels.max()}: set cohort.segmentation_labels and run the preprocessing again."
            )
        if self.classes == CLASSES["tumour"]:
            return in_region(labels, "wt").float()[None]
        return (labels * (labels < self.classes)).float()[None]


def cgroup_limits(root="/sys/fs/cgroup", own="/proc/self/cgroup"):
    """Return the memory limits in bytes of this process's control groups (v2), as set by Slurm."""
    try:
        groups = Path(own).read_text(encoding="utf-8").split("::")[-1].strip().lstrip("/")
    except FileNotFoundError:
        return []
    folder, limits = Path(root) / groups, []
    for place in (folder, *folder.parents):
        file = place / "memory.max"
        if file.is_file() and (limit := file.read_text(encoding="utf-8").strip()) != "max":
            limits.append(int(limit))
    return limits


def available_memory(meminfo="/proc/meminfo", limits=cgroup_limits):
    """Return the bytes still available, or None where the system does not report them."""
    try:
        text = Path(meminfo).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    lines = dict(line.split(":") for line in text.splitlines())
    free = 1024 * int(lines["MemAvailable"].split()[0])
    return min([free, *limits()])
