"""Contents of a study's report: each function turns tables into rows of text."""

import numpy as np

from glioma_uq.configuration.departures import departures
from glioma_uq.figures.cells import TASK_NAMES, of_cell, of_network
from glioma_uq.figures.words import format_range
from glioma_uq.report import small_tumours, statistics_tables
from glioma_uq.report.cohort import about_cases, counted, excluded_rows
from glioma_uq.report.verdict import number, p_value, with_interval
from glioma_uq.subregions import CLASSES
from glioma_uq.tasks import TASKS

ENDS = ("low", "high")
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
    "dice": "Dice",
    "hd95_mm": "Hausdorff distance, 95th percentile (mm)",
    "rho_brain": "Pearson ρ with Dice, brain",
    "rho_tumour": "Pearson ρ with Dice, predicted tumour",
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
    "predictive_tumour": "Predictive uncertainty, predicted tumour (nats)",
    "aleatoric_tumour": "Aleatoric uncertainty, predicted tumour (nats)",
    "epistemic_tumour": "Epistemic uncertainty, predicted tumour (nats)",
    "empty_tumour": "Share of cases without a predicted tumour",
}


def from_tables(tables, config, network, selected):
    """Return the texts of the page, by the names of its template.

    Args:
        tables: those of the statistics by file name, and curves, cases and excluded, which are
            None if the study has none.
        config: the study's.
        network: the network that the figures show.
        selected: (rate, passes) of the cell that the page shows.
    """
    rate, passes = selected
    level = config["statistics"]["level"]
    measures = [tables.get(name) for name in ("segmentation", "classification")]
    ranks = of_network(tables["rank_tests"], network)
    findings, selection = tables.get("findings"), tables.get("selection")
    columns = ("what", "here", "paper", "why")
    subregions = small_tumours.about_subregions(tables, rate, passes, level)
    about_small = [] if subregions is None else [small_tumours.fact(subregions)]
    return {
        "study": config["study"],
        "title": title(tables),
        "network": network,
        "cell": {
            "rate": f"{rate:.2f}",
            "passes": passes,
            "level": f"{100 * level:g}",
            "dice_threshold": config["statistics"]["dice_threshold"],
            "classes": CLASSES[config["segmentation"]],
        },
        "facts": what_was_run(tables, config) + about_small,
        "subregions": subregions,
        "departures": [[row[name] for name in columns] for row in departures(config)],
        "summaries": [
            summary(of_network(table, network), rate, passes)
            for table in measures
            if table is not None
        ],
        "ranks": rank_rows(of_cell(ranks, rate, passes)),
        "excluded": excluded_rows(tables["excluded"]),
        "how_selected": None if selection is None else statistics_tables.how_selected(selection),
        "findings": [] if findings is None else statistics_tables.finding_rows(findings),
        "count_verdicts": "" if findings is None else statistics_tables.count_verdicts(findings),
        "warnings": [
            *statistics_tables.warnings(tables, rate, passes),
            *small_tumours.warnings(subregions),
        ],
        "tables": statistics_tables.sortable_tables(tables, rate, passes),
    }


def title(tables):
    """Return the study's question."""
    if tables.get("classification") is None and tables.get("overlap") is not None:
        return "How well do networks segment small tumours?"
    return "How far can the networks’ uncertainty be trusted?"


def what_was_run(tables, config):
    """Return [(name, text)] about cases and grid; missing tables are None."""
    classification, curves = tables.get("classification"), tables["curves"]
    grid = tables["segmentation"] if classification is None else classification
    if tables["cases"] is None:
        known = classification[classification["measure"] == "auc"].groupby("task")["n"].max()
        facts = [
            (f"{TASK_NAMES[task]} known", counted(known.get(task, 0), "case")) for task in TASKS
        ]
    else:
        name, tasks = config["cohort"]["name"], config.get("tasks", TASKS)
        facts = about_cases(tables["cases"], tables["excluded"], name, tasks)
    facts += [
        ("Networks", ", ".join(grid["network"].unique())),
        ("Dropout rates p", listed(grid["rate"], "{:.2f}")),
        ("Passes T", listed(grid["passes"], "{:d}")),
    ]
    return facts + ([] if curves is None else _about_training(curves))


def _about_training(curves):
    """Return folds, seeds and epochs of the networks that were trained."""
    last = curves.groupby(["network", "rate", "fold", "seed"])["epoch"].max()
    return [
        ("Folds", str(curves["fold"].nunique())),
        ("Seeds", listed(curves["seed"], "{}")),
        ("Trained", f"{counted(len(last), 'network')}, {format_range(last, '{:.0f}')} epochs"),
    ]


def listed(values, form):
    """Return the distinct values in order, with commas."""
    return ", ".join(form.format(value) for value in sorted(set(values)))


def summary(table, rate, passes):
    """Return the measures of one network at one cell, a column for each task.

    {tasks: [(name, n)], rows: [(measure, [text of each task])], notes: reasons for missing
    intervals}. The text of a measure over fewer cases than its column's n gives its own n.
    Measures without a name here keep their name in the table.
    """
    cell = of_cell(table, rate, passes)
    tasks = [task for task in TASK_NAMES if task in set(cell["task"])]
    most = {task: cell.loc[cell["task"] == task, "n"].max() for task in tasks}
    order = [*MEASURE_NAMES, *cell["measure"].unique()]
    measures = sorted(cell["measure"].unique(), key=order.index)
    by_place = {(row.measure, row.task): row for row in cell.itertuples()}
    rows = [
        (MEASURE_NAMES.get(m, m), [_value(by_place.get((m, task)), most[task]) for task in tasks])
        for m in measures
    ]
    names = [(TASK_NAMES[task], int(most[task])) for task in tasks]
    return {"tasks": names, "rows": rows, "notes": _notes(cell)}


def _notes(cell):
    """Return a sentence for each measure without an interval, with the reason."""
    if "reason" not in cell:
        return []
    without = cell[cell["reason"].notna() & (cell["reason"] != "")]
    return [
        f"{TASK_NAMES[row.task]}, {MEASURE_NAMES.get(row.measure, row.measure)}: no interval, "
        f"{row.reason}."
        for row in without.itertuples()
    ]


def _value(row, most):
    """Return value and interval of one row, and n if it differs from `most`."""
    if row is None:
        return "–"
    text = with_interval(row.value, row.low, row.high, digits=3)
    return text if row.n == most else f"{text}, n = {row.n:.0f}"


def rank_rows(ranks):
    """Return the rank tests of one cell as rows of text, in the order of the tasks."""
    order = list(TASK_NAMES)
    return [
        (
            TASK_NAMES[row.task],
            f"{row.n_right:.0f}",
            f"{row.n_wrong:.0f}",
            number(row.u, 1),
            p_value(row.p),
            p_value(row.p_holm),
            with_interval(row.auroc, *(getattr(row, f"auroc_{end}", np.nan) for end in ENDS)),
        )
        for row in sorted(ranks.itertuples(), key=lambda row: order.index(row.task))
    ]
