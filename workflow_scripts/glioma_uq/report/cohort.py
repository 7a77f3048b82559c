"""Contents of a cohort's report: included and excluded cases, and the metrics of each step."""

from urllib.parse import quote

import pandas as pd

from glioma_uq.cohorts.collection import STEPS
from glioma_uq.figures.cells import TASK_NAMES
from glioma_uq.figures.words import class_counts, format_number
from glioma_uq.plurals import counted
from glioma_uq.quality.metrics import (
    METRICS,
    between,
    imputed_note,
    limit_of,
    overview,
    series_and_ending,
)
from glioma_uq.statistics.subgroups import NO_SOURCE
from glioma_uq.tasks import TASKS

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
        "imputed": imputed_rows(cases),
        "is_one": len(quality) == 1,
        "steps": quality_by_step(quality),
        "overview": every_case(cases, excluded, quality, limits),
    }


def sentence(taking_part, left_out):
    """Return a sentence on the number of cases that take part."""
    verb = "takes" if taking_part == 1 else "take"
    rest = f"{left_out} of {taking_part + left_out} left out" if left_out else "none is left out"
    return f"{counted(taking_part, 'case')} {verb} part, {rest}."


def about_cases(cases, excluded, cohort, tasks=TASKS):
    """Return [(name, text)]: numbers of cases, their sources, and known labels of `tasks`."""
    sources = cases["source"].fillna(NO_SOURCE).value_counts().sort_index()
    left_out = 0 if excluded is None else excluded["case"].nunique()
    facts = [
        ("Cohort", f"{cohort}: {counted(len(cases), 'case')}"),
        ("Left out", counted(left_out, "case")),
        ("Sources", ", ".join(f"{source} {n}" for source, n in sources.items())),
    ]
    if incomplete := imputed_rows(cases):
        facts.append(("With missing series", counted(len(incomplete), "case")))
    return facts + [about_labels(cases[task], task) for task in TASKS if task in tasks]


def about_labels(labels, task):
    """Return (name, text) of how many cases have a known label of a task, and of which class."""
    counts = {label: (labels == label).sum() for label in TASKS[task]}
    known = f"{sum(counts.values())} of {len(labels)}: {class_counts(task, counts)}"
    return f"{TASK_NAMES[task]} known", known


def excluded_rows(excluded):
    """Return [case, step, reason] of each excluded case; None without such a table."""
    if excluded is None:
        return None
    return excluded[["case", "step", "reason"]].fillna("").to_numpy().tolist()


def imputed_rows(cases):
    """Return [case, note] of each case with missing series.

    `cases`: the manifest, None if there is none.
    """
    if cases is None:
        return []
    incomplete = cases.dropna(subset="imputed")
    return [
        [row.case, imputed_note(row.imputed.split())] for row in incomplete.itertuples(index=False)
    ]


def quality_by_step(quality):
    """Return {name, head, rows} of each step with metrics, in the order of the steps."""
    rows = {step: [] for step in (*STEPS, OTHER)}
    for column in quality.columns.drop("case"):
        step, text = step_and_text(column)
        rows[step].append(metric_row(text, quality[column]))
    head = ["Metric", "n", *(["Value"] if len(quality) == 1 else ["Median", "Range"])]
    return [
        {"name": step.replace("_", " ").capitalize(), "head": head, "rows": of_step}
        for step, of_step in rows.items()
        if of_step
    ]


def step_and_text(column):
    """Return (step, description) of a column of quality.csv."""
    series, ending = series_and_ending(column)
    if ending not in METRICS:
        return OTHER, column
    step, text = METRICS[ending][:2]
    return step, f"{series.upper()}: {text}" if series else text


def metric_row(text, values):
    """Return description, n, median and range; for texts, the commonest one."""
    known = values.dropna()
    if known.empty:
        summary = ("not measured", "–")
    elif pd.api.types.is_numeric_dtype(known):
        summary = (plain(known.median()), f"{plain(known.min())} to {plain(known.max())}")
    else:
        counts = known.value_counts()
        summary = (counts.index[0], f"{counts.iloc[0]} of {len(known)}")
    return (text, len(known), *(summary if len(values) > 1 else summary[:1]))


def plain(value):
    """Return a number with four significant digits, or all before the point."""
    return format_number(value, ".4g" if abs(value) < 10_000 else ",.0f")


def every_case(cases, excluded, quality, limits):
    """Return {heads, rows} of the overview: a row for each case, excluded ones first.

    A row is {case, sheet, step, reason, cells}, the reason that of its exclusion or its imputed
    series, its sheet empty where no step has seen the case, which has no folder; a cell is {text,
    value, outside}, for several series of the worst value, which `outside` names with its limits
    if it is outside them.
    """
    measured = {row["case"]: row for row in quality.to_dict("records")}
    notes = dict(imputed_rows(cases))
    included = ([case, "", notes.get(case, "")] for case in cases["case"])
    rows = [*excluded_rows(excluded), *included]
    shown = [metrics_of_case(measured.get(case, {}), limits) for case, *_ in rows]
    columns = [name for name in METRICS if any(name in metrics for metrics in shown)]
    blank = {"text": "", "value": "", "outside": ""}
    return {
        "heads": [(METRICS[name].head, METRICS[name].text) for name in columns],
        "rows": [
            {
                "case": case,
                "sheet": f"figures/{quote(case)}.png" if case in measured else "",
                "step": step,
                "reason": reason,
                "cells": [metrics.get(name, blank) for name in columns],
            }
            for (case, step, reason), metrics in zip(rows, shown, strict=True)
        ],
    }


def metrics_of_case(row, limits):
    """Return {ending: cell} of one row of quality.csv."""
    cells = {}
    for ending, (column, value, is_outside) in overview(row, limits).items():
        cells[ending] = {"text": plain(value), "value": value, "outside": ""}
        if is_outside:
            _, low, high = limit_of(column, limits)
            cells[ending]["outside"] = f"{column}: expected {between(low, high)}"
    return cells
