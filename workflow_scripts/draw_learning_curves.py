"""Draw how loss and Dice went while the networks were trained."""

from glioma_uq.figures.learning_curves import draw_learning_curves, read_learning_curves
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to


def main(*, curves, network, weights, pdf, png, csv):
    table = read_learning_curves(curves, network=network)
    save_figure(draw_learning_curves(table, weights), table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            curves=snakemake.input.curves,
            network=snakemake.params.network,
            weights=snakemake.params.weights,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
