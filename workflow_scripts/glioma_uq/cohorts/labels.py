"""The labels table: the cases of a cohort and their labels.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path

from glioma_uq.case_names import check_case_name, check_no_twins
from glioma_uq.errors import BadInput
from glioma_uq.phantom.lesion_groups import case_names
from glioma_uq.text_tables import check_named_once, read_text_table

LABELS = {"idh": (0, 1), "1p19q": (0, 1), "grade": (2, 3, 4)}
UNKNOWN = -1
NOT_KNOWN = ("", "n/a", "NA", str(UNKNOWN))  # BIDS writes "n/a"
LABEL_COLUMNS = ("case", "patient", "source", *LABELS)


def list_cases(cohort):
    """Return the names of all cases of the cohort that a config's `cohort` describes."""
    if cohort["source"] == "phantom":
        phantom = cohort["phantom"]
        return case_names(phantom["cases"], phantom.get("size_sensitivity"))
    return [row["case"] for row in read_labels(source=cohort["source"], **cohort["labels"])]


def read_labels(table, columns, source="folder", only=None, contradictory="refuse"):
    """Return the cases of a labels table: dicts of case, source (text), idh, 1p19q, grade (int).

    Args:
        table: CSV, or TSV by its ending.
        columns: the table's columns for case, idh, 1p19q, grade and source. A label whose
            column is None is -1 (unknown) for all cases; an empty label is -1 too.
        source: the source of all cases if the table has no column for it.
        only: {column: texts}; rows with another text in the column are ignored.
        contradictory: how to treat 1p19q co-deletion with IDH wildtype, which no glioma
            has: "refuse" the table, or set both labels to "unknown".

    Raises BadInput, one sentence, for an invalid or contradictory table.
    """
    table = Path(table)
    if not table.is_file():
        raise BadInput(
            f"expected a labels table, found no file {table}, correct cohort.labels.table"
        )
    header, rows = read_text_table(table)
    if not rows:
        raise BadInput(f"expected a row for each case, found no row in {table}, fill the table")
    for column in (*filter(None, columns.values()), *(only or {})):
        _check_column(column, header, table)
    rows = _selected(rows, only or {}, table)
    cases = [_case(row, columns, source, table) for row in rows]
    for case in cases:
        _settle_contradiction(case, columns, contradictory)
    _check_listed_once(cases, table)
    return cases


def _check_column(column, header, table):
    if column in header:
        check_named_once(column, header, table)
        return
    near = get_close_matches(column, header, 1, cutoff=0)
    raise BadInput(
        f"expected a column {column!r} in {table}, found {', '.join(header)}, "
        f"set cohort.labels.columns (nearest: {near[0] if near else 'none'})"
    )


def _selected(rows, only, table):
    for column, texts in only.items():
        left = [row for row in rows if row[column] in texts]
        if not left:
            there = ", ".join(sorted({row[column] for row in rows}))
            raise BadInput(
                f"expected rows of {table} with {' or '.join(texts)} as {column}, found "
                f"{there}, correct cohort.labels.only"
            )
        rows = left
    return rows


def _case(row, columns, source, table):
    case = row[columns["case"]]
    check_case_name(case, table)
    named = columns.get("source")
    labels = {task: _label(row, columns[task], task, case) for task in LABELS}
    return {"case": case, "patient": case, "source": row[named] if named else source, **labels}


def _label(row, column, task, case):
    """Return one label as a number, -1 for an unknown one."""
    if column is None:
        return UNKNOWN
    text = row[column]
    allowed = {str(value): value for value in LABELS[task]} | dict.fromkeys(NOT_KNOWN, UNKNOWN)
    if text not in allowed:
        values = ", ".join(str(value) for value in (*LABELS[task], UNKNOWN))
        raise BadInput(
            f"expected {column} of case {case} to be one of {values} or empty, "
            f"found {text!r}, correct it or leave it empty if it is unknown"
        )
    return allowed[text]


def _settle_contradiction(case, columns, contradictory):
    """Refuse the labels of a 1p19q co-deleted IDH wildtype, or set them to unknown in place."""
    if not (case["1p19q"] == 1 and case["idh"] == 0):
        return
    if contradictory == "refuse":
        raise BadInput(
            f"expected IDH mutated where 1p19q is co-deleted, found case {case['case']} with "
            f"{columns['idh']} 0 and {columns['1p19q']} 1, correct one, leave it empty or set "
            "cohort.labels.contradictory: unknown"
        )
    case |= {"idh": UNKNOWN, "1p19q": UNKNOWN}


def _check_listed_once(cases, table):
    counts = Counter(row["case"] for row in cases)
    case, count = counts.most_common(1)[0]
    if count > 1:
        raise BadInput(
            f"expected each case once, found {case} {count} times in {table}, "
            "keep one row for each patient"
        )
    check_no_twins(counts, table)
