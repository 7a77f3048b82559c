"""What the report of a cohort tells: who takes part, and what each step measured of the cases."""

from collections import Counter

import pandas as pd

from glioma_uq.cohorts import STEPS
from glioma_uq.report.contents import about_cases, counted, excluded_rows

MOST_CASE_BY_CASE = 20  # cases up to which the page shows every value
OTHER = "other"  # the step of a figure that has no text here
# Column of quality.csv, or its part after the modality: the step that measures it, what it is.
FIGURES = {
    "orientation": ("import_case", "orientation in the file"),
    "voxel_mm": ("correct_bias_field", "voxel size (mm)"),
    "bias_low": ("correct_bias_field", "bias field, 1st percentile"),
    "bias_high": ("correct_bias_field", "bias field, 99th percentile"),
    "brain_volume_ml": ("strip_skull", "Volume of the brain mask (ml)"),
    "mutual_information": ("coregister", "mutual information with T1CE (nats)"),
    "template_mutual_information": ("register_to_template", "Mutual information (nats)"),
    "template_dice": ("register_to_template", "Dice with the template"),
    "brain_covered": ("normalise_case", "share of the brain that was scanned"),
    "normalised_brain_ml": ("normalise_case", "Brain on the study’s grid (ml)"),
    "normalised_tumour_ml": ("normalise_case", "Tumour on the study’s grid (ml)"),
    "tumour_outside_brain_ml": ("normalise_case", "Tumour outside the brain mask (ml)"),
}


def from_tables(cohort, cases, excluded, quality):
    """Return the texts of the page, by the names of its template.

    Args:
        cohort: its name.
        cases, excluded, quality: the cohort's tables.
    """
    return {
        "cohort": cohort,
        "sentence": sentence(len(cases), excluded["case"].nunique()),
        "facts": about_cases(cases, excluded, cohort),
        "excluded": excluded_rows(excluded),
        "is_one": len(quality) == 1,
        "steps": quality_by_step(quality),
    }


def sentence(taking_part, left_out):
    """Say in one sentence how many cases take part."""
    verb = "takes" if taking_part == 1 else "take"
    rest = f"{left_out} of {taking_part + left_out} left out" if left_out else "none is left out"
    return f"{counted(taking_part, 'case')} {verb} part, {rest}."


def step_and_text(column):
    """Return (step, what is measured) of a column of quality.csv."""
    if column in FIGURES:
        return FIGURES[column]
    modality, _, ending = column.partition("_")
    if ending in FIGURES:
        step, text = FIGURES[ending]
        return step, f"{modality.upper()}: {text}"
    return OTHER, column


def quality_by_step(quality):
    """Return one table for each step that measured anything, in the order of the steps.

    {name, head, rows} sums the cases up; {case_head, by_case} has a row for each case, and
    no row in cohorts of more than MOST_CASE_BY_CASE cases, nor where the sum is the case.
    """
    columns = {step: {} for step in (*STEPS, OTHER)}
    for column in quality.columns.drop("case"):
        step, text = step_and_text(column)
        columns[step][column] = text
    is_short = 1 < len(quality) <= MOST_CASE_BY_CASE
    return [
        {
            "name": step.replace("_", " ").capitalize(),
            "head": ["Figure", "n", *(["Value"] if len(quality) == 1 else ["Median", "Range"])],
            "rows": [figure_row(text, quality[column]) for column, text in texts.items()],
            "case_head": ["Case", *texts.values()],
            "by_case": case_rows(quality, list(texts)) if is_short else [],
        }
        for step, texts in columns.items()
        if texts
    ]


def figure_row(text, values):
    """Return what was measured, n, the median and the range; of texts the commonest one."""
    known = values.dropna()
    if known.empty:
        summary = ("not measured", "–")
    elif pd.api.types.is_numeric_dtype(known):
        summary = (plain(known.median()), f"{plain(known.min())} to {plain(known.max())}")
    else:
        commonest, count = Counter(known).most_common(1)[0]
        summary = (commonest, f"{count} of {len(known)}")
    return (text, len(known), *(summary if len(values) > 1 else summary[:1]))


def case_rows(quality, columns):
    """Return the values of each case as text."""
    rows = quality[["case", *columns]].itertuples(index=False)
    return [
        (row[0], *("–" if pd.isna(value) else plain(value) for value in row[1:])) for row in rows
    ]


def plain(value):
    """Return a number with four significant digits and a true minus; a text as it is."""
    return value if isinstance(value, str) else f"{value:.4g}".replace("-", "−")
