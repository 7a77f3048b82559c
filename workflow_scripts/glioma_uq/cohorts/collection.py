"""The tables of a cohort: included cases, excluded cases and quality metrics.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from collections import Counter

from glioma_uq.cohorts.labels import LABEL_COLUMNS
from glioma_uq.errors import BadInput
from glioma_uq.files import CHECKSUM
from glioma_uq.quality.metrics import OUTSIDE, SIGNATURE
from glioma_uq.subregions import CAVITY, REGIONS

STEPS = (
    "download_series",
    "convert_case",
    "import_case",
    "correct_bias_field",
    "strip_skull",
    "coregister",
    "register_to_template",
    "normalise_case",
)
SKIPPED = {
    "phantom": ("download_series", "convert_case", "import_case"),
    "dicom": ("download_series",),
    "idc": (),
    "tcia": (),
}
GRID = ("voxel_mm", "shape", "template_scale")
VOLUMES = tuple(f"{region}_mm3" for region in REGIONS | CAVITY)
NUMBERS = ("metric", "value", "low", "high")
EXCLUDED_COLUMNS = ("case", "step", "reason", *NUMBERS)


def steps_of(source):
    """Return the steps of each case of a source, in order."""
    skipped = SKIPPED.get(source, ("download_series", "convert_case"))
    return [step for step in STEPS if step not in skipped]


def record_of(case, step):
    """Return the path of a step's row in the cohort's folder; the last goes with its volumes."""
    return f"normalised/{case}/{step}.csv" if step == STEPS[-1] else f"quality/{case}/{step}.csv"


def divide_cases(labels, quality):
    """Return (cases, excluded) of a cohort, lists of dicts.

    `labels`: rows of labels.csv. `quality`: rows of all steps. A case is
    excluded by its `problem` in check_cohort, or else by the first step with its own reason.
    If that is a metric outside its limits, the row holds metric, value, low and high.
    """
    reasons = {row["case"]: row for row in first_reasons(quality)}
    for row in labels:
        if row["problem"]:
            reasons[row["case"]] = {"step": "check_cohort", "reason": row["problem"]}
    cases = [
        {name: row[name] for name in LABEL_COLUMNS} for row in labels if row["case"] not in reasons
    ]
    excluded = [
        {"case": row["case"], **reasons[row["case"]]} for row in labels if row["case"] in reasons
    ]
    return cases, excluded


def exclude_other_grids(cases, quality):
    """Return (cases, others): without the cases that are not on the grid of most, and these.

    `cases`: included ones; `quality`: rows of all steps. Without registration a case keeps its own
    grid, and networks read one cohort on one grid. Of two grids as frequent the first stays.
    """
    left = {case["case"] for case in cases}
    last = [row for row in quality if row["step"] == STEPS[-1] and row["case"] in left]
    grids = {row["case"]: grid_of(row) for row in last}
    counts = Counter(grids.values())
    common = counts.most_common(1)[0][0] if counts else ""
    kept, others = [], []
    for case in cases:
        if (grid := grids[case["case"]]) == common:
            kept.append(case)
            continue
        reason = (
            f"expected the grid of most cases, {common}, since they are not registered, found "
            f"{grid}, bring it there, or choose an engine under preprocessing.registration"
        )
        others.append({"case": case["case"], "step": "collect_cohort", "reason": reason})
    return kept, others


def grid_of(row):
    """Return the grid in a row of normalise_case in words."""
    return f"{row['shape']} voxels of {float(row['voxel_mm']):g} mm"


def first_reasons(quality):
    """Return the reasons of exclusion: {case, step, reason}, with the numbers of an exceeded limit.

    `quality`: rows of all steps of any cases. The first step with its own reason counts.
    """
    reasons = {}
    for row in sorted(quality, key=lambda row: STEPS.index(row["step"]), reverse=True):
        if row["reason"] and not row["reason"].startswith("excluded at an earlier step"):
            reasons[row["case"]] = {name: row[name] for name in ("case", "step", "reason")}
            if row.get("metric"):
                numbers = {**row, "value": row[row["metric"]]}
                reasons[row["case"]] |= {name: numbers[name] for name in NUMBERS}
        elif row["reason"]:
            lost = {"step": "collect_cohort", "reason": "excluded, but no step gives a reason"}
            reasons.setdefault(row["case"], {"case": row["case"], **lost})
    return list(reasons.values())


def check_someone_is_left(cases, excluded):
    """Raise BadInput, with the most frequent reason, if every case was excluded."""
    if cases:
        return
    counts = Counter((row["step"], row["reason"]) for row in excluded)
    (step, reason), count = counts.most_common(1)[0]
    raise BadInput(
        f"expected at least one case that passes, found all {len(excluded)} excluded "
        f"({count} at {step}: {reason}), fix that first"
    )


def files_in(row):
    """Return what the row of normalise_case says of its files: columns of the manifest alone."""
    return {name: x for name, x in row.items() if name in GRID or name.endswith(CHECKSUM)}


def manifest_of(included, quality):
    """Return the rows of volumes.csv: each included case, its files and its volumes.

    `included`: of `divide_cases`; `quality`: rows of all steps. Raises BadInput for files of
    different grids, which a network cannot read as one cohort.
    """
    normalised = {row["case"]: row for row in quality if row["step"] == STEPS[-1]}
    imputed, rows = imputed_by_case(quality), []
    for case in included:
        row = normalised[case["case"]]
        case |= {"imputed": imputed.get(case["case"], "")}
        case |= {name: row.get(name, "") for name in VOLUMES}
        rows.append(case | files_in(row))
    grids = {}
    for row in rows:
        grids.setdefault(grid_of(row), []).append(row["case"])
    if len(grids) > 1:
        found = ", ".join(
            f"{grid} in {len(cases)} (as {cases[0]})" for grid, cases in grids.items()
        )
        raise BadInput(
            f"expected one grid for all cases, found {found}, remove the folder normalised of the "
            "cohort and run again"
        )
    return rows


def imputed_by_case(quality):
    """Return {case: its missing series, imputed by zeros, as "t1 flair"} of the cases with any."""
    return {row["case"]: row["imputed"] for row in quality if row.get("imputed")}


def gather_metrics(quality):
    """Return (columns, rows): one row for each case with the metrics of all its steps."""
    rows = {}
    for row in quality:
        not_metrics = {"step", "reason", *OUTSIDE, *files_in(row)}
        not_metrics |= {name for name in row if name.endswith(SIGNATURE)}
        metrics = {name: value for name, value in row.items() if name not in not_metrics}
        rows.setdefault(row["case"], {}).update(metrics)
    columns = list(dict.fromkeys(name for row in rows.values() for name in row)) or ["case"]
    return columns, list(rows.values())
