"""Selection of T1, T1CE, T2 and FLAIR among a patient's MR series, with a reason for each series.

All functions work on a table with one row for each series (from the index or the answer of an
archive, or from the headers in a folder) and open no file. Required columns: case,
SeriesInstanceUID, SeriesDescription, StudyDate (YYYYMMDD, with or without dashes), instances.
Used if present: Modality, SeriesNumber, ImageType, ContrastBolusAgent, plane, slices, volumes, and
problem ("" or a sentence).
"""

import re
from datetime import date
from functools import cache
from itertools import groupby

import pandas as pd

from glioma_uq.cohorts.contrast_words import CONTRAST, WITHOUT, in_small_words
from glioma_uq.cohorts.recognition import (
    agent_of,
    merged,
    number_of,
    recognise,
    slices_of,
    text_of,
)

# The columns of archives that are named as in DICOM.
DICOM_COLUMNS = ("StudyDate", "SeriesNumber", "SeriesDescription", "Modality")
DICOM_COLUMNS += ("SeriesInstanceUID", "StudyInstanceUID")
CHOSEN = ["modality", "reason", "look"]
COPIES = r"\b(repeat|rpt|motion|old|nd|surg\w*nav\w*|dynasuite)\b|surgicalnavigation"
BY_ORDER = ("came first", "comes first by its UID", "is the same")
MANY_SLICES = 100  # with this many, slices are thin in any plane


def choose_series(table, modalities, changes=None):
    """Return `table` with the columns modality ("" = not used), reason and look.

    A series is recognised by the words of its own row (`recognise`). Where no T1 of a study is
    named as one with contrast, the agent in headers (`by_agent`) and the order of the series
    (`after_contrast`) tell; `look` says so for a selected series, since both can be wrong. Then the
    series of a case are compared with each other (`decide`); `look` also names a T1CE that nothing
    but its place sets apart from another. `changes` updates RULES, see `merged`.
    """
    rules = merged(changes or {})
    rows = [{**row, **_start(row, rules)} for row in table.to_dict("records")]
    for _, case in groupby(sorted(rows, key=lambda row: str(row["case"])), lambda row: row["case"]):
        case = list(case)
        for day in {row["day"] for row in case}:
            study = [row for row in case if row["day"] == day]
            by_agent(study)
            if rules["contrast_by_order"]:
                after_contrast(study)
        decide([row for row in case if row["modality"]], modalities, rules["days_apart"])
        for row in case:
            row["look"] = row["look"] if row["modality"] else ""
    chosen = [[row[name] for name in CHOSEN] for row in rows]
    columns = pd.DataFrame(chosen, columns=CHOSEN, index=table.index)
    return pd.concat([table.drop(columns=CHOSEN, errors="ignore"), columns], axis=1)


def by_agent(study):
    """Relabel as T1CE, in place, T1 series whose header names a contrast agent.

    `study`: all rows of one case and date. Words go first: a T1CE by name, or a T1 that is named
    without contrast, stays what it is. An agent in every T1 is one of the examination, copied into
    all headers, and decides nothing.
    """
    t1s = [row for row in study if row["modality"] == "t1"]
    with_agent = [row for row in t1s if row["agent"] and not re.search(WITHOUT, row["words"])]
    if any(row["modality"] == "t1ce" for row in study) or len(with_agent) == len(t1s):
        return
    for row in with_agent:
        row["modality"] = "t1ce"
        row["reason"] = f"T1 by {row['words']!r}, with the agent {row['agent']!r} in its header"
        row["look"] = "contrast by its header alone"


def after_contrast(study):
    """Relabel as T1CE, in place, T1 series that were scanned after the contrast agent.

    Many protocols give T1 and T1CE the same name. `study`: all rows of one case and date.
    Only studies with several T1 and no named T1CE count. A later T1 becomes T1CE if the
    first is named "pre", if a perfusion series (a bolus) lies between them, or if both have
    the same name and T2 or FLAIR lies between them.
    """
    # ASSUME: series are numbered in the order of scanning.
    t1s = sorted((row for row in study if row["modality"] == "t1"), key=_order)
    if len(t1s) < 2 or any(row["modality"] == "t1ce" for row in study):
        return
    first = t1s[0]
    for row in t1s[1:]:
        between = [other for other in study if _order(first) < _order(other) < _order(row)]
        if evidence := _evidence(first, row, between):
            row["modality"] = "t1ce"
            row["reason"] = f"T1 by {row['words']!r}, with contrast by its place: {evidence}"
            row["look"] = "contrast by its place among the series alone"


def _evidence(first, row, between):
    """Return "" or the evidence that a T1 was scanned after the contrast agent."""
    place = f"number {_order(row):g}, after number {_order(first):g}"
    if re.search(WITHOUT, first["words"]) and not re.search(WITHOUT, row["words"]):
        return f"{place}, which is named without contrast"
    if any(other["reason"].startswith("perfusion") for other in between):
        return f"{place} and a perfusion series"
    if row["words"] == first["words"] and any(o["modality"] in ("t2", "flair") for o in between):
        return f"{place} of the same name and others"
    return ""


def decide(rows, modalities, days_apart):
    """Select one series for each modality, in place, among the recognised `rows` of one case.

    The date with the most modalities counts, or the first of several, since a later one may
    follow surgery. Missing modalities may come from a study within `days_apart` days.
    """
    wanted = [row for row in rows if row["modality"] in modalities]
    by_day = {}
    for row in wanted:
        by_day.setdefault(row["day"], set()).add(row["modality"])
    main = min(by_day, key=lambda day: (-len(by_day[day]), day), default="")
    for modality in {row["modality"] for row in rows}:
        series = [row for row in rows if row["modality"] == modality]
        near = [row for row in series if days_between(row["day"], main) <= days_apart]
        here = [row for row in near if row["day"] == main] or near
        here.sort(key=lambda row: (days_between(row["day"], main), *rank(row, modality).values()))
        if modality == "t1ce" and len(here) > 1 and _advantage(*here[:2], modality) in BY_ORDER:
            here[0]["look"] = "; ".join(filter(None, [here[0]["look"], "the first of several"]))
        for row in series:
            row["modality"], row["reason"] = _verdict(row, modality, modalities, here, main)


def _verdict(row, modality, modalities, here, main):
    """Return (modality or "", reason) of one candidate; `here`: its competitors, best first."""
    if modality not in modalities:
        return "", f"{modality}, which the study does not use"
    if row not in here:
        return "", f"{modality}, but of {row['day'] or 'no date'}, not of {main}"
    best = here[0]
    if row is not best:
        return (
            "",
            f"{modality}, but {best['SeriesDescription']!r} {_advantage(best, row, modality)}",
        )
    reason = row["reason"] + (f", best of {len(here)}" if len(here) > 1 else "")
    other_day = f", of {row['day']}, since {main} has none" if row["day"] != main else ""
    return modality, reason + other_day


def rank(row, modality):
    """Return {advantage: sort key} of a candidate, the first advantage first; smaller is better."""
    return {
        "is before contrast": modality != "t1ce" and bool(re.search(CONTRAST, row["words"])),
        "has no agent in its header": modality == "t1" and bool(row["agent"]),
        "is not derived": "DERIVED" in text_of(row.get("ImageType")),
        "is no copy or repetition": bool(re.search(COPIES, row["words"])),
        "is axial": _plane(row) != "axial" and slices_of(row) < MANY_SLICES,
        "has more slices": -slices_of(row),
        "came first": _order(row),
        "comes first by its UID": text_of(row["SeriesInstanceUID"]),
    }


def _advantage(best, row, modality):
    """Return why `best` is ranked before `row`."""
    if best["day"] != row["day"]:
        return "is nearer in time"
    mine, other = rank(best, modality), rank(row, modality)
    return next((name for name in mine if mine[name] != other[name]), "is the same")


def missing_modalities(chosen, modalities):
    """Return {case: [modality, ...]} of the cases in a table by `choose_series` that lack some."""
    found = {case: set(rows) for case, rows in chosen.groupby("case").modality}
    lacking = {case: [m for m in modalities if m not in there] for case, there in found.items()}
    return {case: names for case, names in lacking.items() if names}


def why_missing(case, modality):
    """Return the sentence why a case lacks `modality`; the table `case` has all its series."""
    beginnings = [f"{modality}, but", "series_rules.never"]
    beginnings += ["with or without contrast"] if modality in ("t1", "t1ce") else []
    near = case[case.reason.str.startswith(tuple(beginnings))]
    found = [f"{row.SeriesDescription!r} ({row.reason})" for row in near.itertuples()]
    found = "; ".join(found[:3]) or f"{len(case)} series and none recognised as one"
    return (
        f"expected a {modality.upper()} series, found {found}, select one in a copy of series.csv "
        "or change series_rules"
    )


@cache
def days_between(one, other):
    """Return the days between two days as YYYYMMDD; infinite if they differ and one is no date."""
    if one == other:
        return 0
    try:
        days = [date(int(day[:4]), int(day[4:6]), int(day[6:8])) for day in (one, other)]
    except ValueError:
        return float("inf")
    return abs((days[0] - days[1]).days)


def _start(row, rules):
    modality, reason = recognise(row, rules)
    return {
        "modality": modality,
        "reason": reason,
        "look": "",
        "agent": agent_of(row),
        "words": in_small_words(text_of(row["SeriesDescription"])),
        "day": text_of(row["StudyDate"]).replace("-", ""),
    }


def _plane(row):
    """Return the plane of a series from its header or else its description; axial if unknown."""
    if plane := text_of(row.get("plane")):
        return plane
    named = re.search(r"\b(sag|cor)", row["words"])
    return {"sag": "sagittal", "cor": "coronal"}[named[1]] if named else "axial"


def _order(row):
    """Return the series number, infinity without one."""
    return number_of(row.get("SeriesNumber"), float("inf"))
