"""Draw every quality figure of a cohort over its cases, with the limits."""

from glioma_uq.figures.quality import draw_quality, quality_by_case
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table


def main(*, quality, excluded, limits, pdf, png, csv):
    """Write the figure and the table that it draws: case, figure, series, value, takes_part."""
    table = quality_by_case(read_table(quality), read_table(excluded))
    save_figure(draw_quality(table, limits), table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            quality=snakemake.input.quality,
            excluded=snakemake.input.excluded,
            limits=snakemake.params.limits,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
