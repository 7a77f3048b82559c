"""Write the case viewer: scans, reference and uncertainty maps, on one offline page."""

from glioma_uq.steps import run

from pathlib import Path

from glioma_uq.figures.gallery_cases import read_gallery_cases
from glioma_uq.plurals import counted
from glioma_uq.report import page, viewer
from glioma_uq.statistics.selected_cell import read_selected_cell


def main(*, segmentation, selection, study, network, cases_shown, classes, output, **places):
    selected = read_selected_cell(selection)
    cases, passes, n = read_gallery_cases(
        segmentation, selected, cases_shown, network=network, **places
    )
    contents = viewer.contents(
        cases, study=study, network=network, rate=selected[0], passes=passes, n=n, classes=classes
    )
    page.write(output, "viewer.html.jinja", contents)
    print(f"{counted(len(cases), 'case')}, {Path(output).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main, snakemake)
