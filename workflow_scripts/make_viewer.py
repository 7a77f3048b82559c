"""Write the case viewer: scans, reference and uncertainty maps, on one offline page."""

from pathlib import Path

from glioma_uq.figures.gallery_cases import read_gallery_cases
from glioma_uq.files import written_whole
from glioma_uq.report import page, viewer
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.steps import run


def main(
    *,
    segmentation,
    selection,
    study,
    network,
    cases_shown,
    classes,
    output,
    template=viewer.TEMPLATE,
    **places,
):
    selected = read_selected_cell(selection)
    cases, passes, n = read_gallery_cases(
        segmentation, selected, cases_shown, network=network, **places
    )
    contents = viewer.contents(
        cases, study=study, network=network, rate=selected[0], passes=passes, n=n, classes=classes
    )
    with written_whole(output) as path:
        path.write_text(page.render(contents, template), encoding="utf-8")
    print(f"{len(cases)} cases, {Path(output).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main, snakemake)
