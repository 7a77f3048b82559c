"""Datasets by name: every file is valid, and tiny scans in every layout become the right cases."""

import csv
import re
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from configs import checked, planned
from layouts import SHAPE, file_of, folders_of, labels_of, write_dataset, write_labels
from scans import MODALITIES, PARTS, some_scan

import check_cohort
import collect_cohort
import import_case
from glioma_uq.cohorts.cases import chosen_sessions, list_cases, read_cases
from glioma_uq.cohorts.copies import exclude_copies, signature_of, to_text
from glioma_uq.cohorts.datasets import cases_there, find_images, place_of, places
from glioma_uq.cohorts.labels import LABEL_COLUMNS
from glioma_uq.cohorts.sources import coding_of
from glioma_uq.configuration.datasets import FOLDER, datasets_of, list_datasets, read_dataset
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import read_image
from glioma_uq.quality.rows import read_rows, write_table
from glioma_uq.subregions import LABELS

EVERY = [
    (name, version)
    for name in list_datasets()
    for version in yaml.safe_load((FOLDER / f"{name}.yaml").read_text()).get("versions", [None])
]
# The case, patient and session of the folders that the files have as examples.
NAMES = {
    "BraTS-GLI-00002-000": ("BraTS-GLI-00002-000", "BraTS-GLI-00002", "000"),
    "BraTS2021_00000": ("BraTS2021_00000", "BraTS2021_00000", ""),
    "HGG/Brats18_2013_10_1": ("Brats18_2013_10_1", "Brats18_2013_10", "1"),
    "Imaging/Patient-001/week-000-1": ("Patient-001_000-1", "Patient-001", "000-1"),
    "LGG/BraTS19_2013_0_1": ("BraTS19_2013_0_1", "BraTS19_2013_0", "1"),
    "PatientID_0003/Timepoint_1": ("PatientID_0003_1", "PatientID_0003", "1"),
    "RHUH-0001/0": ("RHUH-0001_0", "RHUH-0001", "0"),
    "SUBJECTS/EGD-0001": ("EGD-0001", "EGD-0001", ""),
    "TCGA-DU-7015": ("TCGA-DU-7015", "TCGA-DU-7015", ""),
    "UCSF-PDGM-0004_nifti": ("UCSF-PDGM-0004", "UCSF-PDGM-0004", ""),
    "UCSF-PDGM-0429_FU003d_nifti": ("UCSF-PDGM-0429_FU003d", "UCSF-PDGM-0429", "003"),
    "images_structural/UPENN-GBM-00001_11": ("UPENN-GBM-00001_11", "UPENN-GBM-00001", "11"),
}


def cohort_of(*datasets, **others):
    """Return a config's cohort of datasets, as the schema completes it."""
    common = {"name": "c", "source": "datasets", "modalities": MODALITIES, "sessions": "all"}
    return common | {"segmentation_labels": None, "datasets": list(datasets)} | others


def options_of(*datasets, **others):
    return {"datasets": datasets_of(cohort_of(*datasets, **others))}


def written(root, name, version=None, folders=None, **entry):
    """Write a dataset in its layout; return its entry of cohort.datasets, without labels."""
    write_dataset(root, read_dataset(name, version), folders)
    entry = {"name": name, "path": str(root), "table": None} | entry
    return entry | ({"version": version} if version else {})


def rows_of(*datasets, sessions="all", **others):
    return read_cases("datasets", options_of(*datasets, **others), None, sessions)


def table_of(path, *rows):
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def look(folder, options, **given):
    """Return {case: problem} of check_cohort."""
    check_cohort.main(
        table=None, source="datasets", options=options, parts=PARTS, follow_links=False,
        on_bad_case="exclude", labels=folder / "labels.csv", **given,
    )  # fmt: skip
    return {row["case"]: row["problem"] for row in read_rows(folder / "labels.csv")}


def bring_in(folder, options, case):
    """Return (the row of import_case, {part: path}) of a case."""
    images = {part: folder / "raw" / case / f"{part}.nii.gz" for part in PARTS}
    import_case.main(
        case=case, source="datasets", options=options, modalities=MODALITIES, follow_links=False,
        coding=coding_of(cohort_of(), options, case), on_bad_case="exclude", images=images,
        quality=folder / f"{case}.csv",
    )  # fmt: skip
    return read_rows(folder / f"{case}.csv")[0], images


# Every file in cohorts/datasets.


@pytest.mark.parametrize(("name", "version"), EVERY)
def test_every_case_of_a_layout_is_found_with_its_patient_session_and_labels(
    tmp_path, name, version
):
    dataset, root = read_dataset(name, version), tmp_path / "data"
    options = options_of(written(root, name, version))
    assert look(tmp_path, options) == dict.fromkeys(cases_there(options), "")
    for place in places(options["datasets"][0]):
        named = NAMES.get(place.folder, (place.case, place.patient, place.session))
        assert (place.case, place.patient, place.session) == named
        found = find_images(options, place.case, PARTS)
        files = {part: root / file_of(dataset, place, part) for part in dataset["files"]}
        assert found == files
        row, images = bring_in(tmp_path, options, place.case)
        assert row["reason"] == ""
        ours = read_image(images["segmentation"], dtype=None).data
        theirs = read_image(files["segmentation"], dtype=None).data
        for part, numbers in dataset["segmentation_labels"].items():
            if part != "background":
                np.testing.assert_array_equal(ours == LABELS[part], np.isin(theirs, numbers))
        background = dataset["segmentation_labels"].get("background", [])
        np.testing.assert_array_equal(ours == 0, np.isin(theirs, [0, *background]))


def test_each_folder_that_is_named_here_is_an_example_of_a_file():
    examples = {each for pair in EVERY for each in read_dataset(*pair)["examples"]}
    assert set(NAMES) <= examples


def test_a_number_that_a_dataset_does_not_explain_excludes_the_case(tmp_path):
    options = options_of(written(tmp_path / "d", "brats", 2023))
    path = find_images(options, "BraTS-GLI-00002-000", PARTS)["segmentation"]
    data = labels_of({"core": [1], "cavity": [4]})
    nib.save(nib.Nifti1Image(data, nib.load(path).affine), path)
    assert "labels 0, 1, 2, 3 in" in bring_in(tmp_path, options, "BraTS-GLI-00002-000")[0]["reason"]
    options = options_of(
        {"name": "brats", "version": 2024, "path": str(tmp_path / "d")}  # where 4 is a cavity
    )
    row, images = bring_in(tmp_path, options, "BraTS-GLI-00002-000")
    assert row["reason"] == ""
    found = read_image(images["segmentation"]).data
    assert [(found == label).sum() for label in (1, 2, 3, 4)] == [1, 0, 0, 4]


def test_a_corrected_mask_goes_before_an_automatic_one(tmp_path):
    entry = written(tmp_path, "upenn-gbm")
    dataset, case = read_dataset("upenn-gbm"), "UPENN-GBM-00001_11"
    place = place_of(f"images_structural/{case}", dataset["folders"])
    corrected, automatic = (
        tmp_path / file_of(dataset, place, "segmentation", number) for number in (0, 1)
    )
    automatic.parent.mkdir()
    shutil.copy(corrected, automatic)
    options = options_of(entry)
    assert find_images(options, case, PARTS)["segmentation"] == corrected
    corrected.unlink()
    assert find_images(options, case, PARTS)["segmentation"] == automatic
    automatic.unlink()
    assert "segmentation" not in find_images(options, case, PARTS)


def test_a_missing_modality_names_the_nearest_file_and_two_files_are_refused(tmp_path):
    options = options_of(written(tmp_path, "brats", 2021))
    folder = tmp_path / "BraTS2021_00000"
    shutil.copy(folder / "BraTS2021_00000_t2.nii.gz", folder / "BraTS2021_00000_t2.nii")
    with pytest.raises(BadCase, match=r"one file for t2 .* found .*_t2.nii and .*_t2.nii.gz, rem"):
        find_images(options, "BraTS2021_00000", PARTS)
    (folder / "BraTS2021_00000_t2.nii").unlink()
    (folder / "BraTS2021_00000_t1ce.nii.gz").rename(folder / "BraTS2021_00000_t1Gd.nii.gz")
    with pytest.raises(BadCase, match=r"expected BraTS2021_00000_t1ce.nii\* in .*_t1Gd.nii.gz"):
        find_images(options, "BraTS2021_00000", PARTS)


def test_a_case_in_two_folders_is_excluded(tmp_path):
    folders = ["HGG/Brats18_2013_0_1", "LGG/Brats18_2013_0_1", "HGG/Brats18_2013_1_1"]
    options = options_of(written(tmp_path, "brats", 2018, folders))
    said = look(tmp_path, options)["Brats18_2013_0_1"]
    assert re.search("expected one folder for .*HGG/Brats18_2013_0_1 and .*LGG/Brats18", said)


# Labels and ids.


@pytest.mark.parametrize("name", [n for n, v in EVERY if "labels" in read_dataset(n, v)])
def test_every_table_of_a_layout_is_found_and_gives_its_labels(tmp_path, name):
    """In the words of the table: mutated, wildtype, unknown; of cases or of patients."""
    dataset = read_dataset(name)
    places = write_dataset(tmp_path, dataset, folders_of(dataset, 4), ["t1ce"])
    tasks = {"idh": (1, 0, -1, 1), "1p19q": (1, 0, -1, -1), "grade": (2, 4, 3, -1)}
    labels = [{task: known[i] for task, known in tasks.items()} for i in range(4)]
    named = [getattr(place, dataset.get("labels_of", "case")) for place in places]
    table = tmp_path / dataset["labels"]["table"].replace("*", "_2")
    write_labels(table, dataset, dict(zip(named, labels, strict=True)))
    rows = rows_of({"name": name, "path": str(tmp_path)}, modalities=["t1ce"])
    assert [row["case"] for row in rows] == [place.case for place in places]
    for task, known in tasks.items():
        expected = known if dataset["labels"]["columns"][task] else (-1,) * 4
        assert tuple(row[task] for row in rows) == expected


UCSF = "ID,IDH,1p/19q,WHO CNS Grade"


def test_rows_are_joined_to_folders_by_the_id_as_the_file_rewrites_it(tmp_path):
    table = table_of(
        tmp_path / "t.csv", UCSF, "UCSF-PDGM-004,wildtype,intact,4",
        "UCSF-PDGM-0429_FU003d,IDH1 p.R132C,co-deletion,2", "UCSF-PDGM-004x,wildtype,unknown,3",
    )  # fmt: skip
    entry = written(tmp_path / "d", "ucsf-pdgm", table=table)
    (tmp_path / "d/UCSF-PDGM-0099_nifti").mkdir()
    first, second, third = rows_of(entry)
    assert first == {
        "case": "UCSF-PDGM-0004", "patient": "UCSF-PDGM-0004", "session": "",
        "source": "ucsf-pdgm", "idh": 0, "1p19q": 0, "grade": 4,
        "idh_raw": "wildtype", "1p19q_raw": "intact", "grade_raw": "4",
    }  # fmt: skip
    assert (second["patient"], second["session"], second["1p19q"]) == ("UCSF-PDGM-0429", "003", 1)
    options = options_of(entry)
    assert list_cases(cohort_of(), options) == [first["case"], second["case"]]
    said = look(tmp_path, options)[third["case"]]
    assert "found none of UCSF-PDGM-004x" in said
    assert "closest: UCSF-PDGM-0099" in said


def test_a_row_of_a_patient_is_of_all_its_scans(tmp_path):
    folders = [f"Imaging/Patient-00{n}/week-{week}" for n, week in ((1, "010"), (1, "2"), (2, "0"))]
    table = table_of(
        tmp_path / "t.csv", "Patient,IDH (WT: wild type)", "Patient-001,R132H mut", "Patient-003,wt"
    )
    rows = rows_of(written(tmp_path / "d", "lumiere", None, folders, table=table))
    assert [(row["case"], row["idh"]) for row in rows] == [
        ("Patient-001_2", 1), ("Patient-001_010", 1), ("Patient-003", 0),
    ]  # fmt: skip
    assert [r["case"] for r in chosen_sessions(rows, "first")] == ["Patient-001_2", "Patient-003"]
    assert [r["case"] for r in chosen_sessions(rows, "last")] == ["Patient-001_010", "Patient-003"]


@pytest.mark.parametrize(
    ("sessions", "first"),
    [
        (["10", "9"], "9"),
        (["FU003d", ""], ""),  # UCSF-PDGM's
        (["week-000-2", "week-044", "week-000-1"], "week-000-1"),  # LUMIERE's
        (["2019-01-20", "2018-05-03"], "2018-05-03"),
        (["20190120", "20180503"], "20180503"),
        (["1", "1b"], "1"),
        (["only pre"], "only pre"),
        (["pre", "post"], None),
        (["03.05.2018", "20.01.2019"], None),
        (["5/3/18", "1/20/19"], None),
        (["20 Jan 2019", "03 May 2018"], None),
        (["ses-20Jan2019", "ses-03May2018"], None),
        (["1 pre", "2 post", "1 post"], None),
        (["2019-01-20 14:30", "2018-05-03 09:10"], "2018-05-03 09:10"),
        (["FU2", "FU10", "fu1"], "fu1"),
        (["1/20/2019 0:00", "12/3/2017 0:00"], None),
        (["20.01.2019 14:30", "3.05.2020 09:10"], None),
        (["20-Jan-18", "03-May-19"], None),
        (["20012018", "03052019"], None),
        (["6months", "1year"], None),
        (["12w", "3m"], None),
        (["pre", "1"], None),
        (["pre", "2019-01-20"], None),
        (["NA", "2019-01-01"], None),
    ],
)
def test_the_first_session_is_that_of_the_lowest_number_or_not_told(sessions, first):
    rows = [{"patient": "P", "session": session} for session in sessions]
    if first is not None:
        assert chosen_sessions(rows, "first") == [{"patient": "P", "session": first}]
        return
    with pytest.raises(BadInput, match=r"found '.*' and '.*' of P, number them, write dates as"):
        chosen_sessions(rows, "first")
    assert chosen_sessions(rows, "all") == rows


def test_sessions_of_any_source_come_from_the_table(tmp_path):
    table = table_of(tmp_path / "t.csv", "id,who,when", "a,P,10", "b,P,9", "c,Q,1")
    columns = {"case": "id", "patient": "who", "session": "when"}
    chosen = [
        [
            row["case"]
            for row in read_cases("folder", {}, {"table": table, "columns": columns}, which)
        ]
        for which in ("all", "first", "last")
    ]
    assert chosen == [["a", "b", "c"], ["b", "c"], ["a", "c"]]


def test_sessions_that_are_not_told_apart_cannot_be_first_or_last(tmp_path):
    table = table_of(tmp_path / "t.csv", "id,who", "a,P", "b,P", "c,Q")
    columns = {"case": "id", "patient": "who"}
    with pytest.raises(BadInput, match="found '' and '' of P, name the column"):
        read_cases("folder", {}, {"table": table, "columns": columns}, "first")


def test_a_session_that_the_table_leaves_empty_is_not_the_first(tmp_path):
    columns = {"case": "id", "patient": "who", "session": "when"}
    for blank in ("", "NA", "n/a"):
        table = table_of(tmp_path / "t.csv", "id,who,when", f"a,P,{blank}", "b,P,1", "c,Q,")
        labels = {"table": table, "columns": columns}
        with pytest.raises(BadInput, match="the session of each case of P in .* for a, fill it in"):
            read_cases("folder", {}, labels, "first")
        assert len(read_cases("folder", {}, labels)) == 3


def test_a_session_without_a_folder_does_not_hide_one_with(tmp_path):
    """As in a part of a download: the follow-up is there, the first exam is not."""
    table = table_of(tmp_path / "t.csv", "ID,IDH,1p/19q,WHO CNS Grade", *[
        f"UCSF-PDGM-{case},wildtype,intact,4" for case in ("0429", "0429_FU003d", "0430")
    ])  # fmt: skip
    dataset = written(tmp_path / "d", "ucsf-pdgm", None, ["UCSF-PDGM-0429_FU003d_nifti"],
                      table=table)  # fmt: skip
    cases = [row["case"] for row in rows_of(dataset, sessions="first")]
    assert cases == ["UCSF-PDGM-0429_FU003d", "UCSF-PDGM-0430"]


def test_two_spellings_of_a_patient_are_refused(tmp_path):
    table = table_of(tmp_path / "t.csv", "case,who", "BraTS2021_00001,Anna-1",
                     "BraTS2021_00002,anna-1")  # fmt: skip
    labels = {"columns": {"case": "case", "patient": "who", "idh": None, "1p19q": None,
                          "grade": None}}  # fmt: skip
    folders = ["BraTS2021_00001", "BraTS2021_00002"]
    with pytest.raises(BadInput, match="found 'Anna-1' and 'anna-1' in cohort.datasets"):
        rows_of(written(tmp_path / "d", "brats", 2021, folders, table=table, labels=labels))


def test_a_row_for_all_scans_of_a_patient_may_name_the_person(tmp_path):
    folders = [f"Imaging/Patient-00{n}/week-0" for n in (1, 2)]
    table = table_of(tmp_path / "t.csv", "Patient,IDH (WT: wild type),Person",
                     "Patient-001,WT,p", "Patient-002,WT,p")  # fmt: skip
    labels = {"columns": {"patient": "Person"}}
    dataset = written(tmp_path / "d", "lumiere", None, folders, table=table, labels=labels)
    assert [row["patient"] for row in rows_of(dataset)] == ["p", "p"]


def test_several_tables_of_a_dataset_are_named_and_none_is_taken(tmp_path):
    folders = ["UCSF-PDGM-0004_nifti"]
    written(tmp_path / "d", "ucsf-pdgm", None, folders, table=None)
    for version in ("v5", "v5_old"):
        table_of(tmp_path / "d" / f"UCSF-PDGM-metadata_{version}.csv", "ID,IDH")
    entry = {"name": "ucsf-pdgm", "path": str(tmp_path / "d")}
    with pytest.raises(BadInput, match="metadata_v5.csv and UCSF-PDGM-metadata_v5_old.csv: name"):
        options_of(entry)


def test_labels_without_a_table_are_refused(tmp_path):
    labels = {"columns": {"idh": "IDH"}}
    with pytest.raises(BadInput, match="a table for the labels of brats, found none: name it"):
        options_of(written(tmp_path / "d", "brats", 2021, labels=labels))


def test_a_sheet_and_rows_of_the_datasets_file_do_not_bind_a_table_of_ones_own(tmp_path):
    table = table_of(tmp_path / "t.csv", "Patient,idh", "TCGA-DU-7015,1", "TCGA-DU-9999,0")
    columns = {"case": "Patient", "idh": "idh", "1p19q": None, "grade": None}
    values = {"idh": {0: 0, 1: 1}}
    given = {"columns": columns, "values": values, "only": {}}
    dataset = written(tmp_path / "d", "brats-tcga", table=table, labels=given)
    assert [row["idh"] for row in rows_of(dataset)] == [1, 0]
    assert read_dataset("mu-glioma-post")["labels"]["sheet"] == 2
    (described,) = options_of({"name": "mu-glioma-post", "path": str(tmp_path), "table": table})[
        "datasets"
    ]
    assert described["labels"]["sheet"] is None


def test_a_folder_that_is_closed_is_passed_over(tmp_path, monkeypatch, capsys):
    """As lost+found in the root of a disk, for others than root."""
    dataset = written(tmp_path / "d", "brats", 2021, ["BraTS2021_00001"])
    (tmp_path / "d/lost+found").mkdir()
    iterdir = Path.iterdir

    def closed(self):
        if self.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(self))
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", closed)
    assert [row["case"] for row in rows_of(dataset)] == ["BraTS2021_00001"]
    assert "lost+found cannot be read and is passed over" in capsys.readouterr().err


def test_a_column_of_patients_goes_before_the_names_of_folders(tmp_path):
    """Two folders of one person, by the table alone."""
    folders = ["BraTS2021_00000", "BraTS2021_00002"]
    table = table_of(tmp_path / "t.csv", "ID,Pat", *(f"{name},X" for name in folders))
    columns = {"case": "ID", "patient": "Pat", "idh": None, "1p19q": None, "grade": None}
    entry = written(tmp_path / "d", "brats", 2021, folders, table=table)
    rows = rows_of(entry | {"labels": {"columns": columns}})
    assert [(row["case"], row["patient"]) for row in rows] == [(name, "X") for name in folders]


def test_a_patients_name_in_two_datasets_is_refused(tmp_path):
    entries = [
        written(tmp_path / name, "rhuh-gbm", None, [f"RHUH-0001/{session}"], table=None)
        for session, name in enumerate("ab")
    ]
    options = options_of(*entries)
    with pytest.raises(BadInput, match="expected each patient in one of cohort.datasets, found RH"):
        read_cases("datasets", options, None)


def test_without_a_table_every_folder_is_a_case_of_unknown_labels(tmp_path):
    rows = rows_of(written(tmp_path, "brats", 2023))
    assert {(row["idh"], row["1p19q"], row["grade"]) for row in rows} == {(-1, -1, -1)}
    assert {row["source"] for row in rows} == {"brats"}


def test_a_table_of_ones_own_gives_labels_to_a_dataset_without(tmp_path):
    table = table_of(tmp_path / "t.csv", "case,idh,1p19q,grade", "BraTS2021_00000,1,,4")
    (row,) = rows_of(written(tmp_path / "d", "brats", 2021, ["BraTS2021_00000"], table=table))
    assert (row["idh"], row["1p19q"], row["grade"]) == (1, -1, 4)


def test_the_real_table_of_ucsf_pdgm_is_read_whole(real_data, tmp_path):
    """501 exams of 495 patients; a relative co-deletion is the user's choice."""
    table = real_data / "tables" / "UCSF-PDGM-metadata_v5.csv"
    with open(table, encoding="utf-8") as file:
        ids = [row["ID"] for row in csv.DictReader(file)]
    folders = [f"{re.sub(r'PDGM-(?=[0-9]{3}$)', 'PDGM-0', each)}_nifti" for each in ids]
    entry = written(tmp_path, "ucsf-pdgm", None, folders[:12], table=str(table))
    for folder in folders:
        (tmp_path / folder).mkdir(exist_ok=True)
    rows = rows_of(entry)
    counts = {
        (task, label): sum(row[task] == label for row in rows)
        for task in ("idh", "1p19q", "grade") for label in (-1, 0, 1, 2, 3, 4)
    }  # fmt: skip
    assert {pair: count for pair, count in counts.items() if count} == {
        ("idh", 0): 398, ("idh", 1): 103, ("1p19q", -1): 97, ("1p19q", 0): 395, ("1p19q", 1): 9,
        ("grade", 2): 56, ("grade", 3): 43, ("grade", 4): 402,
    }  # fmt: skip
    assert (len(rows), len({row["patient"] for row in rows})) == (501, 495)
    later = {row["case"]: row["patient"] for row in rows if row["session"]}
    assert len(later) == 6
    assert later["UCSF-PDGM-0429_FU003d"] == "UCSF-PDGM-0429"
    assert set(later.values()) <= {row["patient"] for row in rows if not row["session"]}
    assert len(rows_of(entry, sessions="first")) == 495
    mine = {"values": {"1p19q": {"relative co-deletion": 1}}}
    assert sum(row["1p19q"] == 1 for row in rows_of(entry | {"labels": mine})) == 15
    problems = look(tmp_path, options_of(entry))
    assert [case for case, said in problems.items() if not said] == [
        folder.removesuffix("_nifti") for folder in folders[:12]
    ]


@pytest.mark.real
def test_real_cases_of_brats_2021_are_a_dataset(real_data, tmp_path):
    place = real_data / "brats_2021"
    options = options_of({"name": "brats", "version": 2021, "path": str(place),
                          "table": str(place / "labels.csv")})  # fmt: skip
    assert set(look(tmp_path, options).values()) == {""}
    rows = {row["case"]: row for row in read_rows(tmp_path / "labels.csv")}
    assert (len(rows), rows["BraTS2021_00005"]["idh"]) == (12, "1")
    row, images = bring_in(tmp_path, options, "BraTS2021_00005")
    expert = nib.load(place / "BraTS2021_00005/BraTS2021_00005_seg.nii.gz").get_fdata()
    assert row["reason"] == ""
    assert (read_image(images["segmentation"]).data > 0).sum() == (expert > 0).sum()


# What is refused.


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"name": "ucsf"}, r"expected the name of a dataset, .* found 'ucsf': did you mean 'ucsf-"),
        ({"name": "my.yaml"}, "expected the file of a dataset .* found no my.yaml"),
        ({"name": "brats"}, "expected a version of brats, found none: choose among 2013, 2017"),
        ({"name": "brats", "version": 2099}, "version of brats, found 2099: choose among 2013"),
        ({"name": "egd", "version": 1}, "expected a version of egd, found 1: leave it out"),
        ({"name": "ucsf-pdgm"}, "expected the table of labels UCSF-PDGM-metadata.*csv of ucsf-pdgm"
         " in nowhere or beside it, found none: put it there, or name it as table"),
        ({"name": "brats", "version": 2021}, "the dataset brats in nowhere, found no such folder"),
    ],
)  # fmt: skip
def test_what_names_no_dataset_is_refused(entry, sentence):
    with pytest.raises(BadInput, match=sentence):
        rows_of({"path": "nowhere"} | entry)


def test_a_folder_above_or_below_is_named(tmp_path):
    for path in ("egd", "egd/SUBJECTS", "."):
        entry = written(tmp_path / "egd", "egd")
        if path == "egd":
            assert len(rows_of(entry)) == 1
            continue
        with pytest.raises(BadInput, match=f"{tmp_path}/egd has some: write that as its path"):
            rows_of(entry | {"path": str(tmp_path / path)})
    with pytest.raises(BadInput, match=r"as BraTS2021_00000, found METADATA, SUBJECTS, correct it"):
        rows_of({"name": "brats", "version": 2021, "path": str(tmp_path / "egd")})


def test_the_same_name_in_two_datasets_is_refused(tmp_path):
    entries = [written(tmp_path / name, "brats", 2023) for name in ("a", "b")]
    with pytest.raises(BadInput, match="each case in one of cohort.datasets, found BraTS-GLI-0000"):
        rows_of(*entries)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"licence": None}, "expected a value of type string for licence, found None"),
        ({"folder": "x"}, "expected a known key, found 'folder': did you mean 'folders'"),
        ({"folders": ["(?P<patient>a"]}, "expected a regular expression for each level"),
        ({"folders": ["(?P<name>.+)"]}, "expected the group patient or case"),
        ({"examples": ["a/b"]}, "expected folders to match the example a/b, found none"),
        ({"files": {"t1ce": "../{case}.nii"}}, "expected files.t1ce inside the dataset's folder"),
        ({"files": {"t1ce": "{name}.nii"}}, "expected files.t1ce inside the dataset's folder"),
        ({"segmentation_labels": {"core": [1], "oedema": [1], "enhancing": []}}, "number once"),
        ({"verified": None}, "expected a value of type string for verified"),
        ({"labels": {"table": "t.csv", "values": {"idh": {"a": 2}}}}, "labels.values.idh.a"),
    ],
)
def test_a_file_of_ones_own_is_checked(tmp_path, change, sentence):
    path = tmp_path / "mine.yaml"
    mine = yaml.safe_load((FOLDER / "egd.yaml").read_text())
    path.write_text(yaml.safe_dump(mine | change))
    with pytest.raises(BadInput, match=sentence):
        read_dataset(str(path))
    path.write_text(yaml.safe_dump(mine))
    assert read_dataset(str(path)) == read_dataset("egd")


# The config.


def test_six_lines_are_a_cohort(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "data/UCSF-PDGM-v5", "ucsf-pdgm")
    table_of(tmp_path / "data/UCSF-PDGM-metadata_v5.csv", UCSF, "UCSF-PDGM-004,wildtype,intact,4")
    text = """
cohort:
  name: ucsf
  source: datasets
  datasets: [{name: ucsf-pdgm, path: data/UCSF-PDGM-v5}]
"""
    cohort, _ = planned({}, yaml.safe_load(text))
    assert (cohort.cases, cohort.method) == (["UCSF-PDGM-0004"], "none")
    assert cohort.tables == ["data/UCSF-PDGM-metadata_v5.csv"]
    assert cohort.coding_of("UCSF-PDGM-0004")["enhancing"] == [4]
    assert len(cohort.images["UCSF-PDGM-0004"]) == 6


def study_of(tmp_path, *entries, **others):
    return checked(others, {"cohort": {"name": "c", "source": "datasets",
                                       "datasets": list(entries)}})  # fmt: skip


def test_preprocessing_is_the_datasets_under_the_users_own(tmp_path):
    one, other = written(tmp_path / "r", "rhuh-gbm"), written(tmp_path / "l", "lumiere")
    done = study_of(tmp_path, one)["preprocessing"]
    assert (done["skull_stripping"], done["bias_field"]) == ("none", None)
    own = {"preprocessing": {"skull_stripping": "hd-bet"}}
    assert study_of(tmp_path, one, **own)["preprocessing"]["skull_stripping"] == "hd-bet"
    with pytest.raises(BadInput, match="expected one preprocessing.skull_stripping for all dataset"
                       "s, found none for rhuh-gbm and hd-bet-v1 for lumiere: set it"):  # fmt: skip
        study_of(tmp_path, one, other)
    own["preprocessing"]["bias_field"] = None
    assert study_of(tmp_path, one, other, **own)


def test_a_study_counts_the_cases_that_have_a_folder(tmp_path):
    """Two IDH-mutant rows, of which one has scans: too few for two folds."""
    rows = [f"UCSF-PDGM-0{n},{'mutated (NOS)' if n > 14 else 'wildtype'},," for n in range(10, 17)]
    table = table_of(tmp_path / "t.csv", UCSF, *rows)
    folders = [f"UCSF-PDGM-00{n}_nifti" for n in range(10, 16)]
    entry = written(tmp_path / "d", "ucsf-pdgm", None, folders, table=table)
    with pytest.raises(BadInput, match=f"found 1 with idh 1 in {tmp_path}/d"):
        study_of(tmp_path, entry, study="s", folds={"number": 2})
    study_of(tmp_path, entry, study="s", folds={"number": 2}, tasks=["1p19q"])


def test_what_a_cohort_of_datasets_cannot_have_is_refused(tmp_path):
    entry = written(tmp_path, "brats", 2021)
    with pytest.raises(BadInput, match="expected labels inside each of cohort.datasets, found coh"):
        study_of(tmp_path, entry, cohort={"labels": {"table": "t.csv"}})
    subregions = {"study": "s", "tasks": [], "segmentation": "subregions"}
    with pytest.raises(
        BadInput, match="labels of core, enhancing in egd for segmentation subregions"
    ):
        study_of(tmp_path, written(tmp_path / "e", "egd"), **subregions)
    cavity = subregions | {"segmentation": "subregions_and_cavity"}
    with pytest.raises(BadInput, match="expected labels of the cavity in segmentation_labels"):
        study_of(tmp_path, entry, **cavity)
    after = written(tmp_path / "a", "brats", 2024)  # before surgery there is no cavity to label
    with pytest.raises(BadInput, match="expected at least 15 patients for 5 folds, found 4"):
        study_of(tmp_path, entry, after, **cavity)
    old = {"source": "brats", "name": "b", "brats": {"path": "data/b", "release": 2020}}
    with pytest.raises(BadInput, match=r"found cohort.source brats: write source: datasets and "
                       r"datasets: \[{name: brats, version: 2020, path: data/b}\]"):  # fmt: skip
        checked({}, {"cohort": old})


def test_a_mask_for_all_cases_is_no_file_of_another_case(tmp_path):
    options = options_of(written(tmp_path, "egd", None, ["SUBJECTS/EGD-0001", "SUBJECTS/EGD-0002"]))
    assert look(tmp_path, options) == {"EGD-0001": "", "EGD-0002": ""}
    masks = {find_images(options, case, PARTS)["brain_mask"] for case in cases_there(options)}
    assert len(masks) == 1
    assert nib.load(masks.pop()).shape == SHAPE


# One scan under two names.


def collected(folder, options):
    """Return (cases, {case: reason}) that collect_cohort leaves of cases that were imported."""
    look(folder, options)
    rows = [read_rows(folder / f"{case}.csv")[0] for case in cases_there(options)]
    cases = read_rows(folder / "labels.csv")
    kept, copies = exclude_copies(cases, rows)
    return [row["case"] for row in kept], {row["case"]: row["reason"] for row in copies}


def test_copies_of_a_patient_do_not_take_part_twice(tmp_path):
    """BraTS-GLI-00002-000 and -001 as users had them, one in another orientation and type."""
    folders = [f"BraTS-GLI-{name}" for name in ("00002-000", "00002-001", "00003-000")]
    entry = written(tmp_path / "d", "brats", 2023, folders)
    for path in (tmp_path / "d" / folders[0]).iterdir():
        image = nib.load(path)
        data, affine = np.asarray(image.dataobj, np.float32)[::-1], image.affine.copy()
        affine[0] = [1, 0, 0, affine[0, 3] - data.shape[0] + 1]
        copy = tmp_path / "d" / folders[1] / path.name.replace(*folders[:2])
        nib.save(nib.Nifti1Image(data, affine), copy)
    options = options_of(entry)
    for case in folders:
        bring_in(tmp_path, options, case)
    kept, copies = collected(tmp_path, options)
    assert kept == [folders[0], folders[2]]
    assert list(copies) == [folders[1]]
    assert f"in its T1 and in the T1 of {folders[0]}, remove one" in copies[folders[1]]


def signed(seed):
    return to_text(signature_of(some_scan(seed)))


def test_one_series_of_another_case_is_found_and_cases_of_phantoms_are_not(tmp_path):
    rows = [
        {
            "case": case,
            "step": "import_case",
            "t1ce_signature": signed(t1ce),
            "t2_signature": signed(t2),
        }
        for case, t1ce, t2 in (("a", 1, 2), ("b", 3, 2), ("c", 4, 5))
    ]
    cases = [{"case": case} for case in "abc"]
    kept, copies = exclude_copies(cases, rows)
    assert [row["case"] for row in kept] == ["a", "c"]
    assert "found the same voxels in its T2 and in the T2 of a, remove" in copies[0]["reason"]
    assert exclude_copies(cases, []) == (cases, [])


def test_copies_stop_a_run_that_stops_at_bad_cases(tmp_path):
    rows = [
        {"case": case, "step": "import_case", "reason": "", "t1ce_signature": signed(1)}
        for case in "ab"
    ]
    labels = [dict.fromkeys([*LABEL_COLUMNS, "problem"], "") | {"case": case} for case in "ab"]
    write_table(tmp_path / "labels.csv", list(labels[0]), labels)
    write_table(tmp_path / "rows.csv", list(rows[0]), rows)
    files = {name: tmp_path / f"{name}.csv" for name in ("volumes", "excluded", "metrics")}
    with pytest.raises(BadInput, match="b: expected scans of this case alone, found the same"):
        collect_cohort.main(
            labels=tmp_path / "labels.csv", quality=[tmp_path / "rows.csv"], on_bad_case="stop",
            **files,
        )  # fmt: skip
