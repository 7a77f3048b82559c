"""A cohort of one small case, and what the pipeline says of it."""

import nibabel as nib
import numpy as np

import check_cohort
import import_case
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.errors import BadInput
from glioma_uq.quality.rows import read_rows

CASE = "P-001"
COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
MODALITIES = ["t1", "t1ce", "t2", "flair"]
PARTS = [*MODALITIES, "segmentation", "brain_mask"]
NAMES = {part: f"{part}.nii.gz" for part in PARTS}
SHAPE = (8, 9, 10)


def some_scan(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).integers(1, 900, shape).astype(np.int16)


def save(path, data, affine=None, sform=1, qform=1):
    """Write a NIfTI file with the given codes, int16 or as the array is."""
    image = nib.Nifti1Image(np.asarray(data), np.eye(4) if affine is None else affine)
    image.set_sform(image.affine, sform)
    image.set_qform(image.affine, qform)
    nib.save(image, path)


def header_only(path, shape, affine=None):
    """Write a file whose header promises a volume that is not there."""
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header.set_sform(np.eye(4) if affine is None else affine, 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    path.write_bytes(header.binaryblock + bytes(4))


def whole_case(folder):
    """Write one whole case with four scans, segmentation and brain mask; return the cohort."""
    place = folder / "cohort" / CASE
    place.mkdir(parents=True)
    for seed, modality in enumerate(MODALITIES):
        save(place / NAMES[modality], some_scan(seed))
    tumour = np.zeros(SHAPE, np.uint8)
    tumour[2:5, 2:5, 2:5], tumour[3, 3, 3] = 2, 3
    save(place / NAMES["segmentation"], tumour)
    brain = np.zeros(SHAPE, np.uint8)
    brain[1:7, 1:7, 1:7] = 1
    save(place / NAMES["brain_mask"], brain)
    return folder / "cohort"


def source_of(cohort, names=NAMES, follow_links=False):
    options = {"path": str(cohort), "names": names}
    return {"source": "folder", "options": options, "follow_links": follow_links}


def look(cohort, rows=f"{CASE},1,0,3", **source):
    """Run check_cohort on a table of `rows` and return {case: problem}, if all have one too."""
    table, labels = cohort.parent / "table.csv", cohort.parent / "labels.csv"
    table.write_text(f"case,idh,1p19q,grade\n{rows}\n")
    try:
        check_cohort.main(
            table={"table": table, "columns": COLUMNS}, parts=PARTS, on_bad_case="exclude",
            labels=labels, **source_of(cohort, **source),
        )  # fmt: skip
    except BadInput as error:
        if "found a problem in all" not in str(error):
            raise
    return {row["case"]: row["problem"] for row in read_rows(labels)}


def at_the_door(cohort, **source):
    """Return what check_cohort says of the case from headers alone."""
    return look(cohort, **source)[CASE]


def inside(cohort, case=CASE, names=NAMES):
    """Import a case; return (the row of import_case, {part: path of what it wrote})."""
    out = cohort.parent / "raw" / case
    images = {part: out / f"{part}.nii.gz" for part in PARTS}
    import_case.main(
        case=case, modalities=MODALITIES, coding=CANONICAL, on_bad_case="exclude", images=images,
        quality=out / "row.csv", **source_of(cohort, names),
    )  # fmt: skip
    return read_rows(out / "row.csv")[0], images
