"""Kinds of bad tables: labels, predictions of another model, reviewed series."""

import sys
from unittest import mock

from bad_input import kind

from glioma_uq.cohorts.labels import read_labels
from glioma_uq.cohorts.selection import read_series
from glioma_uq.cohorts.tcia import check_ours
from glioma_uq.predictions import import_predictions

COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
HEADER = "case,idh,1p19q,grade"
THEIRS = {"case": "Patient", "idh": {"label": "IDH", "probabilities": ["wildtype", "mutated"]}}
LABELS = {
    "a table without rows": [],
    "a case twice": ["a,1,0,2", "b,0,0,4", "a,1,0,2"],
    "two cases that differ in capitals": ["P-1,1,0,2", "p-1,1,0,2"],
    "a label outside its coding": ["a,1,0,1"],
    "a label in words": ["a,yes,0,2"],
    "labels in words, in several columns": ["a,WT,intact,2", "b,WT,intact,IV"],
    "a co-deletion without IDH mutation": ["a,0,1,3"],
    "a line with a field too many": ["a,1,0,3,Smith"],
    "a line that is cut short": ["a,1"],
    "an id that climbs out of the folder": ["../a,1,0,2"],
    "an id that is an absolute path": ["/etc,1,0,2"],
    "an id that is the folder above": ["..,1,0,2"],
    "no id": [",1,0,2"],
    "an id with a line break": ['"a\nb",1,0,2'],
    "an id with a NUL": ["a\0b,1,0,2"],
    "an id with a slash in disguise": ["..\uff0fa,1,0,2"],
    "an id with an invisible sign": ["a\u202eb,1,0,2"],
    "an id that a spreadsheet would run": ["=1+1,1,0,2"],
    "an id that is too long": ["a" * 200 + ",1,0,2"],
}
PREDICTIONS = {
    "probabilities that do not sum to 1": "P-1,1,0.5,0.75",
    "a probability that is not there": "P-1,1,,0.5",
    "a probability that is no number": "P-1,1,nan,0.5",
    "a negative probability": "P-1,1,-0.5,1.5",
    "a label that the task does not have": "P-1,2,0.5,0.5",
    "a probability in per cent": "P-1,1,50 %,50 %",
    "a case twice in the predictions": "P-1,1,0.5,0.5\nP-1,1,0.5,0.5",
    "a prediction without an id": ",1,0.5,0.5",
    "predictions without rows": "",
}


def labels(folder, rows, header=HEADER, columns=COLUMNS, encoding="utf-8", **options):
    path = folder / "labels.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return read_labels(path, columns, **options)


def predictions(folder, rows, header="Patient,IDH,wildtype,mutated", columns=THEIRS):
    path = folder / "predictions.csv"
    path.write_text(f"{header}\n{rows}\n")
    return import_predictions(path, columns)


for what, rows in LABELS.items():
    kind("Labels", what)(lambda folder, rows=rows: labels(folder, rows))
for what, rows in PREDICTIONS.items():
    kind("Predictions of another model", what)(lambda folder, rows=rows: predictions(folder, rows))


@kind("Labels", "no table at the path")
def no_table(folder):
    read_labels(folder / "none.csv", COLUMNS)


@kind("Labels", "a column by another name")
def another_column(folder):
    labels(folder, ["a,1,0,2"], "case,IDH_,1p19q,grade", COLUMNS | {"idh": "IDH"})


@kind("Labels", "a column there twice")
def column_twice(folder):
    labels(folder, ["a,1,0,2,0"], HEADER + ",idh")


@kind("Labels", "a table that is not UTF-8")
def another_encoding(folder):
    labels(folder, ["Müller,1,0,2"], encoding="latin-1")


@kind("Labels", "a choice of rows that leaves none")
def nobody_left(folder):
    labels(folder, ["a,1,0,2"], only={"grade": ["II"]})


@kind("Labels", "a label that the map of values does not name")
def unnamed(folder):
    values = {"idh": {"wildtype": 0, "mutated": 1}}
    labels(folder, ["a,wildtype,0,4", "b,mutant,0,4", "c,mutant,0,4"], values=values)


@kind("Labels", "a label that two patterns name differently")
def two_patterns(folder):
    labels(folder, ["a,mutated,0,4"], values={"idh": {"mut*": 1, "*ted": 0}})


@kind("Labels", "rows without an id")
def no_ids(folder):
    labels(folder, ["a,1,0,4", ",1,0,4", ",0,0,4"])


@kind("Labels", "a workbook without openpyxl")
def no_openpyxl(folder):
    (folder / "labels.xlsx").write_bytes(b"PK")
    with mock.patch.dict(sys.modules, openpyxl=None):
        read_labels(folder / "labels.xlsx", COLUMNS)


@kind("Labels", "a sheet that the workbook does not have")
def no_sheet(folder):
    workbook(folder, sheet="labels")


@kind("Labels", "a formula whose value the workbook does not store")
def no_value(folder):
    workbook(folder, ["a", "=1-1", 0, 4])


@kind("Labels", "a workbook that is none")
def no_workbook(folder):
    (folder / "labels.xlsx").write_text("case,idh\n")
    read_labels(folder / "labels.xlsx", COLUMNS)


@kind("Labels", "a table of an older Excel")
def older_excel(folder):
    (folder / "labels.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    read_labels(folder / "labels.xls", COLUMNS)


@kind("Labels", "a sheet of a text")
def sheet_of_text(folder):
    labels(folder, ["a,1,0,4"], sheet=2)


def workbook(folder, row=("a", 1, 0, 4), sheet=None):
    from openpyxl import Workbook  # of `make excel`

    book = Workbook()
    book.active.append(HEADER.split(","))
    book.active.append(list(row))
    book.save(folder / "labels.xlsx")
    read_labels(folder / "labels.xlsx", COLUMNS, sheet=sheet)


@kind("Predictions of another model", "an uncertainty that is no number")
def no_number(folder):
    columns = {"case": "Patient", "idh": THEIRS["idh"] | {"uncertainty": {"total": "u"}}}
    predictions(folder, "P-1,1,0.5,0.5,high", "Patient,IDH,wildtype,mutated,u", columns)


@kind("Predictions of another model", "a column of another name")
def another_name(folder):
    predictions(folder, "P-1,1,0.5,0.5", "Patient,IDH,wildtype,Mutated_IDH")


@kind("Predictions of another model", "no file at the path")
def no_predictions(folder):
    import_predictions(folder / "none.csv", THEIRS)


@kind("Predictions of another model", "a co-deletion without IDH mutation, predicted")
def impossible(folder):
    columns = THEIRS | {"1p19q": {"label": "codel", "probabilities": ["intact", "deleted"]}}
    header = "Patient,IDH,wildtype,mutated,codel,intact,deleted"
    predictions(folder, "P-1,0,0.5,0.5,1,0.5,0.5", header, columns)


@kind("Reviewed series", "a column that is missing")
def no_uid(folder):
    (folder / "series.csv").write_text("case,modality\na,t1\n")
    read_series(folder / "series.csv")


@kind("Reviewed series", "a UID that climbs out of the folder")
def climbing_uid(folder):
    (folder / "series.csv").write_text("case,modality,SeriesInstanceUID\na,t1,../../x\n")
    read_series(folder / "series.csv")


@kind("Reviewed series", "another address than the archive's, which would get the login")
def another_address(folder):
    check_ours(
        "https://elsewhere.org/getImage", "https://services.cancerimagingarchive.net/nbia-api"
    )
