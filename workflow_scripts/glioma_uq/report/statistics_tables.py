"""Contents of the report from the statistics: selected cell, findings, warnings, tables."""

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
TABLES = {  # name: (title, description)
    "classification": ("Classification", "All measures of the three tasks."),
    "segmentation": ("Segmentation", "All measures of the segmentation."),
    "rank_tests": (
        "Rank tests",
        "Mann-Whitney U of total uncertainty, bad against good predictions; AUROC is the chance "
        "that a bad one is more uncertain, rank-biserial is 2 AUROC − 1.",
    ),
    "differences": (
        "Differences between rates",
        "Each dropout rate minus the selected one, paired by case.",
    ),
    "subgroups": ("Subgroups", "The measures by source and by third of tumour sizes."),
    "recalibration": (
        "Recalibration",
        "Probabilities as predicted (raw), and recalibrated by a temperature or prior fitted on "
        "validation cases.",
    ),
    "conformal": (
        "Prediction sets",
        "Sets of classes that should hold the true one in 1 − alpha of the cases, with thresholds "
        "from validation cases: their coverage and size.",
    ),
    "mask_control": (
        "Masks that miss little",
        "A threshold of tumour probability, set on validation cases so that at most the share "
        "alpha of the tumour is missed.",
    ),
    "posterior_truth": (
        "Against the phantom’s truth",
        "Measured and true calibration error, distance to the true probabilities, aleatoric "
        "uncertainty and the entropy of the truth.",
    ),
    "overlap": (
        "Overlap of regions",
        "Dice, true and false positive rates of each region, by groups of cases (by the size of "
        "their enhancing tumour), as predicted and with the few-voxels rule.",
    ),
    "overlap_tests": (
        "Paired tests of overlap",
        "Each network minus the first, and each network with the rule minus itself without.",
    ),
    "lesions": (
        "Lesions",
        "Connected components of each region: the share found, their Dice, false ones per case.",
    ),
    "uncertainty_by_size": (
        "Uncertainty by size",
        "Uncertainty by the size of the enhancing tumour, and how well it detects missed ones.",
    ),
    "uncertainty_by_size_differences": (
        "Uncertainty by size, differences",
        "The same, each network minus the first.",
    ),
    "size_sensitivity": (
        "The same tumour in several sizes",
        "Overlap at each scale, minus that at the largest, and minus the first network’s.",
    ),
    "table_1": ("Table 1", "Enhancing tumours below 2,000 mm³, quoted and measured."),
    "table_2": ("Table 2", "Enhancing tumours below 1,000 mm³, quoted and measured."),
    "table_3": ("Table 3", "Dice of the three regions, quoted and measured."),
    "selection": ("Selection of the cell", "How the rate and passes were selected."),
}
WHOLE = ("differences", "selection", "table_1", "table_2", "table_3")  # shown with all their cells
MOST_ROWS = 1500  # more would slow the page; the CSV file has all


def how_selected(selection):
    """Return how the cell was selected."""
    row = selection[selection["item"] == "choice"].iloc[0]
    if row["rule"] == "fixed":
        text = "set in the config"
    else:
        text = (
            f"selected by {RULES[row['rule']]} on {row['cases']} cases: the rate of lowest mean "
            "rank over the tasks, then the smallest T from which its uncertainties have settled"
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
    """Return "8 claims of the paper: 3 seen, 5 undecided at this n." or the like."""
    counts = findings["verdict"].value_counts()
    order = ["seen", "not seen", "undecided at this n", "undecided"]
    texts = [f"{counts[verdict]} {verdict}" for verdict in order if verdict in counts]
    return f"{len(findings)} claims of the paper: {', '.join(texts)}."


def warnings(tables, rate, passes):
    """Return warnings about the intervals."""
    texts = []
    selection = tables.get("selection")
    if selection is not None and selection["exploratory"].astype(str).eq("True").any():
        texts.append(
            "The cell was selected on the same test cases that give its results: they are "
            "exploratory, and better than on new cases."
        )
    classification = tables.get("classification")
    if classification is None:
        return texts + missing_intervals(tables, rate, passes)
    if (classification["measure"] == "ece").any():
        texts.append(
            "Intervals of the calibration error (ECE) do not have their nominal coverage: "
            "resampling adds to an estimate that is already biased upwards. Compare the ECE with "
            "the band of perfect calibration in its figure, and see the debiased estimate."
        )
    smallest = classification.loc[classification["measure"] == "auc", "n"].min()
    if smallest < 100:
        texts.append(
            f"With {smallest:.0f} cases, intervals cover slightly less than their nominal level; "
            "docs/methods.md tabulates their coverage in simulated cohorts."
        )
    return texts + missing_intervals(tables, rate, passes)


def missing_intervals(tables, rate, passes):
    """Return a sentence for each missing interval at the selected cell, with the reason."""
    texts = []
    for name in ("classification", "segmentation", "rank_tests"):
        table = tables.get(name)
        if table is None or "reason" not in table:
            continue
        rows = at_selected(table, rate, passes)
        for row in rows[~rows["reason"].map(_is_blank)].itertuples():
            what = getattr(row, "measure", "rank test")
            texts.append(f"{TASK_NAMES[row.task]}, {what}: no interval, {row.reason}.")
    return texts


def at_selected(table, rate, passes):
    """Return the rows of the selected cell, or all rows of a table without cells."""
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
        rows = table if name in WHOLE else at_selected(table, rate, passes)
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
    """Return {text, value, is_number}: four digits to show, and the full value to sort by."""
    if _is_blank(value):
        return {"text": "", "value": "", "is_number": False}
    if isinstance(value, float | np.floating):
        text = f"{value:.4g}" if value % 1 else f"{value:.0f}"
        return {"text": text.replace("-", "−"), "value": repr(float(value)), "is_number": True}
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return {"text": IN_TEXT.get(str(value), str(value)), "value": str(value),
            "is_number": is_number}  # fmt: skip


def _ours(row):
    """Return our value with its interval, or a text unchanged."""
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
