"""One scan under two names or two patients' ids."""

import shutil

import nibabel as nib
import numpy as np
from scans import inside

from glioma_uq.cohorts.copies import exclude_copies
from situations import situation
from situations.tiny import CASE, TAKES_PART, save, some_scan

OTHER = "P-002"


def levels(data, number=255):
    """Return a scan in a few levels of grey, as 8-bit exports have."""
    return np.rint((data - data.min()) / np.ptp(data) * number).astype(np.uint8)


def t1_is(cohort, voxels):
    """Return what comes of a case whose T1 holds these voxels."""
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), cohort.scan("t1"))
    return cohort.fate()


def enter(what, store):
    @situation("identity", f"the T1 is the T1CE, {what}", right="the same voxels as t1 in")
    def under_two_names(cohort):
        return t1_is(cohort, store(cohort.voxels("t1ce")))


for what, store in {
    "saved as float64": lambda scan: scan.astype(np.float64),
    "with another slope and intercept": lambda scan: (0.37 * scan + 12).astype(np.float32),
    "rounded to a third of its levels": lambda scan: np.rint(scan / 3).astype(np.int16),
    "in 256 levels of grey": levels,
    "big-endian": lambda scan: scan.astype(">i2"),
}.items():
    enter(what, store)


@situation("identity", "T1 and T1CE share their grid and differ by noise", right=TAKES_PART)
def nearly_the_same(cohort):
    scan = cohort.voxels("t1ce")
    noise = np.random.default_rng(1).normal(0, 60, scan.shape)
    return t1_is(cohort, (scan + noise).astype(np.int16))


def fates(path):
    """Return {case: TAKES_PART, or the reason against it} of a cohort searched for copies."""
    cases = [{"case": folder.name} for folder in sorted(path.iterdir())]
    rows = [inside(path, case["case"])[0] for case in cases]
    out = {row["case"]: row["reason"] for row in exclude_copies(cases, rows)[1]}
    return {row["case"]: row["reason"] or out.get(row["case"], TAKES_PART) for row in rows}


def copied(cohort, change=lambda path: None):
    """Copy the case under another id, `change` its T1CE; return what is said of the copy."""
    shutil.copytree(cohort.path / CASE, cohort.path / OTHER)
    for seed, part in enumerate(("t1", "t2", "flair"), 50):
        save(cohort.scan(part, OTHER), some_scan(seed))
    change(cohort.scan("t1ce", OTHER))
    return fates(cohort.path)


@situation("identity", "the T1CE of another patient", right=f"in the T1CE of {CASE}, remove one")
def another_patients_scan(cohort):
    return copied(cohort)[OTHER]


@situation(
    "identity",
    "the T1CE of another patient, stored from left to right and scaled",
    right=f"in its T1CE and in the T1CE of {CASE}",
)
def turned_and_scaled(cohort):
    def turn(path):
        image = nib.load(path)
        data, affine = image.get_fdata()[::-1], image.affine.copy()
        affine[0] = [-affine[0, 0], 0, 0, affine[0, 0] * (len(data) - 1)]
        nib.save(nib.Nifti1Image((data / 2 + 5).astype(np.float32), affine), path)

    return copied(cohort, turn)[OTHER]


@situation(
    "identity", "the T2 of one patient is the FLAIR of another", right=f"in the FLAIR of {CASE}"
)
def under_another_name(cohort):
    shutil.copytree(cohort.path / CASE, cohort.path / OTHER)
    for seed, part in enumerate(("t1", "t1ce", "flair"), 50):
        save(cohort.scan(part, OTHER), some_scan(seed))
    shutil.copy(cohort.scan("flair"), cohort.scan("t2", OTHER))
    return fates(cohort.path)[OTHER]


@situation("identity", "two patients of whom nothing is the same", right=TAKES_PART)
def two_patients(cohort):
    return copied(cohort, lambda path: save(path, some_scan(60)))[OTHER]


@situation(
    "identity",
    "a patient's DICOM copied into another's folder, with its id changed",
    right="in the T1 of a, remove one",
)
def dicom_twice(cohort):
    from dicom_series import write_case

    write_case(cohort.dicom)
    write_case(cohort.dicom.parent / "b", patient="P-2")
    for case in ("a", "b"):
        images = cohort.converted(case=case, folder=cohort.dicom.parent / case)[0]
        assert not images["reason"], images["reason"]
        (cohort.folder / "cohort" / case).mkdir(parents=True)
        for path in (cohort.folder / "converted").glob("*.nii.gz"):
            path.rename(cohort.folder / "cohort" / case / path.name)
    return fates(cohort.folder / "cohort")["b"]
