"""Contents of a cohort's report: included and excluded cases, and the metrics of each step."""

from collections import Counter
from urllib.parse import quote

import pandas as pd

from glioma_uq.cohorts.collection import STEPS
from glioma_uq.quality.metrics import (
    METRICS,
    between,
    limit_of,
    numbers_of,
    outside,
    overview,
    series_and_ending,
)
from glioma_uq.report.cohort_summary import about_cases, counted, excluded_rows

NOT_MEASURED = {"text": "", "value": "", "outside": ""}
OTHER = "other"  # the step of a metric that has no text of its own


def from_tables(cohort, cases, excluded, quality, limits):
    """Return the texts of the page, by the names of its template.

    Args:
        cohort: its name.
        cases, excluded, quality: the cohort's tables.
        limits: the config's limits of metrics.
    """
    return {
        "cohort": cohort,
        "sentence": sentence(len(cases), excluded["case"].nunique()),
        "facts": about_cases(cases, excluded, cohort),
        "excluded": excluded_rows(excluded),
        "is_one": len(quality) == 1,
        "steps": quality_by_step(quality),
        "overview": every_case(cases, excluded, quality, limits),
    }


def every_case(cases, excluded, quality, limits):
    """Return {heads, rows} of the overview: a row for each case, excluded ones first.

    A row is {case, sheet, step, reason, cells}; a cell is {text, value, outside}, for several
    series of the worst value or the one outside its limits, which `outside` then names.
    """
    measured = {row["case"]: row for row in quality.to_dict("records")}
    reasons = [tuple(row) for row in excluded_rows(excluded)]
    rows = [*reasons, *((case, "", "") for case in cases["case"])]
    shown = [metrics_of_case(measured.get(case, {}), limits) for case, *_ in rows]
    columns = [name for name in METRICS if any(name in metrics for metrics in shown)]
    return {
        "heads": [(METRICS[name].head, METRICS[name].text) for name in columns],
        "rows": [
            {
                "case": case,
                "sheet": f"figures/{quote(case)}.png",
                "step": step,
                "reason": reason,
                "cells": [metrics.get(name, NOT_MEASURED) for name in columns],
            }
            for (case, step, reason), metrics in zip(rows, shown, strict=True)
        ],
    }


def metrics_of_case(row, limits):
    """Return {ending: cell} of one row of quality.csv."""
    metrics = {name: value for name, value in row.items() if name != "case" and value == value}
    shown = {name: (column, value) for name, (column, value) in overview(metrics).items()}
    for column in outside(metrics, limits):
        ending = series_and_ending(column)[1]
        if ending in shown:
            shown[ending] = column, METRICS[ending].worst(numbers_of(metrics[column]))
    is_out = set(outside(metrics, limits))
    return {
        ending: {
            "text": plain(value),
            "value": value,
            "outside": _limits_in_words(column, limits) if column in is_out else "",
        }
        for ending, (column, value) in shown.items()
    }


def _limits_in_words(column, limits):
    _, low, high = limit_of(column, limits)
    return f"{column}: expected {between(low, high).removeprefix('of ')}"


def sentence(taking_part, left_out):
    """Return a sentence on the number of cases that take part."""
    verb = "takes" if taking_part == 1 else "take"
    rest = f"{left_out} of {taking_part + left_out} left out" if left_out else "none is left out"
    return f"{counted(taking_part, 'case')} {verb} part, {rest}."


def step_and_text(column):
    """Return (step, description) of a column of quality.csv."""
    series, ending = series_and_ending(column)
    if ending not in METRICS:
        return OTHER, column
    step, text = METRICS[ending][:2]
    return step, f"{series.upper()}: {text}" if series else text


def quality_by_step(quality):
    """Return {name, head, rows} of each step with metrics, in the order of the steps."""
    columns = {step: {} for step in (*STEPS, OTHER)}
    for column in quality.columns.drop("case"):
        step, text = step_and_text(column)
        columns[step][column] = text
    return [
        {
            "name": step.replace("_", " ").capitalize(),
            "head": ["Metric", "n", *(["Value"] if len(quality) == 1 else ["Median", "Range"])],
            "rows": [metric_row(text, quality[column]) for column, text in texts.items()],
        }
        for step, texts in columns.items()
        if texts
    ]


def metric_row(text, values):
    """Return description, n, median and range; for texts, the commonest one."""
    known = values.dropna()
    if known.empty:
        summary = ("not measured", "–")
    elif pd.api.types.is_numeric_dtype(known):
        summary = (plain(known.median()), f"{plain(known.min())} to {plain(known.max())}")
    else:
        commonest, count = Counter(known).most_common(1)[0]
        summary = (commonest, f"{count} of {len(known)}")
    return (text, len(known), *(summary if len(values) > 1 else summary[:1]))


def plain(value):
    """Return a number with four significant digits and a true minus, or a text unchanged."""
    return value if isinstance(value, str) else f"{value:.4g}".replace("-", "−")
