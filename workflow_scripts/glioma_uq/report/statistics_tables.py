"""What the report says of the tables of statistics: choice, findings, warnings, tables to sort."""

import numpy as np
import pandas as pd

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES
from glioma_uq.report.verdict import number, with_interval

TASKS_IN_TABLES = {**TASK_NAMES, "all": "all tasks"}
RULES = {
    "nll": "the negative log likelihood",
    "brier": "the Brier score",
    "ece": "the calibration error",
    "nll-dice": "the negative log likelihood and Dice",
    "paper": "the calibration error",
}
TABLES = {  # name: (title, what it holds)
    "classification": ("Classification", "All measures of the three tasks."),
    "segmentation": ("Segmentation", "All measures of the segmentation."),
    "rank_tests": (
        "Rank tests",
        "Mann-Whitney U of total uncertainty, bad against good predictions; AUROC is the chance "
        "that a bad one is the more uncertain, rank-biserial 2 AUROC − 1.",
    ),
    "differences": (
        "Differences between rates",
        "Each dropout rate minus the chosen one, paired by case.",
    ),
    "subgroups": ("Subgroups", "The measures by source and by third of tumour sizes."),
    "recalibration": (
        "Recalibration",
        "Probabilities as they are (raw), and mended by temperature or prior fitted on validation "
        "cases.",
    ),
    "conformal": (
        "Prediction sets",
        "Sets of classes that should hold the truth in 1 − alpha of the cases, with limits from "
        "validation cases: how often they do, and how large they are.",
    ),
    "mask_control": (
        "Masks that miss little",
        "A threshold of the tumour’s probability, set on validation cases so that at most the "
        "share alpha of the tumour is missed.",
    ),
    "posterior_truth": (
        "Against the phantom’s truth",
        "Measured and true calibration error, distance to the true probabilities, aleatoric "
        "uncertainty and the entropy of the truth.",
    ),
    "overlap": (
        "Overlap of regions",
        "Dice, true and false positive rates of each region, by groups of cases (by the size of "
        "their enhancing tumour), as predicted and with the rule that few voxels become core.",
    ),
    "overlap_tests": (
        "Paired tests of overlap",
        "Every network minus the first, and every network with the rule minus itself without.",
    ),
    "lesions": (
        "Lesions",
        "Connected parts of each region: which share is found, their Dice, false ones per case.",
    ),
    "uncertainty_by_size": (
        "Uncertainty by size",
        "Uncertainty by the size of the enhancing tumour, and how well it finds missed ones.",
    ),
    "uncertainty_by_size_differences": (
        "Uncertainty by size, differences",
        "The same, every network minus the first.",
    ),
    "size_sensitivity": (
        "The same tumour in several sizes",
        "Overlap at each scale, minus that at the largest, and minus the first network’s.",
    ),
    "table_1": ("Table 1", "Enhancing tumours below 2,000 mm³, quoted and measured."),
    "table_2": ("Table 2", "Enhancing tumours below 1,000 mm³, quoted and measured."),
    "table_3": ("Table 3", "Dice of the three regions, quoted and measured."),
    "selection": ("Choice of the cell", "What rate and passes were chosen by."),
}
WHOLE = ("differences", "selection", "table_1", "table_2", "table_3")  # shown with all their cells
MOST_ROWS = 1500  # more make a page slow; the file has them all


def how_chosen(selection):
    """Return the sentence that says how the chosen cell came about."""
    row = selection[selection["item"] == "choice"].iloc[0]
    if row["rule"] == "fixed":
        text = "set in the config"
    else:
        text = (
            f"chosen by {RULES[row['rule']]} on {row['cases']} cases: the rate of lowest mean "
            "rank over the tasks, then the least T from which its uncertainties have settled"
        )
    if not bool(row["value"]):
        text += "; at this T not every mean uncertainty has settled"
    return text


def finding_rows(findings):
    """Return {claim, task, theirs, ours, verdict, kind, n, how} of each finding, as texts."""
    return [
        {
            "claim": row.claim,
            "task": TASKS_IN_TABLES.get(row.task, row.task),
            "theirs": _text(row.theirs),
            "ours": _ours(row),
            "verdict": row.verdict,
            "kind": row.verdict.replace(" ", "-"),
            "n": f"{row.n:.0f}",
            "how": row.how if _is_blank(row.reason) else f"{row.how} Undecided: {row.reason}.",
        }
        for row in findings.itertuples()
    ]


def count_verdicts(findings):
    """Return "3 seen, 2 not seen, 5 undecided at this n" in one sentence."""
    counts = findings["verdict"].value_counts()
    order = ["seen", "not seen", "undecided at this n", "undecided"]
    told = [f"{counts[verdict]} {verdict}" for verdict in order if verdict in counts]
    return f"Of {len(findings)} claims of the paper: {', '.join(told)}."


def warnings(tables, rate, passes):
    """Return the sentences that a reader must know before believing an interval."""
    texts = []
    selection = tables.get("selection")
    if selection is not None and selection["exploratory"].astype(str).eq("True").any():
        texts.append(
            "The cell was chosen on the same test cases that its numbers are from: they are "
            "exploratory, and better than they would be on new cases."
        )
    classification = tables.get("classification")
    if classification is None:
        return texts + refusals(tables, rate, passes)
    if (classification["measure"] == "ece").any():
        texts.append(
            "Intervals of the calibration error (ECE) do not hold what they promise: resampling "
            "adds to an error that is biased upwards already. Read the ECE against the band of "
            "perfect calibration in figure 3, and the debiased estimate in the tables."
        )
    smallest = classification.loc[classification["measure"] == "auc", "n"].min()
    if smallest < 100:
        texts.append(
            f"With {smallest:.0f} cases, intervals hold the truth a little less often than they "
            "say; docs/methods.md tabulates how often, measured on simulated cohorts."
        )
    return texts + refusals(tables, rate, passes)


def refusals(tables, rate, passes):
    """Return a sentence for each reason for which intervals at the chosen cell were refused."""
    texts = []
    for name in ("classification", "segmentation", "rank_tests"):
        table = tables.get(name)
        if table is None or "reason" not in table:
            continue
        rows = at_chosen(table, rate, passes)
        for row in rows[~rows["reason"].map(_is_blank)].itertuples():
            what = getattr(row, "measure", "rank test")
            texts.append(f"{TASK_NAMES[row.task]}, {what}: no interval, {row.reason}.")
    return texts


def at_chosen(table, rate, passes):
    """Return the rows of the chosen cell, all rows of a table that has no cells."""
    if not {"rate", "passes"} <= set(table.columns):
        return table
    return table[np.isclose(table["rate"], rate) & (table["passes"] == passes)]


def sortable_tables(tables, rate, passes):
    """Return {name, title, text, head, rows, left_out} of each table that the study has."""
    shown = []
    for name, (title, text) in TABLES.items():
        table = tables.get(name)
        if table is None or table.empty:
            continue
        rows = table if name in WHOLE else at_chosen(table, rate, passes)
        rows = rows.replace("", np.nan).dropna(axis="columns", how="all")
        shown.append(
            {
                "name": name,
                "title": title,
                "text": text,
                "is_whole": name in WHOLE,
                "head": list(rows.columns),
                "rows": [[cell(value) for value in row] for row in rows.head(MOST_ROWS).to_numpy()],
                "left_out": max(len(rows) - MOST_ROWS, 0),
            }
        )
    return shown


def cell(value):
    """Return {text, value} of one cell: numbers with four digits, and all of them to sort by."""
    if _is_blank(value):
        return {"text": "", "value": "", "is_number": False}
    if isinstance(value, float | np.floating):
        text = f"{value:.4g}" if value % 1 else f"{value:.0f}"
        return {"text": text.replace("-", "−"), "value": repr(float(value)), "is_number": True}
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return {"text": IN_TEXT.get(str(value), str(value)), "value": str(value),
            "is_number": is_number}  # fmt: skip


def _ours(row):
    """Return ours with its interval; a text as it is."""
    try:
        value = float(row.ours)
    except ValueError:
        return str(row.ours)
    return "–" if np.isnan(value) else with_interval(value, row.low, row.high)


def _text(value):
    if isinstance(value, float):
        return number(value)
    return str(value).replace("-", "−") if str(value).startswith("-") else str(value)


def _is_blank(value):
    return value == "" or pd.isna(value)
