"""Draw which share of the uncertainty is aleatoric and which epistemic."""

from glioma_uq.figures.style import save_figure
from glioma_uq.figures.uncertainty_shares import draw_uncertainty_shares, uncertainty_shares
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, classification, segmentation, selection, network, pdf, png, csv):
    _, passes = read_choice(selection)
    table = uncertainty_shares(
        read_table(classification), read_table(segmentation), passes=passes, network=network
    )
    figure = draw_uncertainty_shares(table)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
