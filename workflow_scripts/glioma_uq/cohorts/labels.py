"""The labels table: the cases of a cohort and their labels.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from collections import Counter
from itertools import chain
from os.path import isfile
from pathlib import Path

from glioma_uq.case_names import check_no_twins
from glioma_uq.errors import BadInput
from glioma_uq.label_values import read_labels_of
from glioma_uq.patterns import fullmatch
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.text_tables import BLANK, check_column, check_ids, read_text_table, select_rows
from glioma_uq.texts import checked_id, checked_text

LABEL_COLUMNS = ("case", "patient", "session", "source", *TASKS)
RAW_COLUMNS = tuple(f"{task}_raw" for task in TASKS)


def read_labels(
    table,
    columns,
    source="folder",
    only=None,
    contradictory="refuse",
    sheet=None,
    values=None,
    ids=None,
    key="cohort.labels",
):
    """Return the cases of a labels table as dicts, in its order.

    case, patient, session and source are text; idh, 1p19q and grade integers, -1 for an
    unknown label; idh_raw, 1p19q_raw and grade_raw the texts of the table, joined by "; " where
    a label has several columns.

    Args:
        table: CSV, TSV or a workbook of Excel.
        columns: the table's columns for case, patient, session, source, idh, 1p19q and grade;
            a list of columns for a label that several have. Without a column the patient is
            the case, the session empty and a label unknown for all cases.
        source: the source of all cases if the table has no column for it.
        only: {column: texts}; rows with another text in the column are ignored.
        contradictory: how to treat 1p19q co-deletion with IDH wildtype, which no glioma
            has: "refuse" the table, or set both labels to "unknown".
        sheet: name or number of a workbook's sheet, None for the first.
        values: {task: {text or pattern: class or "unknown"}}, see `label_values`.
        ids: {pattern, as}: a regular expression of a whole id and what to make of it; ids that
            do not match stay as they are. None changes none.
        key: where the config describes the table, for errors.

    Raises BadInput, one sentence, for an invalid or contradictory table.
    """
    table = Path(table)
    if not isfile(table):
        raise BadInput(f"expected a labels table, found no file {table}, correct {key}.table")
    header, rows = read_text_table(table, sheet)
    if not rows:
        where = table if sheet is None else f"sheet {sheet!r} of {table}"
        raise BadInput(
            f"expected a row for each case, found no row in {where}, fill the table, or name "
            "another sheet of a workbook as labels.sheet"
        )
    of_task = {task: columns_of(columns.get(task)) for task in TASKS}
    plain = {name: columns.get(name) for name in ("case", "patient", "session", "source")}
    for column in chain(filter(None, plain.values()), *of_task.values()):
        check_column(column, header, table, f"{key}.columns")
    for column in only or ():
        check_column(column, header, table, f"{key}.only")
    rows = select_rows(rows, only or {}, table, f"{key}.only")
    check_ids(rows, plain["case"], table)
    if plain["patient"]:
        check_ids(rows, plain["patient"], table, BLANK)
    labels = read_labels_of(rows, of_task, values or {}, table, f"{key}.values.{{}}")
    cases = []
    for number, row in enumerate(rows):
        named = {"source": source} | _names_in(row, plain, ids, table)
        mine = {task: labels[task][number] for task in TASKS}
        raw = {
            f"{task}_raw": "; ".join(checked_text(row[name], name, table) for name in names)
            for task, names in of_task.items()
        }
        cases.append(named | mine | raw)
    for case in cases:
        _settle_contradiction(case, of_task, contradictory, key)
    _check_listed_once(cases, table)
    return cases


def _names_in(row, columns, ids, table):
    """Return {case, patient, session, source} of a row, checked; the source if it has a column."""
    case, patient = columns["case"], columns["patient"]
    named = {"case": checked_id(rewritten(row[case], ids), case, table), "session": ""}
    named["patient"] = checked_id(row[patient], patient, table) if patient else named["case"]
    for name in ("session", "source"):
        if columns[name]:
            named[name] = checked_text(row[columns[name]], columns[name], table)
    return named


def columns_of(named):
    """Return the columns of a label as a list: none, one, or several."""
    return named if isinstance(named, list) else [named] if named else []


def rewritten(case, ids):
    r"""Return an id of the table as the id of a case.

    >>> rewritten("PDGM-004_FU1", {"pattern": r"PDGM-(\d{3})(_FU\d)?", "as": r"PDGM-0\1\2"})
    'PDGM-0004_FU1'
    """
    match = fullmatch(ids["pattern"], case) if ids else None
    return match.expand(ids["as"]) if match else case


def _settle_contradiction(case, columns, contradictory, key):
    """Refuse the labels of a 1p19q co-deleted IDH wildtype, or set them to unknown in place."""
    if not (case["1p19q"] == 1 and case["idh"] == 0):
        return
    if contradictory == "refuse":
        found = " and ".join(
            f"{', '.join(columns[task])} {case[f'{task}_raw']}" for task in ("idh", "1p19q")
        )
        raise BadInput(
            f"expected IDH mutated where 1p19q is co-deleted, found case {case['case']} with "
            f"{found}, correct one, leave it empty or set {key}.contradictory: unknown"
        )
    case |= {"idh": UNKNOWN, "1p19q": UNKNOWN}


def _check_listed_once(cases, table):
    counts = Counter(row["case"] for row in cases)
    case, count = counts.most_common(1)[0]
    if count > 1:
        raise BadInput(
            f"expected each case once, found {case} {count} times in {table}, "
            "keep one row for each case"
        )
    check_no_twins(counts, table)
