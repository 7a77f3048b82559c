"""Draw the quality sheets of some cases, for inspection before any result is used."""

from glioma_uq.steps import run

from pathlib import Path

from glioma_uq.cohorts.collection import first_reasons, gather_metrics, record_of
from glioma_uq.files import written_whole
from glioma_uq.quality.metrics import METRICS, imputed_note, look_note, overview
from glioma_uq.quality.rows import read_rows
from glioma_uq.quality.sheet import draw_sheet
from glioma_uq.quality.views import Template, native_views, template_views


def main(*, cases, modalities, steps, cohort, pictures, template=None):
    """Write `pictures`, a PNG for each of `cases`, from the output of `steps` below `cohort`.

    Args:
        template: the template's brain mask; None where cases are not registered to it.
        pictures: paths in the order of `cases`.
    """
    cohort = Path(cohort)
    paths = [cohort / record_of(case, step) for case in cases for step in steps]
    rows = [row for path in paths for row in read_rows(path)]
    reasons = {row["case"]: row for row in first_reasons(rows)}
    metrics = {row["case"]: row for row in gather_metrics(rows)[1]}
    template = template and Template(template)
    for case, picture in zip(cases, pictures, strict=True):
        takes_part = case not in reasons
        show = template_views if takes_part else native_views
        views = show(modalities, cohort, case, template)
        lacking = metrics[case].get("imputed", "").split()
        views |= dict.fromkeys(lacking, "No scan: the case lacks this series.")
        notes = [imputed_note(lacking), look_note(metrics[case]), key_metrics(metrics[case])]
        notes = [*filter(None, notes)]
        sheet = draw_sheet(case, takes_part, verdict(reasons.get(case)), notes, views)
        with written_whole(picture) as temporary:
            sheet.savefig(temporary)


def verdict(reason):
    """Return whether a case is included, and the reason if it is not."""
    return f"left out at {reason['step']}: {reason['reason']}" if reason else "takes part"


def key_metrics(metrics):
    """Return the metrics of a case in one line, each with the worst value over its series."""
    shown = overview(metrics).items()
    return " · ".join(f"{METRICS[name].head} {value:z.4g}" for name, (_, value, _) in shown)


if __name__ == "__main__":
    run(main, snakemake)
