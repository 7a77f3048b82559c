"""The manifest of a cohort, volumes.csv: the interface between a cohort and its studies.

It has one row for each included case, and the normalised files lie beside it, as
normalised/{case}/{name}.nii.gz. Columns: case; patient, whose cases are all in one split;
source; the labels idh, 1p19q and grade, -1 where unknown; imputed, the missing series that are
zeros, as "t1 flair"; voxel_mm, the edge of the voxels in mm;
template_scale, by which the affine registration to the template multiplied the patient's volume;
and {name}_sha256 of each file, empty for a missing reference segmentation.
"""

from pathlib import Path

from glioma_uq.errors import BadInput
from glioma_uq.files import CHECKSUM, digest
from glioma_uq.tables import read_table


class Manifest:
    """The included cases of a cohort, and their files, which are not read unless unchanged.

    Args:
        path: of volumes.csv.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.table = read_table(path).set_index("case")  # one row for each case

    def has(self, case, name):
        """Return whether a case has a file: `name` a series, "brain_mask" or "segmentation"."""
        return bool(self._checksum(case, name))

    def imputed(self, case):
        """Return the modalities that a case lacks, whose volumes are zeros."""
        value = self.table.at[case, "imputed"]
        return value.split() if isinstance(value, str) else []

    def file(self, case, name):
        """Return the path of a normalised file; raise BadInput if its checksum is another."""
        path = volume_path(self.path, case, name)
        is_there = path.is_file()
        if not is_there or checksum(path) != self._checksum(case, name):
            # Snakemake does not check the files behind an existing manifest, so remove that too.
            raise BadInput(
                f"expected the checksum in {self.path.name} for {path}, found "
                f"{'another' if is_there else 'no file'}: remove {self.path.name} and "
                f"{path.parent}, and run again."
            )
        return path

    def _checksum(self, case, name):
        value = self.table.at[case, f"{name}{CHECKSUM}"]
        return value if isinstance(value, str) else ""


def volume_path(manifest, case, name):
    """Return where a normalised file lies; studies ask `Manifest.file`, which checks it."""
    return Path(manifest).parent / "normalised" / case / f"{name}.nii.gz"


def checksum(path):
    """Return the hash of a file in hex digits, "" for an empty file, which is no volume."""
    return digest(path) if Path(path).stat().st_size else ""
