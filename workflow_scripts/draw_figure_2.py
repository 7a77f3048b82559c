"""Draw how much uncertainty there is, of which kind, over passes and dropout rates."""

from glioma_uq.figures.style import save_figure
from glioma_uq.figures.uncertainty_by_passes import (
    draw_uncertainty_by_passes,
    uncertainty_by_passes,
)
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table


def main(*, classification, segmentation, network, level, pdf, png, csv):
    table = uncertainty_by_passes(
        read_table(classification),
        read_table(segmentation) if segmentation else None,
        network=network,
    )
    figure = draw_uncertainty_by_passes(table, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
