"""Ids, names and texts from others: which are refused, kept, said and marked."""

import csv
from unicodedata import normalize

from configs import checked
from scans import CASE, NAMES, look

from glioma_uq.errors import BadCase, BadInput, printable
from glioma_uq.predictions import import_predictions
from glioma_uq.quality.rows import read_rows, write_row
from glioma_uq.tables import read_table, write_table
from situations import situation
from situations.tiny import TAKES_PART

THEIRS = {"case": "case", "source": "site", "idh": {"label": "idh", "probabilities": ["a", "b"]}}


def said(problem, *arguments, **options):
    """Return what is refused in a sentence, or else what comes of it."""
    try:
        return problem(*arguments, **options)
    except (BadInput, BadCase) as error:
        return str(error)


def fate_as(cohort, case, folder=None):
    """Return what comes of the case with another id, whose folder has its name or another."""
    (cohort.path / CASE).rename(cohort.path / (folder or case))
    rows = '"{}",1,0,3'.format(case.replace('"', '""'))
    found = said(look, cohort.path, rows)
    return found if isinstance(found, str) else (found.get(case) or TAKES_PART)


def enter_id(case, right):
    @situation("texts", f"the id of a case is {printable(case)}", right=right)
    def of_id(cohort):
        return fate_as(cohort, case)


for case in ("Müller-1", "患者7", "UCSF-PDGM-004_FU001d", "1.2+3", "NA"):
    enter_id(case, TAKES_PART)
for case in ("$(touch ran)", "a;ran", "O'Brien", "P 1", "a\u200bb", "-rf", "a\u3164"):
    enter_id(case, "expected an id of letters, digits and _ . - +, which begins with")


@situation("texts", "the table composes the letters of an id, the folder not", right=TAKES_PART)
def decomposed(cohort):
    return fate_as(cohort, "Zoë-1", normalize("NFD", "Zoë-1"))


@situation("texts", "a case has two folders, in both spellings", right="decomposed letters, remove")
def twins(cohort):
    for spelling in ("NFC", "NFD"):
        (cohort.path / normalize(spelling, "Zoë-1")).mkdir()
    return cohort.problems(f"{CASE},1,0,3\nZoë-1,1,0,3")["Zoë-1"]


@situation("texts", "a pattern finds a scan named $(touch ran)", right="rename it")
def scan_for_a_shell(cohort):
    cohort.scan("t1").rename(cohort.path / CASE / "t1$(touch ran).nii.gz")
    return cohort.problems(f"{CASE},1,0,3", names=NAMES | {"t1": "t1[!c]*"})[CASE]


@situation("texts", "the name of a scan sets the title of a terminal", right=r"\x1b]0;x\x07")
def scan_for_a_terminal(cohort):
    cohort.scan("t1").rename(cohort.path / CASE / "t1\x1b]0;x\x07.nii.gz")
    return cohort.problems(f"{CASE},1,0,3", names=NAMES | {"t1": "t1[!c]*"})[CASE]


def predicted(cohort, case="P-1", site="Bern"):
    path = cohort.folder / "predictions.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["case", "site", "idh", "a", "b"], [case, site, 1, 0.5, 0.5]])
    return import_predictions(path, THEIRS)


@situation("texts", "a prediction's id climbs out of a folder", right="expected an id of letters")
def climbing_prediction(cohort):
    return said(predicted, cohort, case="../P-1")


@situation("texts", "a hospital of predictions writes backwards", right="no control or format")
def backwards(cohort):
    return said(predicted, cohort, site="Bern\u202e")


@situation("texts", "a hospital is a formula, read again from our CSV", right=("'=1+1", "=1+1"))
def formula(cohort):
    path = cohort.folder / "classification.csv"
    write_table(predicted(cohort, site="=1+1"), path)
    return path.read_text().splitlines()[1].split(",")[1], read_table(path)["source"][0]


@situation("texts", "a series is called -C+, another number is -1.5", right=("a,'-C+,-1.5", "-C+"))
def series(cohort):
    path = cohort.folder / "quality.csv"
    write_row(path, {"case": "a", "t1ce_series": "-C+", "x": -1.5})
    return path.read_text().splitlines()[1], read_rows(path)[0]["t1ce_series"]


@situation("texts", "a spreadsheet of another language splits at semicolons", right="Bern;'=1+1")
def semicolons(cohort):
    write_row(cohort.folder / "t.csv", {"source": "Bern;=1+1"})
    return (cohort.folder / "t.csv").read_text()


@situation("texts", "a series has 16,000 characters and an escape sequence", right=(True, 64))
def long_description(cohort):
    cohort.series("AX T1 POST \x1b[2J" + "x" * 16_000)
    found = cohort.taken(modalities=["t1ce"])["t1ce"]
    return found.isprintable(), len(found)


@situation("texts", "a study's name has ten thousand characters", right=(2000, "in the config."))
def endless(cohort):
    sentence = said(checked, {"study": "a" * 10_000})
    return len(sentence) + len(sentence) % 2, sentence[-14:]
