"""Draw what becomes of every network's Dice when one and the same tumour shrinks."""

from glioma_uq.figures.size_stress import draw_size_stress, size_stress
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, measures, selection, networks, level, pdf, png, csv):
    rate, passes = read_choice(selection)
    table = size_stress(read_table(measures), networks=networks, rate=rate, passes=passes)
    save_figure(draw_size_stress(table, level=level), table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            measures=snakemake.input.measures,
            selection=snakemake.input.selection,
            networks=snakemake.params.networks,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
