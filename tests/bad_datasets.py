"""Kinds of bad datasets: which, where they lie, what their files say, scans under two names."""

import yaml
from bad_input import kind
from configs import checked
from layouts import write_dataset
from scans import some_scan

from glioma_uq.cohorts.cases import read_cases
from glioma_uq.cohorts.copies import exclude_copies, signature_of, to_text
from glioma_uq.configuration.datasets import FOLDER, datasets_of, read_dataset

GROUP = "Datasets"


def cohort(*datasets):
    return {
        "name": "c", "source": "datasets", "modalities": ["t1ce"], "datasets": list(datasets),
    }  # fmt: skip


def cases(*datasets):
    return read_cases("datasets", {"datasets": datasets_of(cohort(*datasets))}, None)


def entry(folder, name="brats", version=2023, **others):
    """Write a dataset's examples into a folder; return its entry of cohort.datasets."""
    write_dataset(folder, read_dataset(name, version), parts=["t1ce"])
    return {"name": name, "version": version, "path": str(folder)} | others


def mine(folder, change):
    """Write a file of one's own, that of BraTS with a change; return what reads it."""
    described = yaml.safe_load((FOLDER / "brats-tcga.yaml").read_text())
    (folder / "mine.yaml").write_text(yaml.safe_dump(described | change))
    return read_dataset(str(folder / "mine.yaml"))


@kind(GROUP, "a name that no file has")
def no_dataset(folder):
    cases({"name": "ucsf_pdgm", "path": "data"})


@kind(GROUP, "a version that is not named")
def no_version(folder):
    cases({"name": "brats", "path": "data"})


@kind(GROUP, "the old source of BraTS")
def old_source(folder):
    old = {"name": "b", "source": "brats", "brats": {"path": "data/brats", "release": 2020}}
    checked({}, {"cohort": old})


@kind(GROUP, "labels beside the datasets")
def labels_beside(folder):
    given = cohort({"name": "brats", "version": 2021, "path": "data"})
    checked({}, {"cohort": given | {"labels": {"table": "labels.csv"}}})


@kind(GROUP, "a folder that is not there")
def no_folder(folder):
    cases({"name": "brats", "version": 2021, "path": "data"})


@kind(GROUP, "a folder without cases")
def no_cases(folder):
    (folder / "data/images").mkdir(parents=True)
    cases({"name": "brats", "version": 2021, "path": str(folder / "data")})


@kind(GROUP, "the folder above that of the cases")
def folder_above(folder):
    cases(entry(folder / "data/2023") | {"path": str(folder / "data")})


@kind(GROUP, "no table of labels")
def no_table(folder):
    cases({"name": "ucsf-pdgm", "path": str(folder / "data")})


@kind(GROUP, "a case in two datasets")
def case_in_two(folder):
    cases(entry(folder / "training"), entry(folder / "more"))


@kind(GROUP, "datasets that were preprocessed differently")
def different_preprocessing(folder):
    lumiere = {"name": "lumiere", "path": str(folder), "table": None}
    checked({}, {"cohort": cohort(entry(folder), lumiere)})


@kind(GROUP, "a file without what is verified")
def not_verified(folder):
    mine(folder, {"verified": ""})


@kind(GROUP, "a file whose folders match no example")
def no_example(folder):
    mine(folder, {"examples": ["P-001"]})


@kind(GROUP, "a file whose folders name no patient")
def no_patient(folder):
    mine(folder, {"folders": ["TCGA-.*"]})


@kind(GROUP, "a file with a regular expression that is none")
def no_expression(folder):
    mine(folder, {"folders": ["(?P<patient>TCGA"]})


@kind(GROUP, "a file with a name that means nothing in a pattern")
def unknown_field(folder):
    mine(folder, {"files": {"t1ce": "{subject}_t1ce.nii.gz"}})


@kind(GROUP, "the same scan in two cases")
def same_scan(folder):
    one = to_text(signature_of(some_scan()))
    rows = [{"case": f"P-{i}", "step": "import_case", "t1ce_signature": one} for i in (1, 2)]
    return exclude_copies(rows, rows)[1][0]["reason"]
