"""Letters that macOS decomposes: an id in a table and a folder in two spellings are one case."""

from unicodedata import normalize

import pandas as pd
import pytest
from scans import CASE, NAMES, PARTS, look, whole_case

from glioma_uq.cohorts.bids import find_images as find_in_bids
from glioma_uq.cohorts.datasets import find_images as find_in_datasets
from glioma_uq.cohorts.datasets import places
from glioma_uq.cohorts.file_matching import matching, name_on_disk
from glioma_uq.cohorts.selection import select
from glioma_uq.cohorts.sources import cases_there, find_images, lines_by_case
from glioma_uq.errors import BadCase
from glioma_uq.predictions import import_predictions

COMPOSED, DECOMPOSED = "Müller-1", normalize("NFD", "Müller-1")
SPELLINGS = pytest.mark.parametrize(
    ("table", "disk"),
    [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (DECOMPOSED, DECOMPOSED)],
)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


@SPELLINGS
def test_a_case_of_a_folder_takes_part(tmp_path, table, disk):
    cohort = whole_case(tmp_path)
    (cohort / CASE).rename(cohort / disk)
    names = NAMES | {"t1": "{case}_*.nii.gz", "t2": "{case}.nii.gz"}
    (cohort / disk / NAMES["t1"]).rename(cohort / disk / f"{table}_t1.nii.gz")
    (cohort / disk / NAMES["t2"]).rename(cohort / disk / f"{disk}.nii.gz")
    assert look(cohort, f"{table},1,0,3", names=names) == {COMPOSED: ""}


def test_two_folders_of_one_name_are_one_sentence(tmp_path):
    cohort = whole_case(tmp_path)
    for spelling in (COMPOSED, DECOMPOSED):
        (cohort / spelling).mkdir()
    assert "found 2, with composed and with decomposed letters" in look(
        cohort, f"{CASE},1,0,3\n{COMPOSED},1,0,3"
    ).get(COMPOSED)


@SPELLINGS
def test_a_subject_and_its_session_in_bids(tmp_path, table, disk):
    name = f"sub-{disk}_ses-{table}_T1w.nii.gz"
    path = touch(tmp_path / f"sub-{disk}" / f"ses-{disk}" / "anat" / name)
    mask = tmp_path / "lab" / f"sub-{table}" / f"ses-{table}" / "anat" / "sub-x_dseg.nii.gz"
    mask = touch(mask.with_name(f"sub-{disk}_dseg.nii.gz"))
    options = {
        "path": tmp_path, "session": table, "entities": {}, "derivatives": {"segmentation": "lab"}
    }  # fmt: skip
    found = find_in_bids(options, COMPOSED, ["t1", "segmentation"])
    assert found == {"t1": path, "segmentation": mask}
    assert cases_there("bids", options) == [COMPOSED]


@SPELLINGS
def test_a_case_of_a_dataset(tmp_path, table, disk):
    path = touch(tmp_path / f"{disk}_raw" / f"{table}_t1.nii.gz")
    dataset = {
        "path": str(tmp_path),
        "folders": ["(?P<patient>.+)_raw"],
        "files": {"t1": "{folder}/{case}_t1.nii*"},
    }
    assert [place.case for place in places(dataset)] == [COMPOSED]
    options = {"datasets": [dataset]}
    assert find_in_datasets(options, COMPOSED, ["t1"]) == {"t1": path}


def test_a_case_of_a_dataset_in_both_spellings_is_one_sentence(tmp_path):
    for spelling in (COMPOSED, DECOMPOSED):
        touch(tmp_path / spelling / "t1.nii.gz")
    dataset = {"path": str(tmp_path), "folders": ["(?P<patient>.+)"], "files": {"t1": "x"}}
    with pytest.raises(BadCase, match="expected one folder for .*, once with decomposed letters,"):
        find_in_datasets({"datasets": [dataset]}, COMPOSED, ["t1"])


@SPELLINGS
def test_a_case_of_dicom_and_of_a_reviewed_table(tmp_path, table, disk):
    (tmp_path / "dicom" / disk).mkdir(parents=True)
    options = {"path": tmp_path / "dicom"}
    assert find_images("dicom", options, COMPOSED, PARTS) == {}
    assert cases_there("dicom", options) == [COMPOSED]
    (tmp_path / "series.csv").write_text(f"case,modality,SeriesInstanceUID\n{table},t1,1.2\n")
    assert lines_by_case(tmp_path / "series.csv") == {COMPOSED: ["t1 1.2"]}


def test_a_patient_of_an_archive():
    row = {"case": DECOMPOSED, "SeriesInstanceUID": "1.2", "StudyDate": "20200101", "instances": 30}
    table = pd.DataFrame([row | {"SeriesDescription": "AX T1\x1b[2J POST"}])
    (chosen,) = select(table, [COMPOSED], ["t1ce"], {}).to_dict("records")
    assert (chosen["case"], chosen["modality"]) == (COMPOSED, "t1ce")
    assert chosen["SeriesDescription"].isprintable()


def test_predictions_in_composed_letters(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(normalize("NFD", f"Fälle,IDH,p0,p1\n{DECOMPOSED},1,.5,.5\n"))
    columns = {"case": "Fälle", "idh": {"label": "IDH", "probabilities": ["p0", "p1"]}}
    for spelling in ("NFC", "NFD"):
        named = columns | {"case": normalize(spelling, "Fälle")}
        assert import_predictions(path, named)["case"].tolist() == [COMPOSED]


def test_patterns_match_both_spellings_and_stay_patterns(tmp_path):
    paths = [touch(tmp_path / x / f"{x}_t1.nii") for x in (COMPOSED, DECOMPOSED)]
    touch(tmp_path / "Muller-1" / "x_t1.nii")
    assert matching(tmp_path, "M?ller-1/ü*") == []
    assert matching(tmp_path, f"{COMPOSED}/*_t1.nii") == sorted(paths)
    assert matching(tmp_path, f"**/{DECOMPOSED}_t?.nii") == sorted(paths)
    assert name_on_disk(tmp_path / "none", COMPOSED) == COMPOSED
