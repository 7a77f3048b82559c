"""The manifest of a cohort, volumes.csv: the interface between a cohort and its studies.

It has one row for each included case, and the normalised files lie beside it, as
normalised/{case}/{name}.nii.gz. Columns: case; patient, whose cases are all in one split;
source; the labels idh, 1p19q and grade, -1 where unknown; voxel_mm, the edge of the voxels in mm;
template_scale, by which the affine registration to the template multiplied the patient's volume;
and {name}_sha256 of each file, empty for a missing reference segmentation.
"""

from pathlib import Path

from glioma_uq.errors import BadInput
from glioma_uq.files import digest

CHECKSUM = "_sha256"


def volume_path(manifest, case, name):
    """Return the path of a normalised file: `name` a series, "brain_mask" or "segmentation"."""
    return Path(manifest).parent / "normalised" / case / f"{name}.nii.gz"


def checksum(path):
    """Return the hash of a file in hex digits, "" for an empty file, which is no volume."""
    return digest(path) if Path(path).stat().st_size else ""


def check_unchanged(path, expected):
    """Raise BadInput if a file's checksum is not that of the manifest."""
    is_there = Path(path).is_file()
    if not is_there or checksum(path) != expected:
        # Snakemake does not check the files behind an existing manifest, so remove that too.
        raise BadInput(
            f"expected the checksum in volumes.csv for {path}, found "
            f"{'another' if is_there else 'no file'}: remove volumes.csv and "
            f"{Path(path).parent}, and run again."
        )
