"""Draw how large the regions of the true tumours are, and how many enhancing ones are small."""

from glioma_uq.figures.style import save_figure
from glioma_uq.figures.tumour_volumes import draw_tumour_volumes, tumour_volumes
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table


def main(*, overlap, pdf, png, csv):
    table = tumour_volumes(read_table(overlap))
    save_figure(draw_tumour_volumes(table), table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            overlap=snakemake.input.overlap,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
