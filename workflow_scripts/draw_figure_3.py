"""Draw calibration and discrimination of the classification tasks over dropout rates."""

from glioma_uq.figures.calibration_by_rate import calibration_by_rate, draw_calibration_by_rate
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, classification, selection, network, level, pdf, png, csv):
    _, passes = read_choice(selection)
    table = calibration_by_rate(read_table(classification), passes=passes, network=network)
    figure = draw_calibration_by_rate(table, level=level)
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            selection=snakemake.input.selection,
            network=snakemake.params.network,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
