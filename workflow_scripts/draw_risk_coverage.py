"""Draw how much better it gets when the most uncertain cases are left out."""

from glioma_uq.figures.risk_coverage import draw_risk_coverage, risk_by_coverage
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, risk_coverage, selection, network, level, pdf, png, csv):
    rate, passes = read_choice(selection)
    table = risk_by_coverage(read_table(risk_coverage), passes=passes, network=network)
    figure = draw_risk_coverage(table, rate=rate, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            risk_coverage=snakemake.input.risk_coverage,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
