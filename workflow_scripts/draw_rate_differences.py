"""Draw how far each dropout rate lies from the chosen one, case by case paired."""

from glioma_uq.figures.rate_differences import draw_rate_differences, rate_differences
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table


def main(*, differences, network, level, pdf, png, csv):
    table = rate_differences(read_table(differences), network=network)
    figure = draw_rate_differences(table, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            differences=snakemake.input.differences,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
