"""Draw segmentation quality, and how far uncertainty goes along with it."""

from glioma_uq.figures.segmentation_quality import draw_segmentation_quality, segmentation_quality
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table


def main(*, segmentation, network, level, pdf, png, csv):
    table = segmentation_quality(read_table(segmentation), network=network)
    figure = draw_segmentation_quality(table, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            segmentation=snakemake.input.segmentation,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
