"""The table of selected series: written for review, edited by the user, and read again."""

import pandas as pd

from glioma_uq.case_names import check_uid, closest
from glioma_uq.cohorts.series import DICOM_COLUMNS, choose_series, why_missing
from glioma_uq.cohorts.sources import read_reviewed
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.tables import write_table
from glioma_uq.text_tables import check_named_once
from glioma_uq.texts import composed, kept_text

FIRST_COLUMNS = (
    "case", "modality", "reason", "look", "StudyDate", "SeriesNumber", "SeriesDescription",
    "instances", "size_MB",
)  # fmt: skip
NEEDED = ("case", "modality", "SeriesInstanceUID")


def select(table, cases, modalities, rules):
    """Return the rows of `cases` in an archive's `table` with modality and reason.

    A case that is not in the archive gets one row with that reason.
    """
    texts = {name: table[name].map(kept_text) for name in DICOM_COLUMNS if name in table}
    table = table.assign(case=table.case.map(composed, na_action="ignore"), **texts)
    there = set(table.case)
    chosen = choose_series(table[table.case.isin(cases)], modalities, rules)
    absent = [
        {
            "case": case,
            "modality": "",
            "reason": f"expected a patient {case} in the collection, found none"
            f"{closest(case, sorted(there))}, correct its row",
        }
        for case in cases
        if case not in there
    ]
    return pd.concat([chosen, pd.DataFrame(absent)], ignore_index=True) if absent else chosen


def write_series(path, table):
    """Write a table of series as CSV, with the most important columns first."""
    first = [name for name in FIRST_COLUMNS if name in table]
    write_table(table[[*first, *table.columns.difference(first, sort=False)]], path)


def read_series(path, also=()):
    """Return a table of series, all text; raise BadInput for a missing column or an invalid UID.

    `also`: required columns besides case, modality and SeriesInstanceUID.
    """
    header, rows = read_reviewed(path)
    table = pd.DataFrame(rows, columns=list(dict.fromkeys(header)), dtype=str)
    for column in (*NEEDED, *also):
        if column not in table:
            raise BadInput(
                f"expected a column {column} in {path}, found {', '.join(table.columns)}, "
                "start from a copy of results/cohorts/*/series.csv"
            )
        check_named_once(column, header, path)
    for uid in filter(None, table.SeriesInstanceUID):
        check_uid(uid, path)
    reason = table.get("reason", "by the reviewed table")
    return table.assign(reason=reason, look=table.get("look", ""))


def rows_of(table, case, path):
    """Return the rows of one case; raise BadCase if there is none or none is a series."""
    rows = table[table.case == case]
    if rows.empty:
        raise BadCase(f"expected series of {case} in {path}, found no row, add one for each series")
    if not rows.SeriesInstanceUID.any():
        raise BadCase(rows.reason.iloc[0])
    return rows


def taken(rows, modalities, may_lack=()):
    """Return {modality: row} of the selected series of one case; raise BadCase for none or two.

    Modalities of `may_lack` without a series are left out.
    """
    chosen = {}
    for modality in modalities:
        named = rows[rows.modality == modality]
        if len(named) > 1:
            raise BadCase(
                f"expected one series as {modality}, found {len(named)} "
                f"({', '.join(named.SeriesInstanceUID)}), keep one"
            )
        if len(named):
            chosen[modality] = named.iloc[0]
        elif modality not in may_lack:
            raise BadCase(why_missing(rows, modality))
    return chosen


def as_reviewed(found, rows):
    """Return the series `found` in a folder with modality and reason of the reviewed `rows`.

    Rows of series that are not in the folder follow, since only selected series are
    downloaded; a selected one without files raises BadCase.
    """
    decided = rows.set_index("SeriesInstanceUID")[["modality", "reason", "look"]]
    joined = found.join(decided, on="SeriesInstanceUID")
    joined = joined.fillna({"modality": "", "reason": "not in the table of series", "look": ""})
    others = rows[~rows.SeriesInstanceUID.isin(found.SeriesInstanceUID)]
    if len(lost := others[others.modality != ""]):
        raise BadCase(
            f"expected the series {lost.SeriesInstanceUID.iloc[0]} as {lost.modality.iloc[0]}, "
            "found no files, correct the table of series"
        )
    return pd.concat([joined, others[others.columns.intersection(joined.columns)]])
