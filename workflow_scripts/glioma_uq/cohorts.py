"""Who takes part: the labels table of a folder of patients, and the tables of a cohort.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import csv
from collections import Counter
from difflib import get_close_matches
from pathlib import Path

from glioma_uq.errors import BadInput

LABELS = {"idh": (0, 1), "1p19q": (0, 1), "grade": (2, 3, 4)}
UNKNOWN = -1
LABEL_COLUMNS = ("case", "source", *LABELS)
FORBIDDEN_IN_CASE = '/\\{}*?"'
STEPS = (
    "import_case",
    "correct_bias_field",
    "strip_skull",
    "coregister",
    "register_to_template",
    "normalise_case",
)


def list_cases(cohort):
    """Return the names of all cases of the cohort that a config's `cohort` describes."""
    if cohort["source"] == "phantom":
        return [f"phantom-{i + 1:03d}" for i in range(cohort["phantom"]["cases"])]
    folder = cohort["folder"]
    return [row["case"] for row in read_labels(folder["labels"], folder["columns"])]


def read_labels(table, columns, source="folder"):
    """Return the cases of a labels table: dicts of case, source (text), idh, 1p19q, grade (int).

    `table`: CSV, or TSV by its ending. `columns` names the table's columns for case, idh,
    1p19q, grade and source (None: all cases are of `source`). An empty label is -1,
    unknown. Raises BadInput, one sentence, for whatever contradicts itself.
    """
    table = Path(table)
    if not table.is_file():
        raise BadInput(
            f"expected a labels table, found no file {table}, correct cohort.folder.labels"
        )
    rows = _read_rows(table)
    header = list(rows[0]) if rows else []
    if not rows:
        raise BadInput(f"expected a row for each case, found no row in {table}, fill the table")
    for column in filter(None, columns.values()):
        _check_column(column, header, table)
    cases = [_case(row, columns, source, table) for row in rows]
    _check_listed_once(cases, table)
    return cases


def existing_images(folder, case, names):
    """Return {modality or "segmentation": path as text} of those of a case's images that exist."""
    paths = {part: Path(folder) / case / name for part, name in names.items() if name}
    return {part: str(path) for part, path in paths.items() if path.is_file()}


def unlisted_folders(folder, cases):
    """Return the sub-folders of `folder` that no case of the labels table names, sorted."""
    listed = {row["case"] for row in cases}
    folder = Path(folder)
    return sorted(
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_dir() and path.name not in listed and not path.name.startswith(".")
    )


def check_skull_stripping(method, source):
    """Raise BadInput for the template's mask with heads that have no template with a skull.

    A whole head registered to a skull-stripped template fails without a sign (brain
    Dice .73 where .96 is right), and only the phantom has a template with a skull.
    """
    if method == "template" and source != "phantom":
        raise BadInput(
            "expected a skull-on head template for preprocessing.skull_stripping: template, "
            f"found none for cohorts of source {source}, set it to hd-bet-v1 (`make hd-bet-v1`)"
        )


def divide_cases(labels, quality):
    """Return (cases, excluded) of a cohort, lists of dicts.

    `labels`: rows of labels.csv. `quality`: rows of all steps. A case is out by its
    `problem` at the door or else by the first step that gives a reason of its own.
    """
    reasons = {}
    for row in sorted(quality, key=lambda row: STEPS.index(row["step"]), reverse=True):
        if row["reason"] and not row["reason"].startswith("excluded at an earlier step"):
            reasons[row["case"]] = row["step"], row["reason"]
    reasons |= {row["case"]: ("check_folder", row["problem"]) for row in labels if row["problem"]}
    lost = {row["case"] for row in quality if row["reason"]} - set(reasons)
    reasons |= dict.fromkeys(lost, ("collect_cohort", "excluded, but no step says why"))
    cases = [
        {name: row[name] for name in LABEL_COLUMNS} for row in labels if row["case"] not in reasons
    ]
    excluded = [
        {"case": row["case"], "step": reasons[row["case"]][0], "reason": reasons[row["case"]][1]}
        for row in labels
        if row["case"] in reasons
    ]
    return cases, excluded


def check_someone_is_left(cases, excluded):
    """Raise BadInput, with the commonest reason, when every case was excluded."""
    if cases:
        return
    counts = Counter((row["step"], row["reason"]) for row in excluded)
    (step, reason), count = counts.most_common(1)[0]
    raise BadInput(
        f"expected at least one case that passes, found all {len(excluded)} excluded "
        f"({count} at {step}: {reason}), mend that first"
    )


def gather_figures(quality):
    """Return (columns, rows): for each case one row of all figures of its steps."""
    rows = {}
    for row in quality:
        figures = {name: value for name, value in row.items() if name not in ("step", "reason")}
        rows.setdefault(row["case"], {}).update(figures)
    columns = list(dict.fromkeys(name for row in rows.values() for name in row)) or ["case"]
    return columns, list(rows.values())


def _read_rows(table):
    """Return the rows of a CSV or TSV file as dicts; a byte order mark is dropped."""
    delimiter = "\t" if table.suffix == ".tsv" else ","
    with open(table, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def _check_column(column, header, table):
    if column in header:
        return
    near = get_close_matches(column, header, 1, cutoff=0)
    raise BadInput(
        f"expected a column {column!r} in {table}, found {', '.join(header)}, "
        f"set cohort.folder.columns (nearest: {near[0] if near else 'none'})"
    )


def _case(row, columns, source, table):
    """Return one row of the table with its labels checked."""
    case = _text(row, columns["case"])
    if not case or case in (".", "..") or set(case) & set(FORBIDDEN_IN_CASE):
        raise BadInput(
            f"expected the name of a folder as case, found {case!r} in {table}, "
            f"use a name without any of {FORBIDDEN_IN_CASE}"
        )
    named = columns.get("source")
    labels = {task: _label(row, columns[task], task, case) for task in LABELS}
    if labels["1p19q"] == 1 and labels["idh"] == 0:
        raise BadInput(
            f"expected IDH mutated where 1p19q is co-deleted, found case {case} with "
            f"{columns['idh']} 0 and {columns['1p19q']} 1, correct one or leave it empty"
        )
    return {"case": case, "source": _text(row, named) if named else source, **labels}


def _label(row, column, task, case):
    """Return one label as a number, -1 for an empty one."""
    text = _text(row, column)
    allowed = {str(value): value for value in (*LABELS[task], UNKNOWN)} | {"": UNKNOWN}
    if text not in allowed:
        values = ", ".join(str(value) for value in (*LABELS[task], UNKNOWN))
        raise BadInput(
            f"expected {column} of case {case} to be one of {values} or empty, "
            f"found {text!r}, correct it or leave it empty if it is unknown"
        )
    return allowed[text]


def _text(row, column):
    return (row[column] or "").strip()


def _check_listed_once(cases, table):
    counts = Counter(row["case"] for row in cases)
    case, count = counts.most_common(1)[0]
    if count > 1:
        raise BadInput(
            f"expected each case once, found {case} {count} times in {table}, "
            "keep one row for each patient"
        )
