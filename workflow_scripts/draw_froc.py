"""Draw the enhancing lesions that every network finds against its false ones, and by size."""

from glioma_uq.figures.froc import draw_froc, froc
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, curves, lesions, selection, networks, level, pdf, png, csv):
    rate, passes = read_choice(selection)
    table = froc(
        read_table(curves), read_table(lesions), networks=networks, rate=rate, passes=passes
    )
    save_figure(draw_froc(table, level=level), table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            curves=snakemake.input.curves,
            lesions=snakemake.input.lesions,
            selection=snakemake.input.selection,
            networks=snakemake.params.networks,
            level=snakemake.params.level,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
