"""The manifest of a cohort, volumes.csv: the interface between a cohort and its studies.

It has one row for each included case, and the normalised files lie beside it, as
normalised/{case}/{name}.nii.gz. Columns: case; patient, whose cases are all in one split;
session, empty without one; source; the labels idh, 1p19q and grade, -1 where unknown; imputed, the
missing series that are zeros, as "t1 flair"; et_mm3, tc_mm3, wt_mm3 and rc_mm3, the volumes of
the reference segmentation in the patient, counted on its own grid, empty where unknown; voxel_mm,
the edge of the voxels in mm, and shape, their number along each axis; template_scale, by which the
affine registration to the template multiplied the patient's volume; and {name}_sha256 of each file,
empty for a missing reference segmentation. `native_segmentation` and `t1ce_to_template` lead from
the study's grid back to the patient.
"""

from pathlib import Path

from glioma_uq.errors import BadInput
from glioma_uq.files import CHECKSUM, digest
from glioma_uq.tables import read_table
from glioma_uq.transforms import read_matrix

# Where files lie that are not normalised, in the folder of the cohort.
PLACES = {
    "native_segmentation": "raw/{case}/segmentation.nii.gz",
    "t1ce_to_template": "registered/{case}/t1ce_to_template.txt",
}


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

    def to_template(self, case):
        """Return the matrix from the patient's world to that of the study's grid, both in mm."""
        return read_matrix(self.file(case, "t1ce_to_template"))

    def volume_mm3(self, case, region):
        """Return the volume of a region of the reference in the patient, NaN where unknown."""
        return float(self.table.at[case, f"{region}_mm3"])

    def _checksum(self, case, name):
        value = self.table.at[case, f"{name}{CHECKSUM}"]
        return value if isinstance(value, str) else ""


def volume_path(manifest, case, name):
    """Return where a case's file lies; studies ask `Manifest.file`, which checks it."""
    place = PLACES.get(name, f"normalised/{{case}}/{name}.nii.gz")
    return Path(manifest).parent / place.format(case=case)


def checksum(path):
    """Return the hash of a file in hex digits, "" for an empty file, which is no volume."""
    return digest(path) if Path(path).stat().st_size else ""
