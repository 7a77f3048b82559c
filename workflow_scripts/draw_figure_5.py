"""Draw the uncertainty of good predictions beside that of bad ones, at the chosen cell."""

from glioma_uq.figures.selection import of_cell, of_network
from glioma_uq.figures.style import save_figure
from glioma_uq.figures.uncertainty_by_correctness import (
    draw_uncertainty_by_correctness,
    uncertainty_by_correctness,
)
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import at_cell, read_choice
from glioma_uq.tables import read_table


def main(*, classification, segmentation, ranks, selection, network, dice_threshold, pdf, png, csv):
    rate, passes = read_choice(selection)
    tables = [
        [read_table(path) for path in at_cell(paths, network, rate, passes)]
        for paths in (classification, segmentation)
    ]
    table = uncertainty_by_correctness(*tables[0], *tables[1], dice_threshold=dice_threshold)
    tests = of_cell(of_network(read_table(ranks), network), rate, passes)
    figure = draw_uncertainty_by_correctness(table, tests, dice_threshold=dice_threshold)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            ranks=snakemake.input.ranks,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            dice_threshold=snakemake.params.dice_threshold,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
