"""Draw the quality sheets of some cases: what to look at before anything is believed."""

from glioma_uq.cohorts import first_reasons, gather_figures
from glioma_uq.files import written_whole
from glioma_uq.logs import log_to
from glioma_uq.quality import read_rows
from glioma_uq.quality_figures import FIGURES, overview
from glioma_uq.quality_sheet import draw_sheet
from glioma_uq.quality_views import Template, native_views, template_views


def main(*, cases, modalities, normalised, native, template, quality, pictures):
    """Write `pictures`, a PNG for each of `cases`; all lists of paths are in their order.

    Args:
        normalised: in template space, part (modality, brain_mask, segmentation) to paths.
        native: as scanned, part (corrected_{modality}, raw_{modality}, brain_mask,
            segmentation, t1ce_to_template) to paths.
        template: the template's brain mask.
        quality: the steps' rows of these cases.
    """
    rows = [row for path in quality for row in read_rows(path)]
    reasons = {row["case"]: row for row in first_reasons(rows)}
    figures = {row["case"]: row for row in gather_figures(rows)[1]}
    template = Template(template)
    for i, case in enumerate(cases):
        takes_part = case not in reasons
        show, files = (template_views, normalised) if takes_part else (native_views, native)
        views = show(modalities, {part: paths[i] for part, paths in files.items()}, template)
        notes = [key_figures(figures[case])]
        sheet = draw_sheet(case, takes_part, verdict(reasons.get(case)), notes, views)
        with written_whole(pictures[i]) as temporary:
            sheet.save(temporary)


def verdict(reason):
    """Return the sentence that says whether a case takes part."""
    return f"left out at {reason['step']}: {reason['reason']}" if reason else "takes part"


def key_figures(figures):
    """Return the figures of a case in one line, of several series the least favourable."""
    shown = overview({name: value for name, value in figures.items() if name != "case"})
    return " · ".join(f"{FIGURES[name].head} {value:.4g}" for name, (_, value) in shown.items())


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        modalities = snakemake.params.modalities
        parts = dict(snakemake.input.items())
        main(
            cases=snakemake.params.cases,
            modalities=modalities,
            normalised={name: parts[name] for name in (*modalities, "brain", "tumour")},
            native={name: paths for name, paths in parts.items() if name.startswith("native_")},
            template=snakemake.input.template,
            quality=snakemake.input.quality,
            pictures=snakemake.output,
        )
