"""Draw scan, truth, mean prediction and uncertainties of cases, least uncertain first."""

from glioma_uq.figures.case_gallery import draw_case_gallery, gallery_table
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.shown_cases import read_shown_cases
from glioma_uq.statistics.choice import read_choice


def main(*, segmentation, selection, cases_shown, classes, pdf, png, csv, **places):
    cases, _, n = read_shown_cases(segmentation, read_choice(selection), cases_shown, **places)
    figure = draw_case_gallery(cases, n=n, classes=classes)
    save_figure(figure, gallery_table(cases), pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            segmentation=snakemake.input.segmentation,
            selection=snakemake.input.selection,
            maps=snakemake.input.maps,
            mapped=snakemake.params.mapped,
            volumes=snakemake.params.volumes,
            modalities=snakemake.params.modalities,
            network=snakemake.params.network,
            cases_shown=snakemake.params.cases_shown,
            classes=snakemake.params.classes,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
