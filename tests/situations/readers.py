"""Files that others wrote, read as they were meant."""

import numpy as np
import yaml

from glioma_uq.cohorts import bids
from glioma_uq.configuration.documents import read_yaml
from glioma_uq.errors import BadInput
from glioma_uq.predictions import import_predictions
from situations import situation
from situations.tiny import SHAPE, TAKES_PART


def said(attempt, *arguments, **named):
    """Return the sentence of BadInput, or what was returned."""
    try:
        return attempt(*arguments, **named)
    except BadInput as error:
        return str(error)


@situation("interrupted copies", "the last 8 of 24 slices have no bytes", right="8 files of 24")
def cut_series(cohort):
    cohort.series("AX T1", slices=24)
    for k in range(16, 24):
        (cohort.dicom / f"1_0_{k}.dcm").write_bytes(b"")
    return cohort.fate_of_dicom(modalities=["t1"])


@situation("interrupted copies", "a download manager left a .part", right="1 file of 15")
def left_over(cohort):
    cohort.series("AX T1")
    (cohort.dicom / "1_0_14.dcm.part").write_bytes(b"\0" * 100)
    return cohort.fate_of_dicom(modalities=["t1"])


@situation("interrupted copies", "a NIfTI file of zeros at its end", right="is damaged")
def zero_tail(cohort):
    path = cohort.scan("t2")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    return cohort.fate()


@situation("segmentations", "labels of 1.00002 and .996078 from a slope", right=[0, 1, 2, 3])
def scaled_labels(cohort):
    labels = cohort.voxels("segmentation").astype(np.float32)
    labels[labels == 2] = 2.00002
    labels[0, 0, 0] = 0.996078
    cohort.save("segmentation", labels)
    return np.unique(cohort.imported("segmentation")).tolist()


@situation("segmentations", "labels of a viewer that counts by 85", right="found")
def spread_labels(cohort):
    cohort.save("segmentation", cohort.voxels("segmentation") * np.uint8(85))
    return cohort.fate()


@situation("segmentations", "probabilities in place of labels", right="found")
def soft_labels(cohort):
    cohort.save("segmentation", np.random.default_rng(0).random(SHAPE, np.float32))
    return cohort.fate()


@situation("scans", "all four series as float64 with a slope", right=TAKES_PART)
def floats(cohort):
    for part in ("t1", "t1ce", "t2", "flair"):
        cohort.save(part, cohort.voxels(part) * 0.37)
    return cohort.fate()


@situation("studies", "a study names training twice", right="found training in the lines 1 and 3")
def key_twice(cohort):
    path = cohort.folder / "study.yaml"
    path.write_text("training: {epochs: 5}\nrates: [0.2]\ntraining: {batch_size: 2}\n")
    return said(read_yaml, path)


@situation(
    "studies",
    "a study names a key of a nested block twice",
    right="found epochs in the lines",
)
def nested_key_twice(cohort):
    path = cohort.folder / "study.yaml"
    path.write_text("training:\n  epochs: 5\n  batch_size: 2\n  epochs: 500\n")
    return said(read_yaml, path)


@situation("studies", "run: 01 without quotes, in BIDS", right="run-01")
def run_number(cohort):
    wanted = yaml.safe_load("run: 01")["run"]
    return next(f"run-{text}" for text in ("02", "01") if bids.is_value(text, wanted))


@situation("predictions", "probabilities are printed to three decimals", right=1)
def rounded_probabilities(cohort):
    path = cohort.folder / "predictions.csv"
    path.write_text("case,idh,p0,p1\na,1,.499,.500\n")
    columns = {"case": "case", "idh": {"label": "idh", "probabilities": ["p0", "p1"]}}
    table = said(import_predictions, path, columns)
    return round(sum(table[f"idh_probability_{k}"].iloc[0] for k in (0, 1)), 12)


@situation("predictions", "scores that are no probabilities", right="not scores")
def scores(cohort):
    path = cohort.folder / "predictions.csv"
    path.write_text("case,idh,p0,p1\na,1,.4,.5\n")
    columns = {"case": "case", "idh": {"label": "idh", "probabilities": ["p0", "p1"]}}
    return said(import_predictions, path, columns)


@situation("interrupted copies", "one bit of a compressed scan is another", right="is damaged")
def one_bit(cohort):
    path = cohort.scan("t2")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return cohort.fate()


@situation("interrupted copies", "a scan packed in two parts, padded by zeros", right=TAKES_PART)
def parts(cohort):
    import gzip

    path = cohort.scan("t2")
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:500]) + gzip.compress(whole[500:]) + bytes(512))
    return cohort.fate()


@situation("interrupted copies", "a folder has images that no name asks for", right="in 1 case")
def more_images(cohort):
    from contextlib import redirect_stdout
    from io import StringIO

    place = cohort.scan("t2").parent
    (place / "P-001_ADC.nii.gz").write_bytes(b"not read")
    (place / "old").mkdir()
    (place / "old" / "T2.NII.GZ").write_bytes(b"not read either")
    with redirect_stdout(StringIO()) as said:
        cohort.problems("P-001,1,0,3")
    lines = said.getvalue().splitlines()
    return "; ".join(line for line in lines if line.startswith("not used"))


@situation("interrupted copies", "the last slices were packed one by one", right="2 files of 14")
def packed_slices(cohort):
    import gzip

    cohort.series("AX T1")
    for k in (12, 13):
        path = cohort.dicom / f"1_0_{k}.dcm"
        path.with_suffix(".dcm.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return cohort.fate_of_dicom(modalities=["t1"])


@situation("segmentations", "the brain mask has another spelling", right="found brainmask.nii.gz")
def other_mask(cohort):
    cohort.scan("brain_mask").rename(cohort.scan("brain_mask").with_name("brainmask.nii.gz"))
    return cohort.fate()


@situation("predictions", "one patient is spelt P-1 and p-1", right="differ in more than case")
def twins(cohort):
    path = cohort.folder / "predictions.csv"
    path.write_text("case,who,idh,p0,p1\na,P-1,1,.5,.5\nb,p-1,1,.5,.5\n")
    columns = {"case": "case", "patient": "who"}
    columns["idh"] = {"label": "idh", "probabilities": ["p0", "p1"]}
    return said(import_predictions, path, columns)


@situation("predictions", "a case is called nan", right=["a", "nan"])
def nan_case(cohort):
    from glioma_uq.tables import read_table, write_table

    path = cohort.folder / "predictions.csv"
    path.write_text("case,idh,p0,p1\na,1,.5,.5\nnan,1,.5,.5\n")
    columns = {"case": "case", "idh": {"label": "idh", "probabilities": ["p0", "p1"]}}
    write_table(import_predictions(path, columns), cohort.folder / "cell.csv")
    return read_table(cohort.folder / "cell.csv")["case"].tolist()
