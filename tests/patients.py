"""A tiny cohort of patients: scans of the phantom, written as anybody's folders and table."""

import csv
import gzip
import shutil
from pathlib import Path

from workflows import write_config

SERIES = {"t1": "T1", "t1ce": "T1CE", "t2": "T2", "flair": "FLAIR"}
BROKEN, WITHOUT_REFERENCE = "P-02", "P-03"


def write_patients(cohort, folder):
    """Write the native scans of a phantom as a folder cohort; return the path of its table.

    Args:
        cohort: results/cohorts/{name} of the finished phantom.
        folder: where the patients' folders and labels.csv are to lie.

    One case's FLAIR is cut short, one has no reference segmentation, every third IDH is unknown.
    """
    folder.mkdir(parents=True)
    with open(cohort / "labels.csv", encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    rows = []
    for number, row in enumerate(labels, start=1):
        name, raw = f"P-{number:02d}", cohort / "raw" / row["case"]
        (folder / name).mkdir()
        for series, file in SERIES.items():
            shutil.copy(raw / f"{series}.nii.gz", folder / name / f"{file}.nii.gz")
        if name != WITHOUT_REFERENCE:
            shutil.copy(raw / "segmentation.nii.gz", folder / name)
        idh = "" if number % 3 == 0 else row["idh"]
        rows.append({"Patient": name, "IDH": idh, "codel": row["1p19q"], "Grade": row["grade"]})
    cut = folder / BROKEN / "FLAIR.nii.gz"
    cut.write_bytes(gzip.compress(gzip.decompress(cut.read_bytes())[:5000]))
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return folder / "labels.csv"


def cohort_config(table, head):
    """Return the config of such a cohort.

    Args:
        table: its labels table, which lies beside the patients' folders.
        head: the phantom's template with a skull, which stands for that of a hospital.
    """
    columns = {"case": "Patient", "idh": "IDH", "1p19q": "codel", "grade": "Grade"}
    return {
        "cohort": {
            "name": "patients",
            "source": "folder",
            "folder": {"path": str(Path(table).parent)},
            "labels": {"table": str(table), "columns": columns, "contradictory": "unknown"},
        },
        "preprocessing": {
            "voxel_size_mm": 8.0,
            "margin_mm": 2.0,
            "bias_field": {"voxel_size_mm": 16.0, "iterations": [20, 20, 20]},
            "white_matter_field": None,
            "registration": {"voxel_size_mm": 4.0},
            "skull_stripping": "template",
            "head_templates": {"t1": str(head), "t2": str(head)},
            "quality": {"limits": {"brain_volume_ml": [700, 2600]}},
        },
    }


TWO_CLASS = {
    "study": "patients_two_class",
    "cohort": "patients.yaml",
    "folds": {"number": 2, "stratify_by": ["grade"]},
    "network_options": {"csnet": {"width": 4, "dropout": "element"}},
    "rates": [0.2],
    "training": {"epochs": 2, "batch_size": 2, "learning_rate": 3e-3},
    "sampling": {"passes": [2, 4], "batch_size": 2},
    "statistics": {"resamples": 100},
}
SUBREGIONS = {
    "study": "patients_subregions",
    "paper": "small_tumours",
    "cohort": "patients.yaml",
    "folds": {"number": 2, "stratify_by": ["et_size"]},
    "networks": ["dmfnet", "dmfnet-umodule"],
    "network_options": {"dmfnet": {"width": 4}, "dmfnet-umodule": {"width": 4}},
    "tasks": [],
    "segmentation": "subregions",
    "rates": [0.0],
    "training": {
        "epochs": 2,
        "batch_size": 2,
        "learning_rate": 3e-3,
        "schedule": "poly",
        "amsgrad": True,
        "segmentation_loss": "generalised_dice",
        "augmentation": ["mirror_x"],
        "auxiliary": {"schedule": "fraction", "share": 0.5},
        "crop": {"size": [18, 18, 18], "enhancing_share": 0.5},
    },
    "sampling": {
        "samplers": ["deterministic"],
        "passes": [1],
        "batch_size": 1,
        "keep_sums": False,
    },
    "statistics": {"resamples": 100, "mask_control": None},
}
SUBTYPES = TWO_CLASS | {"study": "patients_subtypes", "segmentation": "none"}
STUDIES = {
    "two_class.yaml": TWO_CLASS,
    "subregions.yaml": SUBREGIONS,
    "subtypes.yaml": SUBTYPES,
}


def write_configs(phantom, folder):
    """Write a phantom's scans as patients, and the configs of their cohort and its studies.

    Args:
        phantom: results/cohorts/{name} of the finished phantom.
        folder: the copy of the repository that the studies are to run in.
    """
    table = write_patients(phantom, folder / "data").relative_to(folder)
    cohort = cohort_config(table, phantom / "template/head.nii.gz")
    for name, config in {"patients.yaml": cohort, **STUDIES}.items():
        write_config(folder, name, **config)
