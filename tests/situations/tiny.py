"""The tiny cohort that situations are built on: one whole case, as NIfTI or DICOM."""

import csv

import nibabel as nib
import numpy as np
from scans import (
    CASE,
    NAMES,
    SHAPE,
    at_the_door,
    inside,
    look,
    save,
    some_scan,
    whole_case,
)

TAKES_PART = "takes part"


class TinyCohort:
    """A folder cohort of one case, P-001, written when it is first asked for.

    `folder`: empty, for all that a situation writes; `folder / "cohort"` holds the cases.
    """

    def __init__(self, folder):
        self.folder = folder

    @property
    def path(self):
        """The folder of the cases."""
        path = self.folder / "cohort"
        return path if path.is_dir() else whole_case(self.folder)

    def scan(self, part, case=CASE):
        """Return the path of an image of a case: t1, t1ce, t2, flair, segmentation, brain_mask."""
        return self.path / case / NAMES[part]

    def voxels(self, part):
        """Return the voxels of an image, as they are stored."""
        return np.asarray(nib.load(self.scan(part)).dataobj)

    def save(self, part, data, affine=None, **codes):
        """Write an image anew, with the identity as affine where none is given."""
        save(self.scan(part), data, affine, **codes)

    def fate(self, names=NAMES):
        """Return what comes of the case at the door and on import: TAKES_PART, or the reason."""
        door = at_the_door(self.path, names=names)
        return door or inside(self.path, names=names)[0]["reason"] or TAKES_PART

    def imported(self, part):
        """Return the voxels of an image as import_case writes it."""
        row, images = inside(self.path)
        assert not row["reason"], row["reason"]
        return np.asarray(nib.load(images[part]).dataobj)

    def problems(self, rows, **source):
        """Return {case: problem} of check_cohort for a table of `rows`, lines of CSV."""
        return look(self.path, rows, **source)

    def series(self, description, **options):
        """Write one MR series of the case as DICOM, see dicom_series.write_series."""
        from dicom_series import write_series

        folder = options.pop("folder", self.dicom)
        number = options.pop("number", sum(1 for _ in folder.rglob("*.dcm")) + 1)
        return write_series(folder, description, number=number, seed=number, **options)

    def four_series(self):
        """Write the four series of a case, a localiser, a map and a perfusion as DICOM."""
        from dicom_series import write_case

        return write_case(self.dicom)

    @property
    def dicom(self):
        """The folder of the case's DICOM."""
        path = self.folder / "dicom" / "a"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def converted(self, modalities=("t1", "t1ce", "t2", "flair"), **options):
        """Run convert_case; return (its row of quality, {modality: its row of series.csv})."""
        import convert_case
        from glioma_uq.quality.rows import read_rows

        out = self.folder / "converted"
        images = {name: out / f"{name}.nii.gz" for name in modalities}
        sidecars = {name: out / f"{name}.json" for name in modalities}
        convert_case.main(
            **{
                "case": "a", "folder": self.dicom, "files": None, "reviewed": None, "rules": {},
                "modalities": list(modalities), "on_bad_case": "exclude", "images": images,
                "sidecars": sidecars, "series": out / "series.csv",
                "quality": out / "quality.csv", **options,
            }
        )  # fmt: skip
        with open(out / "series.csv", encoding="utf-8", newline="") as file:
            chosen = {row["modality"]: row for row in csv.DictReader(file) if row["modality"]}
        return read_rows(out / "quality.csv")[0], chosen

    def fate_of_dicom(self, **options):
        """Return what comes of the case's DICOM: TAKES_PART, or the reason of its exclusion."""
        return self.converted(**options)[0]["reason"] or TAKES_PART

    def taken(self, **options):
        """Return {modality: description} of the series that are taken."""
        return {
            name: row["SeriesDescription"] for name, row in self.converted(**options)[1].items()
        }


__all__ = ["CASE", "NAMES", "SHAPE", "TAKES_PART", "TinyCohort", "save", "some_scan"]
