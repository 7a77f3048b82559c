"""Draw scans, the true parts of the tumour and those of every network, smallest tumour first."""

from glioma_uq.figures.networks import nearest_cells
from glioma_uq.figures.segmentation_gallery import draw_segmentation_gallery, gallery_table
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.shown_parts import read_shown_parts
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, overlap, selection, networks, cases_shown, pdf, png, csv, **places):
    cells = nearest_cells(overlap, networks, *read_choice(selection))
    tables = {cell.network: read_table(path) for cell, path in cells.items()}
    cell = next(iter(cells))
    cases, n = read_shown_parts(tables, cases_shown, rate=cell.rate, passes=cell.passes, **places)
    figure = draw_segmentation_gallery(cases, n=n)
    save_figure(figure, gallery_table(cases), pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            overlap=snakemake.input.overlap,
            selection=snakemake.input.selection,
            maps=snakemake.input.maps,
            volumes=snakemake.params.volumes,
            modalities=snakemake.params.modalities,
            networks=snakemake.params.networks,
            cases_shown=snakemake.params.cases_shown,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
