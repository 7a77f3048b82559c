"""Draw predicted beside true probabilities of a phantom, at the chosen cell."""

from glioma_uq.figures.posterior_truth import (
    draw_posterior_truth,
    posterior_by_case,
    truth_of_cell,
)
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import at_cell, read_choice
from glioma_uq.tables import read_table


def main(*, classification, truth, measures, selection, network, pdf, png, csv):
    rate, passes = read_choice(selection)
    (cell,) = at_cell(classification, network, rate, passes)
    table = posterior_by_case(read_table(cell), read_table(truth))
    measures = truth_of_cell(read_table(measures), rate=rate, passes=passes, network=network)
    figure = draw_posterior_truth(table, measures)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            truth=snakemake.input.truth,
            measures=snakemake.input.measures,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
