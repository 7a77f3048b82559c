"""Contents of the report from the statistics: selected cell, findings, warnings, tables."""

import re

import numpy as np
import pandas as pd

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, of_network
from glioma_uq.figures.words import format_number, joined
from glioma_uq.plurals import counted
from glioma_uq.report.verdict import with_interval
from glioma_uq.statistics.findings import LEVEL
from glioma_uq.statistics.long_tables import THESE_NETWORKS

MEASURE_NAMES = {
    "ece": "Expected calibration error",
    "ece_null": "the same for perfect probabilities at this n",
    "ece_debiased": "the same without the bias of chance",
    "ece_equal_mass": "the same, bins of equal numbers of cases",
    "nll": "Negative log likelihood (nats)",
    "brier": "Brier score (sum over classes)",
    "brier_reliability": "its reliability",
    "brier_resolution": "its resolution",
    "brier_uncertainty": "its uncertainty",
    "auc": "ROC-AUC",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "error_auroc": "AUROC of uncertainty for an error",
    "aurc": "Area under the risk-coverage curve",
    "predictive": "Predictive uncertainty (nats)",
    "aleatoric": "Aleatoric uncertainty (nats)",
    "epistemic": "Epistemic uncertainty (nats)",
    "given_predictive": "Total uncertainty as given",
    "given_aleatoric": "Aleatoric uncertainty as given",
    "given_epistemic": "Epistemic uncertainty as given",
    "predictive_corrected": "Predictive uncertainty without the bias of few passes (nats)",
    "epistemic_corrected": "Epistemic uncertainty without the bias of few passes (nats)",
    "dice": "Dice",
    "hd95_mm": "Hausdorff distance, 95th percentile (mm)",
    "background_probability": "Mean probability of tumour outside it",
    "rho_brain": "Pearson ρ with Dice, brain",
    "rho_brain_within_folds": "the same within folds and seeds",
    "rho_brain_minus_within": "pooled minus within folds and seeds",
    "rho_tumour": "Pearson ρ with Dice, predicted tumour",
    "rho_tumour_within_folds": "the same within folds and seeds",
    "rho_tumour_minus_within": "pooled minus within folds and seeds",
    "rho_tumour_with_empty": "the same, empty tumours ranked most uncertain",
    "spearman_brain": "Spearman ρ with Dice, brain",
    "spearman_tumour": "Spearman ρ with Dice, predicted tumour",
    "partial_rho_brain": "Pearson ρ given log volume, brain",
    "partial_rho_tumour": "Pearson ρ given log volume, predicted tumour",
    "aurc_brain": "Area under the risk-coverage curve, brain",
    "aurc_tumour": "Area under the risk-coverage curve, predicted tumour",
    "voxel_ece_brain": "Voxels’ calibration error, brain",
    "voxel_ece_dilated": "Voxels’ calibration error, tumour and its rim",
    "predictive_brain": "Predictive uncertainty, brain (nats)",
    "aleatoric_brain": "Aleatoric uncertainty, brain (nats)",
    "epistemic_brain": "Epistemic uncertainty, brain (nats)",
    "predictive_corrected_brain": "Predictive uncertainty without the bias of few passes, brain "
    "(nats)",
    "epistemic_corrected_brain": "Epistemic uncertainty without the bias of few passes, brain "
    "(nats)",
    "predictive_tumour": "Predictive uncertainty, predicted tumour (nats)",
    "aleatoric_tumour": "Aleatoric uncertainty, predicted tumour (nats)",
    "epistemic_tumour": "Epistemic uncertainty, predicted tumour (nats)",
    "predictive_corrected_tumour": "Predictive uncertainty without the bias of few passes, "
    "predicted tumour (nats)",
    "epistemic_corrected_tumour": "Epistemic uncertainty without the bias of few passes, "
    "predicted tumour (nats)",
    "empty_tumour": "Share of cases without a predicted tumour",
}
RULES = {
    "nll": "the negative log likelihood",
    "brier": "the Brier score",
    "ece": "the calibration error",
    "nll-dice": "the negative log likelihood and Dice",
    "paper": "the calibration error",
}
TABLES = {
    "classification": "All measures of the tasks.",
    "segmentation": "All measures of the segmentation.",
    "rank_tests": "Mann-Whitney U of total uncertainty, bad against good predictions; AUROC is the "
    "chance that a bad one is more uncertain, rank-biserial is 2 AUROC − 1.",
    "differences": "Each dropout rate minus the selected one, paired by case.",
    "subgroups": "The measures by source, by third of tumour sizes, and by whether a missing "
    "series is imputed.",
    "recalibration": "Probabilities as predicted (raw), and recalibrated by a temperature or prior "
    "fitted on validation cases.",
    "conformal": "Prediction sets: sets of classes that should hold the true one in 1 − alpha of "
    "the cases, with thresholds from validation cases: their coverage and size.",
    "mask_control": "Masks that miss little: a threshold of tumour probability, set on validation "
    "cases so that at most the share alpha of the tumour is missed.",
    "posterior_truth": "Against the phantom’s truth: measured and true calibration error, distance "
    "to the true probabilities and their AUC (Bayes), aleatoric uncertainty, the entropy of the "
    "truth, and the bias of the one from the other.",
    "overlap": "Dice, true and false positive rates of each region, by groups of cases (by the "
    "size of their enhancing tumour), as predicted and with the few-voxels rule.",
    "overlap_tests": "Each network minus the first, and each network with the rule minus itself "
    "without.",
    "lesions": "Connected components of each region: the share found, their Dice, false ones per "
    "case; brats_*: in the official one-to-one matching.",
    "uncertainty_by_size": "Uncertainty by the size of the enhancing tumour, and how well it "
    "detects missed ones.",
    "uncertainty_by_size_differences": "The same, each network minus the first.",
    "size_sensitivity": "The same tumour in several sizes: overlap at each scale, minus that at "
    "the largest, and minus the first network’s.",
    "table_1": "Enhancing tumours below 2,000 mm³, quoted and measured.",
    "table_2": "Enhancing tumours below 1,000 mm³, quoted and measured.",
    "table_3": "Dice of the three regions, quoted and measured.",
    "selection": "How the rate and passes were selected.",
    "by_seed": "The measures of each seed of training by itself: they differ by chance.",
    "training": "How each network was trained: largest activations in evaluation and in training "
    "mode on training cases, the share of dead channels, the norm of the gradient, and whether it "
    "collapsed.",
}
CROSSES = "the interval crosses the border of the claimed range"
FITTED = ("recalibration", "conformal", "mask_control")
WHOLE = ("differences", "selection", "table_1", "table_2", "table_3", "training")  # all cells
MOST_DEAD = 0.05  # channels; and how much larger activations may be in evaluation mode
MOST_GROWTH = 10
MOST_ROWS = 1500  # more would slow the page; the CSV file has all


def how_selected(selection):
    """Return how the cell was selected."""
    row = selection[selection["item"] == "selected"].iloc[0]
    if row["rule"] == "fixed":
        text = "set in the config, or its default"
    else:
        text = (
            f"selected by {RULES[row['rule']]} on {row['cases']} cases: the rate of lowest mean "
            "rank over the tasks, then the smallest T from which its uncertainties have settled"
        )
    if not bool(row["value"]):
        text += "; at this T not every mean uncertainty has settled"
    return text


def judged_findings(findings):
    """Return {sentence, level, answered, open, beyond} of the paper's claims; None without a table.

    `answered` are the claims with a verdict on a task, as of `judged_claim`, without the tasks of
    which the study has no case; `open` is [(why, claims)] of those with values alone, by the
    reason; `beyond` is [(why, names)] of those without a value, which this study cannot judge.
    `level` is that of the intervals, in per cent.
    """
    if findings is None:
        return None
    claims, beyond = [], {}
    for claim, rows in findings.groupby("claim", sort=False):
        there = rows[rows["n"] > 0]
        if there["ours"].notna().any():
            claims.append(judged_claim(there))
        else:
            beyond.setdefault(why_beyond(rows, there), []).append(capitalised(claim))
    answered = [claim for claim in claims if claim["answer"] != "undecided"]
    without = [claim for claim in claims if claim not in answered]
    reasons = dict.fromkeys(claim["why"] for claim in without)
    answers = [claim["answer"] for claim in claims]
    return {
        "sentence": _summary(answers, sum(map(len, beyond.values()))),
        "level": f"{100 * LEVEL:g}",
        "answered": answered,
        "open": [(why, [claim for claim in without if claim["why"] == why]) for why in reasons],
        "beyond": list(beyond.items()),
    }


def why_beyond(rows, there):
    """Return why a claim has no value: the study lacks its tasks, or what the reasons say."""
    if there.empty:
        return f"The study has no {joined(IN_TEXT.get(task, task) for task in rows['task'])}"
    return capitalised("; ".join(there["reason"].unique()))


def capitalised(text):
    """Return a text with a capital first letter."""
    return text[0].upper() + text[1:]


def judged_claim(rows):
    """Return {claim, how, answer, css, why, given, tasks, plot} of one claim, as texts.

    A task is {task, ours, verdict, css, n, note, interval}; its interval (low, value, high) and
    the `plot` {from, to, borders} are places from 0 to 100 on one axis for all tasks of the claim:
    `from` to `to` is the claimed range, `borders` are [(place, text)]. They are None without
    values.
    """
    first, limits = rows.iloc[0], rows[["ours", "low", "high"]].to_numpy(dtype=float)
    plotted = np.isfinite(limits).all(axis=1)
    borders = np.array([first["least"], first["greatest"]], dtype=float)
    known = borders[np.isfinite(borders)]
    place = _axis(np.concatenate([limits[plotted].ravel(), known]))
    reasons = rows["reason"].replace("", np.nan).fillna(CROSSES).unique()
    why = reasons[0] if len(reasons) == 1 else "for several reasons"
    tasks = [
        {
            "task": {**TASK_NAMES, "all": "All tasks"}.get(row.task, row.task),
            "ours": _ours(row),
            "verdict": row.verdict.removesuffix(" at this n"),
            "css": row.verdict.replace(" ", "-"),
            "n": f"{row.n:.0f}",
            "note": _note(row, why),
            "interval": [place(x) for x in (row.low, row.ours, row.high)] if is_plotted else None,
        }
        for row, is_plotted in zip(rows.itertuples(), plotted, strict=True)
    ]
    answer = _answer(rows["verdict"].tolist())
    plot = {
        "from": 0 if np.isnan(borders[0]) else place(borders[0]),
        "to": 100 if np.isnan(borders[1]) else place(borders[1]),
        "borders": [(place(x), format_number(x, "g")) for x in known],
    }
    return {
        "claim": capitalised(first["claim"]),
        "how": re.sub(r"(?<!\S)-", "−", first["how"]),
        "answer": answer,
        "css": "partly" if " of " in answer else answer.replace(" ", "-"),
        "why": capitalised(why),
        "given": (rows["given"] == THESE_NETWORKS).any(),
        "tasks": tasks,
        "plot": plot if plotted.any() else None,
    }


def _axis(values):
    """Return the function from a value to its place, 0 to 100, with room around `values`."""
    low, high = (values.min(), values.max()) if len(values) else (0, 1)
    room = 0.08 * (high - low) or 1
    return lambda x: round(float(100 * (x - low + room) / (high - low + 2 * room)), 2)


def _answer(verdicts):
    """Return the verdict on a claim from those on its tasks."""
    counts = {v: verdicts.count(v) for v in ("seen", "not seen") if v in verdicts}
    if not counts:
        return "undecided"
    if list(counts.values()) == [len(verdicts)]:
        return next(iter(counts))
    return ", ".join(f"{verdict} in {n} of {len(verdicts)} tasks" for verdict, n in counts.items())


def _note(row, why):
    """Return where rates are best, what could have been seen, and a reason other than `why`."""
    texts = [row.note] if isinstance(row.note, str) else []
    if isinstance(row.reason, str) and row.reason:
        texts += [row.reason] if row.reason != why else []
    elif row.verdict.startswith("undecided"):
        texts.append(f"could see {row.could_see}".replace("nothing", "nothing at this n"))
    return re.sub(r"(?<!\w)-(?=\d)", "−", "; ".join(filter(None, texts)))


def _summary(answers, n_beyond):
    """Return how many claims have which answer, and how many the study cannot judge."""
    whole = {a: answers.count(a) for a in ("seen", "not seen")}
    n_open = answers.count("undecided")
    counts = whole | {"partly answered": len(answers) - sum(whole.values()) - n_open,
                      "open": n_open, "beyond this study": n_beyond}  # fmt: skip
    texts = [f"{n} {answer}" for answer, n in counts.items() if n]
    return f"{len(answers) + n_beyond} claims of the paper: {', '.join(texts)}."


def training_warnings(training):
    """Return warnings about networks, from the table `training`, None if there is none."""
    if training is None:
        return []
    texts = [
        f"{row.network}, rate {row.rate:.2f}, fold {row.fold}, seed {row.seed} collapsed in "
        f"{'training' if row.attempts == 1 else f'each of {row.attempts} trainings'}: "
        f"{row.collapse}. Its cases are in all results."
        for row in training[training["collapsed"] == 1].itertuples()
    ]
    dead = f"have more than {100 * MOST_DEAD:g} % dead channels, which test cases may activate"
    larger = (
        f"have activations on training cases that are more than {MOST_GROWTH} times larger in "
        "evaluation mode than in training mode"
    )
    kinds = {
        "were trained again, since they had collapsed": (training["attempts"] > 1)
        & (training["collapsed"] == 0),
        dead: training["dead_share"] > MOST_DEAD,
        larger: training["largest_evaluation"] > MOST_GROWTH * training["largest_training"],
    }
    n = counted(len(training), "network")
    texts += [f"{found.sum()} of {n} {x}." for x, found in kinds.items() if any(found)]
    return texts


def given(tables, network):
    """Return what the intervals of a network are given, "these networks" or "".

    `tables` are long tables of all cells, None where a study has none.
    """
    texts = [text for t in tables if t is not None for text in of_network(t, network)["given"]]
    return next((text for text in texts if not pd.isna(text)), "")


def warnings(tables, rate, passes):
    """Return warnings about the intervals."""
    texts = []
    selection, classification = tables.get("selection"), tables.get("classification")
    if selection is not None and selection["exploratory"].astype(str).eq("True").any():
        texts.append(
            "The cell was selected on the same test cases that give its results: they are "
            "exploratory, and better than on new cases."
        )
    known = () if classification is None else classification[classification["n"] > 0]
    n = known.groupby("measure")["n"].min() if len(known) else {}
    if "ece" in n:
        texts.append(
            "Intervals of the calibration error (ECE) do not have their nominal coverage: "
            "resampling adds to an estimate that is already biased upwards. Compare the ECE with "
            "the band of perfect calibration in its figure, and see the debiased estimate."
        )
    if "auc" in n and n["auc"] < 100:
        texts.append(
            f"With {counted(int(n['auc']), 'case')}, intervals cover less than their nominal "
            "level; docs/intervals.md tabulates their coverage in simulated cohorts of 50 and more."
        )
    for name in ("classification", "segmentation", "rank_tests"):
        table = tables.get(name)
        if table is None or "reason" not in table:
            continue
        rows = at_selected(table, rate, passes)
        n = rows["n"] if "n" in rows else rows["n_right"] + rows["n_wrong"]
        rows = rows[n > 0]  # a task without labels has no measure
        for row in rows[rows["reason"].replace("", np.nan).notna()].itertuples():
            what = MEASURE_NAMES.get(row.measure, row.measure) if "measure" in rows else "rank test"
            texts.append(f"{TASK_NAMES[row.task]}, {what}: no interval, {row.reason}.")
    for name in FITTED:
        if name in tables:
            texts += refused_fits(name, at_selected(tables[name], rate, passes))
    return texts


def refused_fits(name, rows):
    """Return a warning for each fit of the table `name` without any value: tasks and reasons."""
    title = name.replace("_", " ").capitalize()
    rows = rows.assign(fit=title + " by " + rows["method"] if "method" in rows else title)
    by_fit = rows.groupby(["fit", "task"], sort=False)
    refused = rows[by_fit["value"].transform("count") == 0].drop_duplicates(["fit", "task"])
    texts = (TASK_NAMES[row.task] + ", " + row.reason for row in refused.itertuples())
    by_task = refused.assign(text=list(texts)).groupby("fit", sort=False)["text"]
    return [f"{fit} has no values: {'; '.join(texts)}." for fit, texts in by_task]


def at_selected(table, rate, passes):
    """Return the rows of the selected cell, or all rows of a table without cells."""
    if not {"rate", "passes"} <= set(table.columns):
        return table
    return table[np.isclose(table["rate"], rate) & (table["passes"] == passes)]


def sortable_tables(tables, rate, passes):
    """Return {name, title, text, is_whole, columns, rows, left_out} of each table of the study.

    `columns` are {name: whether it holds numbers}; a blank value is "".
    """
    shown = []
    for name in TABLES:
        table = tables.get(name)
        if table is None or table.empty:
            continue
        rows = table if name in WHOLE else at_selected(table, rate, passes)
        rows = rows.replace("", np.nan).dropna(axis="columns", how="all")
        numeric = rows.select_dtypes("number").columns
        shown.append(
            {
                "name": name,
                "title": name.replace("_", " ").capitalize(),
                "text": TABLES[name],
                "is_whole": name in WHOLE,
                "columns": {column: column in numeric for column in rows},
                "rows": rows.head(MOST_ROWS).astype(object).fillna("").to_numpy().tolist(),
                "left_out": max(len(rows) - MOST_ROWS, 0),
            }
        )
    return shown


def _ours(row):
    """Return our value with its interval; with a third digit where a border would hide in two."""
    numbers = row.ours, row.low, row.high
    hidden = any(
        number != border and round(number, 2) == round(border, 2)
        for number in numbers
        for border in (row.least, row.greatest)
    )
    return "–" if np.isnan(row.ours) else with_interval(*numbers, digits=3 if hidden else 2)
