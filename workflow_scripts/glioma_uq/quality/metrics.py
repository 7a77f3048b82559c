"""Every quality metric of a case, and the limits that a config sets on it.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from math import inf
from typing import NamedTuple

SERIES = ("t1", "t1ce", "t2", "flair")
OUTSIDE = ("metric", "low", "high")  # in a row: the metric that excluded the case, and its limits
SIGNATURE = "_signature"  # how columns of signatures end, in the row of import_case


class Metric(NamedTuple):
    """A quality metric: its step, its text, and how an overview shows it.

    step: the step that measures it.
    text: what it is, with its unit.
    head: its short name in an overview of all cases; None if it is not shown there.
    worst: min or max, the worst value over series, for an overview; None if no limit makes
        sense, as for text.
    """

    step: str
    text: str
    head: str | None = None
    worst: object = None


# By the column of quality.csv, or by its ending after the name of the series.
METRICS = {
    "downloaded_MB": Metric("download_series", "Downloaded (MB)"),
    "series": Metric("convert_case", "name of the series"),
    "look": Metric("convert_case", "to look at"),
    "slices": Metric("convert_case", "slices of the series", None, min),
    "slice_mm": Metric("convert_case", "distance of the slices (mm)", None, max),
    "orientation": Metric("import_case", "orientation in the file"),
    "spikes": Metric("import_case", "voxels clipped, far beyond all others", None, max),
    "imputed": Metric("import_case", "missing series, imputed by zeros"),
    "tilt_deg": Metric("import_case", "tilt of the axes (degrees)", None, max),
    "intensity_low": Metric("correct_bias_field", "intensity, 1st percentile", None, min),
    "intensity_high": Metric("correct_bias_field", "intensity, 99th percentile", None, max),
    "voxel_mm": Metric("correct_bias_field", "voxel size (mm)", "Voxel (mm)", max),
    "bias_low": Metric("correct_bias_field", "bias field, 1st percentile", "Bias, low", min),
    "bias_high": Metric("correct_bias_field", "bias field, 99th percentile", "Bias, high", max),
    "brain_volume_ml": Metric("strip_skull", "Volume of the brain mask (ml)", "Brain (ml)", min),
    "brain_pieces": Metric("strip_skull", "Pieces of the brain mask", None, max),
    "brain_in_head": Metric("strip_skull", "Share of the brain mask in the head", None, min),
    "mutual_information": Metric(
        "coregister", "mutual information with T1CE (nats)", "MI, T1CE", min
    ),
    "template_mutual_information": Metric(
        "register_to_template", "Mutual information, template (nats)", "MI, template", min
    ),
    "template_dice": Metric(
        "register_to_template", "Dice with the template", "Dice, template", min
    ),
    "brain_covered": Metric(
        "normalise_case", "share of the brain that was scanned", "Scanned", min
    ),
    "spread": Metric("normalise_case", "central 90 % of z-scores (range)", None, min),
    "et_mm3": Metric("normalise_case", "Enhancing tumour, ET (mm³)", None, min),
    "tc_mm3": Metric("normalise_case", "Tumour core, TC (mm³)", None, min),
    "wt_mm3": Metric("normalise_case", "Whole tumour, WT (mm³)", None, min),
    "rc_mm3": Metric("normalise_case", "Resection cavity, RC (mm³)", None, min),
    "tumour_ml": Metric("normalise_case", "Tumour (ml)", "Tumour (ml)", min),
    "tumour_outside_brain_ml": Metric(
        "normalise_case", "Tumour outside the brain mask (ml)", "Tumour outside (ml)", max
    ),
    "tumour_outside_share": Metric("normalise_case", "Tumour outside the mask (share)", None, max),
    "tumour_share": Metric("normalise_case", "Tumour, as a share of the brain", None, max),
    "tumour_pieces": Metric("normalise_case", "Pieces of the tumour", None, max),
}
OF_SERIES = (
    "series", "look", "slices", "slice_mm", "orientation", "tilt_deg", "spikes", "intensity_low",
    "intensity_high", "voxel_mm", "bias_low", "bias_high", "mutual_information", "brain_covered",
    "spread",
)  # fmt: skip


def names_with_limits():
    """Return every name that a limit can have: a metric's column, or its ending for all series."""
    limited = [name for name, metric in METRICS.items() if metric.worst]
    of_series = [f"{one}_{name}" for name in limited if name in OF_SERIES for one in SERIES]
    return limited + of_series


def series_and_ending(name):
    """Return ("t1ce", "voxel_mm") of the column t1ce_voxel_mm, (None, name) of one of the case."""
    first, _, ending = name.partition("_")
    return (first, ending) if first in SERIES and ending in OF_SERIES else (None, name)


def limits_of_step(step, limits):
    """Return the limits of a step's metrics; other limits do not run it again."""
    return {
        name: limit
        for name, limit in limits.items()
        if METRICS[series_and_ending(name)[1]].step == step
    }


def limit_of(name, limits):
    """Return (key, low, high) of a metric: its own limit, else its ending's, else None.

    A limit of null is infinite.
    """
    for key in (name, series_and_ending(name)[1]):
        if key in limits:
            low, high = limits[key]
            return key, -inf if low is None else low, inf if high is None else high
    return None


def numbers_of(value):
    """Return the numbers of a metric: one, or the three of a text such as "1 x 1 x 5.5"."""
    return [float(part) for part in str(value).split(" x ")]


def is_outside(name, value, limits):
    """Return whether a metric is outside its limits; NaN always is, if it has limits."""
    limit = limit_of(name, limits)
    return limit is not None and not all(limit[1] <= n <= limit[2] for n in numbers_of(value))


def outside(metrics, limits):
    """Return the names of the `metrics` (name to value) outside their limits."""
    return [name for name, value in metrics.items() if is_outside(name, value, limits)]


def why_outside(name, value, limits):
    """Return one sentence: the expected range of a metric, its value and what to do."""
    key, low, high = limit_of(name, limits)
    series, ending = series_and_ending(name)
    what = METRICS[ending].text if ending in METRICS else ending
    what = f"{series.upper()}: {what}" if series else what
    return (
        f"expected {name} ({what}) of {between(low, high)}, "
        f"found {value}, look at the quality sheet or change preprocessing.quality.limits.{key}"
    )


def between(low, high):
    """Return limits in words; one may be infinite."""
    if low == -inf:
        return f"at most {high:g}"
    return f"at least {low:g}" if high == inf else f"{low:g} to {high:g}"


def imputed_note(modalities):
    """Return "T1, FLAIR imputed" of the series that a case lacks, "" for none."""
    return f"{', '.join(name.upper() for name in modalities)} imputed" * bool(modalities)


def look_note(metrics):
    """Return what to look at in a case, as "look at T1CE: ...", "" for nothing."""
    found = [f"{name.upper()}: {metrics[f'{name}_look']}" for name in SERIES
             if metrics.get(f"{name}_look")]  # fmt: skip
    return f"look at {'; '.join(found)}" * bool(found)


def overview(metrics, limits=()):
    """Return {ending: (column, number, whether it is outside its limits)} of a case.

    Of several series the worst counts, and before it those outside their limits. `metrics`:
    column to value, as numbers or as text; empty values, texts and metrics that the overview
    does not show are omitted.
    """
    shown = {}
    for name, value in metrics.items():
        ending = series_and_ending(name)[1]
        metric = METRICS.get(ending)
        if metric is None or metric.head is None or value in ("", None) or value != value:
            continue
        found = name, metric.worst(numbers_of(value)), is_outside(name, value, limits)
        _, other, other_is_outside = shown.get(ending, found)
        is_worse = metric.worst(found[1], other) == found[1]
        if found[2] > other_is_outside or (found[2] == other_is_outside and is_worse):
            shown[ending] = found
    return {ending: shown[ending] for ending in METRICS if ending in shown}
