"""Draw how often predictions of each confidence are right, at the chosen cell."""

from glioma_uq.figures.reliability import draw_reliability, reliability_of_cell
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, reliability, selection, network, level, pdf, png, csv):
    rate, passes = read_choice(selection)
    table = reliability_of_cell(read_table(reliability), rate=rate, passes=passes, network=network)
    figure = draw_reliability(table, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            reliability=snakemake.input.reliability,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
