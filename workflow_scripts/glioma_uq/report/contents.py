"""Contents of a study's report: each function turns tables into rows of text."""

from glioma_uq.configuration.departures import departures
from glioma_uq.figures.cells import TASK_NAMES, of_cell, of_network
from glioma_uq.figures.words import GIVEN, format_range
from glioma_uq.plurals import counted, plural
from glioma_uq.report import correlations, small_tumours, statistics_tables
from glioma_uq.report.cohort import about_cases, about_labels, excluded_rows, imputed_rows
from glioma_uq.report.verdict import known_labels, learned, number, p_value, with_interval
from glioma_uq.subregions import CLASSES
from glioma_uq.tasks import TASKS

ON_TEST = (
    "The weights of each network are those of the epoch with the lowest loss on the test cases "
    "themselves (training.weights best_on_test): every result is better than on new cases."
)


def from_tables(tables, config, network, selected):
    """Return the texts of the page, by the names of its template.

    Args:
        tables: those of the statistics by file name, and tested (of one cell), curves, cases and
            excluded, which are None if the study has none.
        config: the study's.
        network: the network that the figures show.
        selected: (rate, passes) of the cell that the page shows.
    """
    rate, passes = selected
    level = config["statistics"]["level"]
    names = ("classification", "segmentation", "overlap", "training", "by_seed")
    judged = {name: tables.get(name) for name in names}
    if config["paper"] != "small_tumours":
        judged["overlap"] = None  # tumours of any size are judged by the whole tumour
    tested = tables["tested"]
    labels = {} if tested is None else known_labels(tested)
    given = statistics_tables.given([tables.get(name) for name in names[:3]], network)
    subregions = small_tumours.about_subregions(tables, rate, passes, level)
    return {
        "study": config["study"],
        "title": title(config["paper"]),
        "verdict": learned(**judged, labels=labels),
        "network": network,
        "cell": {
            "rate": f"{rate:.2f}",
            "passes": passes,
            "level": f"{100 * level:g}",
            "dice_threshold": config["statistics"]["dice_threshold"],
            "given": given,
            "classes": CLASSES[config["segmentation"]],
        },
        "facts": what_was_run(tables, config) + small_tumours.facts(subregions),
        "subregions": subregions,
        "departures": [
            [row[name] for name in ("what", "here", "paper", "why")] for row in departures(config)
        ],
        "summaries": [
            summary(of_network(table, network), rate, passes)
            for table in (tables.get("segmentation"), tables.get("classification"))
            if table is not None
        ],
        "ranks": rank_rows(of_cell(of_network(tables["rank_tests"], network), rate, passes)),
        "excluded": excluded_rows(tables["excluded"]),
        "imputed": imputed_rows(tables["cases"]),
        "how_selected": statistics_tables.how_selected(tables["selection"]),
        "findings": statistics_tables.judged_findings(tables.get("findings")),
        "warnings": [
            *statistics_tables.training_warnings(tables.get("training")),
            *imputation_warnings(tables["cases"], config),
            *([GIVEN] if given else []),
            *([ON_TEST] if config["training"]["weights"] == "best_on_test" else []),
            *statistics_tables.warnings(tables, rate, passes),
            *correlations.warnings(tables.get("segmentation"), rate, passes),
            *small_tumours.warnings(subregions),
        ],
        "tables": statistics_tables.sortable_tables(tables, rate, passes),
        "config": config,
    }


def title(paper):
    """Return the study's question."""
    if paper == "small_tumours":
        return "How well do networks segment small tumours?"
    return "How far can the networks’ uncertainty be trusted?"


def what_was_run(tables, config):
    """Return [(name, text)] about cases and grid; missing tables are None."""
    classification, curves = tables.get("classification"), tables["curves"]
    grid = tables["segmentation"] if classification is None else classification
    if tables["cases"] is None:
        named, cases = config["predictions"]["columns"], tables["tested"].drop_duplicates("case")
        facts = [about_labels(cases[f"{task}_label"], task) for task in TASKS if task in named]
    else:
        name, tasks = config["cohort"]["name"], config.get("tasks", TASKS)
        facts = about_cases(tables["cases"], tables["excluded"], name, tasks)
    facts += [
        ("Networks", ", ".join(grid["network"].unique())),
        ("Dropout rates p", listed(grid["rate"], "{:.2f}")),
        ("Passes T", listed(grid["passes"], "{:d}")),
    ]
    return facts + ([] if curves is None else _about_training(curves))


def imputation_warnings(cases, config):
    """Return a warning about cases with missing series if training drops no series."""
    incomplete = imputed_rows(cases)
    if not incomplete or "modality_dropout" in config["training"]["augmentation"]:
        return []
    return [
        f"Missing series are imputed by zeros in {len(incomplete)} of "
        f"{counted(len(cases), 'case')}, and training.augmentation has no modality_dropout: but "
        "for these the networks have learned from complete cases, and may be wrong, or too sure, "
        "where a series is missing."
    ]


def _about_training(curves):
    """Return folds, seeds and epochs of the networks that were trained."""
    last = curves.groupby(["network", "rate", "fold", "seed"])["epoch"].max()
    epochs = f"{format_range(last, '.0f')} {plural(last.max(), 'epoch')}"
    return [
        ("Folds", str(curves["fold"].nunique())),
        ("Seeds", listed(curves["seed"], "{}")),
        ("Trained", f"{counted(len(last), 'network')}, {epochs}"),
    ]


def listed(values, form):
    """Return the distinct values in order, with commas."""
    return ", ".join(form.format(value) for value in sorted(set(values)))


def summary(table, rate, passes):
    """Return the measures of one network at one cell, a column for each task.

    {tasks: [(name, n)], rows: [(measure, [text of each task])]}. The text of a measure over fewer
    cases than its column's n gives its own n. Measures without a name here keep their name in
    the table.
    """
    cell = of_cell(table, rate, passes)
    most = cell.groupby("task")["n"].max()
    tasks = [task for task in TASK_NAMES if most.get(task, 0) > 0]
    order = [*statistics_tables.MEASURE_NAMES, *cell["measure"].unique()]
    by_place = {(row.measure, row.task): row for row in cell.itertuples()}
    return {
        "tasks": [(TASK_NAMES[task], int(most[task])) for task in tasks],
        "rows": [
            (
                statistics_tables.MEASURE_NAMES.get(m, m),
                [_value(by_place.get((m, t)), most[t]) for t in tasks],
            )
            for m in sorted(cell["measure"].unique(), key=order.index)
        ],
    }


def _value(row, most):
    """Return value and interval of one row, and n if it differs from `most`."""
    if row is None:
        return "–"
    text = with_interval(row.value, row.low, row.high, digits=3)
    return text if row.n == most else f"{text}, n = {row.n:.0f}"


def rank_rows(ranks):
    """Return the rank tests of one cell as rows of text, in the order of the tasks."""
    by_task = {row.task: row for row in ranks.itertuples()}
    return [
        (
            name,
            f"{row.n_right:.0f}",
            f"{row.n_wrong:.0f}",
            number(row.u, 1),
            p_value(row.p),
            p_value(row.p_holm),
            with_interval(row.auroc, row.auroc_low, row.auroc_high),
        )
        for task, name in TASK_NAMES.items()
        if (row := by_task.get(task)) and row.n_right + row.n_wrong > 0
    ]
