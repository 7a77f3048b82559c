"""The native scans of a few phantom patients in the layout of every source and dataset."""

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
import pandas as pd
from archive_server import Archive
from configs import planned
from dicom_series import write_image as write_as_dicom
from dicom_series import write_series
from layouts import file_of, folders_of, write_labels
from patients import SUBTYPES, cohort_config
from test_idc import listing
from workflows import TINY, copy_of_repository, write_config

import make_phantom_case
import make_phantom_labels
import make_template
from glioma_uq.cohorts.datasets import place_of
from glioma_uq.cohorts.dicom import read_folder
from glioma_uq.configuration.datasets import read_dataset
from glioma_uq.images import read_image, write_image
from glioma_uq.quality.rows import read_rows
from glioma_uq.subregions import SUBREGIONS
from glioma_uq.tasks import TASKS, UNKNOWN

NUMBER = 6  # fewer are too few for a study
SERIES = ("t1", "t1ce", "t2", "flair")
# Datasets by their keys of cohort.datasets; BraTS with underscores and with hyphens.
DATASETS = {
    name: {"name": name}
    for name in (
        "brats-tcga", "egd", "lumiere", "mu-glioma-post", "rhuh-gbm", "ucsf-pdgm", "upenn-gbm",
        "utsw-glioma",
    )
} | {f"brats-{year}": {"name": "brats", "version": year} for year in (2021, 2024)}  # fmt: skip
CONVERTED = ("dicom", "idc", "tcia")
EVERY = ("folder", "bids", *DATASETS, *CONVERTED)
NAME = "BraTS2021_{:05d}"  # as one of the datasets demands, since seeds go by the name of the case
# Of what every source can hold: IDH, without segmentations.
STUDY = {key: value for key, value in SUBTYPES.items() if key != "cohort"} | {
    "study": "idh", "tasks": ["idh"], "folds": {"number": 2, "stratify_by": ["idh"]},
    "sampling": {"passes": [2], "batch_size": 2}, "selection": {"passes": 2},
}  # fmt: skip
COARSE = {
    "voxel_size_mm": 10.0,
    "bias_field": None,
    "registration": {
        "voxel_size_mm": 6.0,
        "levels": [
            {"shrink": 2, "smoothing": 1, "iterations": 100},
            {"shrink": 1, "smoothing": 0, "iterations": 10},
        ],
    },
}
IN_FOLDER = {"t1": "T1", "t1ce": "T1CE", "t2": "T2", "flair": "FLAIR"}
IN_BIDS = {"t1": "T1w", "t1ce": "ce-gadolinium_T1w", "t2": "T2w", "flair": "FLAIR"}
DERIVATIVES = "derivatives/lab"
DERIVED = {"segmentation": "dseg", "brain_mask": "desc-brain_mask"}
ARCHIVE = "http://localhost:1"  # stands for the address of a server of `archive_of`
IN_DICOM = {"t1": "AX T1", "t2": "AX T2", "flair": "AX FLAIR", "t1ce": "AX T1 POST"}


class Patient(NamedTuple):
    """A patient of the phantom: its native images by part, and its classes by task."""

    images: dict
    labels: dict


def write_every_source(folder):
    """Write a copy of the repository with phantom patients in every layout, and their configs.

    The scans are in {folder}/{source}, the config of the cohort is {source}.yaml, and that of a
    study of any of them, as a second config, study.yaml. ARCHIVE stands for the address of a server
    of `archive_of`.
    """
    copy_of_repository(folder)
    patients = draw_patients(folder / "phantom")
    head = folder / "phantom" / "head.nii.gz"
    for source in EVERY:
        place = folder / ("dicom" if source in CONVERTED else source)
        cohort = WRITERS.get(source, write_dataset)(place, patients, source)
        cohort = {"name": source, "on_bad_case": "stop", **cohort}
        preprocessing = cohort_config("labels.csv", head)["preprocessing"] | COARSE
        write_config(folder, f"{source}.yaml", cohort=cohort, preprocessing=preprocessing)
    write_config(folder, "study.yaml", **STUDY)


def patients_in(folder):
    """Return the `Patient`s that `write_every_source` has drawn."""
    patients = []
    for row in drawn_in(folder / "phantom"):
        parts = (*SERIES, "segmentation", "brain_mask")
        images = {part: folder / "phantom" / row["case"] / f"{part}.nii.gz" for part in parts}
        patients.append(Patient(images, {task: int(row[task]) for task in TASKS}))
    return patients


def drawn_in(phantom):
    """Return the rows of the phantom's labels that are used."""
    return read_rows(phantom / "labels.csv")[:NUMBER]


def draw_patients(phantom):
    """Simulate the first patients of the tiny phantom, each with a box as brain mask."""
    phantom.mkdir()
    plan, _ = planned({}, TINY)
    names = ("brain", "brain_mask", "white_matter", "head")
    anatomy = {name: phantom / f"{name}.nii" for name in ("tissues", "distances")}
    make_template.main(**anatomy, **{name: phantom / f"{name}.nii.gz" for name in names})
    make_phantom_labels.main(
        **plan.phantom("cases", "size_sensitivity"), options=plan.phantom(*plan.LATENT),
        seed=plan.seed_for("phantom", "labels"), labels=phantom / "labels.csv",
        truth=phantom / "truth.csv",
    )  # fmt: skip
    for row, patient in zip(drawn_in(phantom), patients_in(phantom.parent), strict=True):
        images = patient.images
        images["t1ce"].parent.mkdir()
        make_phantom_case.main(
            case=row["case"], seed=plan.seed_of_case(row["case"]), **plan.phantom(*plan.SCANNED),
            cohort_truth=phantom / "truth.csv", **anatomy, truth=phantom / "truth.json",
            images={part: images[part] for part in (*SERIES, "segmentation")},
        )  # fmt: skip
        grid = read_image(images["t1ce"]).grid
        box = np.pad(np.ones(np.subtract(grid.shape, 8), np.uint8), 4)
        write_image(images["brain_mask"], box, grid)
    return patients_in(phantom.parent)


def write_folder(place, patients, _):
    """Write one folder for each patient."""
    for name, patient in zip(names_of(patients), patients, strict=True):
        for part, path in patient.images.items():
            copied(path, place / name / f"{IN_FOLDER.get(part, part)}.nii.gz")
    return {"source": "folder", "folder": {"path": str(place)}, "labels": table_of(place, patients)}


def write_bids(place, patients, _):
    """Write a BIDS tree with segmentations and brain masks among its derivatives."""
    names = [f"sub-{number:02d}" for number in range(1, len(patients) + 1)]
    for name, patient in zip(names, patients, strict=True):
        for part, path in patient.images.items():
            tree = place / DERIVATIVES if part in DERIVED else place
            copied(path, tree / name / "anat" / f"{name}_{(IN_BIDS | DERIVED)[part]}.nii.gz")
    bids = {"path": str(place), "derivatives": dict.fromkeys(DERIVED, DERIVATIVES)}
    return {"source": "bids", "bids": bids, "labels": table_of(place, patients, names)}


def write_dataset(place, patients, source):
    """Write a dataset with its table of labels in its own words; BraTS has one of the user."""
    entry = DATASETS[source]
    dataset = read_dataset(entry["name"], entry.get("version"))
    places = [place_of(each, dataset["folders"]) for each in folders_of(dataset, len(patients))]
    for case, patient in zip(places, patients, strict=True):
        for part in dataset["files"]:
            path = place / file_of(dataset, case, part)
            copied(patient.images[part], path)
            if part == "segmentation":
                image = nib.load(patient.images[part])
                data = recoded(np.asarray(image.dataobj), dataset["segmentation_labels"])
                nib.save(nib.Nifti1Image(data, image.affine), path)
    entry = {**entry, "path": str(place)}
    if "labels" in dataset:
        named = [getattr(case, dataset.get("labels_of", "case")) for case in places]
        ids = dataset["labels"].get("ids")
        if ids:  # as UCSF-PDGM-001 for UCSF-PDGM-0001
            named = [name.replace("-0", "-", 1) for name in named]
        table = place / dataset["labels"]["table"].replace("*", "_2")
        labels = [patient.labels for patient in patients]
        write_labels(table, dataset, dict(zip(named, labels, strict=True)))
    else:
        entry["table"] = table_of(place, patients, [case.case for case in places])["table"]
    return {"source": "datasets", "datasets": [entry]}


def write_dicom(place, patients, source):
    """Write a folder of DICOM for each patient, once for all sources of DICOM."""
    labels = table_of(place, patients)
    for name, patient in zip(names_of(patients), patients, strict=True):
        if not (place / name).exists():
            for number, (part, description) in enumerate(IN_DICOM.items(), start=2):
                folder = place / name / description
                write_as_dicom(patient.images[part], folder, description, number, name)
            write_series(place / name, "LOC", patient=name, slices=3, tilt=1)
    options = {
        "dicom": {"path": str(place)},
        "idc": {"collection": "simulated", "bucket_address": f"{ARCHIVE}/{{bucket}}"},
        "tcia": {"collection": "SIMULATED", "address": ARCHIVE, "login": False},
    }
    return {"source": source, source: options[source], "labels": labels}


WRITERS = {"folder": write_folder, "bids": write_bids} | dict.fromkeys(CONVERTED, write_dicom)


def archive_of(place, index):
    """Return an `Archive` with the DICOM in a folder, as IDC and TCIA have it.

    `index`: where to write IDC's table of all its series (Parquet).
    """
    archive, rows, paths = Archive(), [], {}
    for folder in sorted(filter(Path.is_dir, place.iterdir())):
        table, files = read_folder(folder, folder.name)
        rows += table.to_dict("records")
        paths |= {uid: [Path(file) for file in of] for uid, of in files.items()}
    shared = ("SeriesInstanceUID", "SeriesDescription", "SeriesNumber", "StudyDate", "Modality")
    series = [
        {key: row[key] for key in shared} | {"PatientID": row["case"], "StudyInstanceUID": "1"}
        for row in rows
    ]
    of_tcia = [
        row | {"ImageCount": len(paths[row["SeriesInstanceUID"]]), "FileSize": 1} for row in series
    ]
    renamed = {"ImageCount": "instanceCount", "FileSize": "series_size_MB"}
    of_idc = pd.DataFrame(of_tcia).rename(columns=renamed)
    addresses = "s3://b/" + of_idc["SeriesInstanceUID"] + "/*"
    of_idc.assign(collection_id="simulated", series_aws_url=addresses).to_parquet(index)
    archive.files = {
        f"/b/{uid}/{path.name}": path.read_bytes() for uid, of in paths.items() for path in of
    }

    def bucket(query, form, headers):
        there = {key[3:]: data for key, data in archive.files.items()}
        return 200, listing({k: x for k, x in there.items() if k.startswith(query["prefix"])})

    def image(query, form, headers):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed:
            for path in paths[query["SeriesInstanceUID"]]:
                packed.write(path, path.name)
        return 200, buffer.getvalue()

    archive.answers = {
        "/b/": bucket,
        "/services/v4/getSeries": lambda *_: (200, json.dumps(of_tcia).encode()),
        "/services/v4/getImage": image,
    }
    return archive


def names_of(patients):
    """Return the names of the cases where a source leaves them free."""
    return [NAME.format(number) for number in range(1, len(patients) + 1)]


def table_of(place, patients, names=None):
    """Write a table of labels in numbers, "" for unknown; return the config's `labels`."""
    place.mkdir(parents=True, exist_ok=True)
    rows = [
        {"case": name} | {task: "" if x == UNKNOWN else x for task, x in patient.labels.items()}
        for name, patient in zip(names or names_of(patients), patients, strict=True)
    ]
    pd.DataFrame(rows).to_csv(place / "labels.csv", index=False)
    return {"table": str(place / "labels.csv")}


def recoded(labels, coding):
    """Return canonical labels in a dataset's numbers, and a corner of each background number."""
    data = np.zeros_like(labels)
    for part, number in SUBREGIONS.items():
        data[labels == number] = (coding[part] or coding["oedema"])[0]
    for corner, number in enumerate(coding.get("background", [])):
        data[corner, 0, 0] = number
    return data


def copied(path, to):
    """Copy a file into a folder that may not be there yet."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, to)
