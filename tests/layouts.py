"""Tiny scans of a few cases in the layout of any dataset, as its file describes it."""

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from glioma_uq.cohorts.datasets import patterns_of, place_of
from glioma_uq.cohorts.labels import columns_of
from glioma_uq.tasks import TASKS, UNKNOWN

SHAPE = (8, 9, 10)
ANY = "1989.06.18"  # what stands for a * of a pattern


def write_dataset(root, dataset, folders=None, parts=None):
    """Write the scans of a dataset's cases, all different; return their `Place`s.

    Args:
        root: the dataset's folder.
        dataset: as glioma_uq.configuration.datasets.read_dataset returns it.
        folders: of the cases, relative to root; None for the dataset's examples.
        parts: which images; None for all. Each is by the first of its patterns.

    A segmentation has a block of each label number.
    """
    places = [place_of(folder, dataset["folders"]) for folder in folders or dataset["examples"]]
    for number, place in enumerate(places):
        rng = np.random.default_rng(number)
        for part in parts or dataset["files"]:
            if part == "segmentation":
                data = labels_of(dataset["segmentation_labels"])
            elif part == "brain_mask":
                data = np.pad(np.ones(np.subtract(SHAPE, 2), np.uint8), 1)
            else:
                data = rng.integers(1, 900, SHAPE).astype(np.int16)
            path = Path(root, file_of(dataset, place, part))
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(data, np.diag([-1.0, -1, 1, 1])), path)
    return places


def file_of(dataset, place, part, number=0):
    """Return the file of a part of a case, relative to the dataset's folder."""
    pattern = patterns_of(dataset["files"][part], place)[number]
    return pattern.replace(".nii*", ".nii.gz").replace("*", ANY)


def labels_of(coding):
    """Return a segmentation with as many voxels of a label number as its value."""
    numbers = sorted(number for part in coding.values() for number in part)
    data = np.zeros(SHAPE, np.uint8)
    data.flat[: sum(numbers)] = np.repeat(numbers, numbers)
    return data


def folders_of(dataset, number):
    """Return the folders of `number` patients, those of the first example with other numbers."""
    example = dataset["examples"][0]
    patient = place_of(example, dataset["folders"]).patient
    *_, digits = re.finditer(r"\d+", patient)
    start, end = digits.span()
    return [
        example.replace(patient, f"{patient[:start]}{i:0{end - start}}{patient[end:]}")
        for i in range(1, number + 1)
    ]


def write_labels(path, dataset, labels):
    """Write the table of labels of a dataset in its columns and words.

    Args:
        path: CSV, TSV or .xlsx by its ending.
        dataset: as `read_dataset` returns it.
        labels: {case or patient, as a row names it: {task: class, -1 for unknown}}.
    """
    described = dataset["labels"]
    columns, values = described["columns"], described.get("values", {})
    rows = []
    for name, classes in labels.items():
        row = {columns["case"]: name}
        for task in TASKS:
            text = text_of(classes[task], values.get(task))
            row |= dict.fromkeys(columns_of(columns.get(task)), text)
        only = described.get("only", {}).items()  # each of its texts in some row
        rows.append(row | {column: each[len(rows) % len(each)] for column, each in only})
    table, path = pd.DataFrame(rows), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        with pd.ExcelWriter(path) as book:
            for sheet in range(1, described.get("sheet") or 1):
                pd.DataFrame({"About": ["this file"]}).to_excel(book, sheet_name=f"S{sheet}")
            table.to_excel(book, sheet_name="Patients", index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


def text_of(label, values):
    """Return a text that means a class by a map of values, or without one."""
    named = "unknown" if label == UNKNOWN else label
    texts = [text for text, value in (values or {str(named): named}).items() if value == named]
    return texts[0].replace("*", "").replace("unknown", "" if not values else "unknown")
