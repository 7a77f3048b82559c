"""Draw every network's Dice of the enhancing tumour by the size of that tumour."""

import numpy as np

from glioma_uq.figures.dice_by_size import dice_by_size, draw_dice_by_size
from glioma_uq.figures.networks import nearest_cells
from glioma_uq.figures.style import save_figure
from glioma_uq.logs import log_to
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.choice import read_choice
from glioma_uq.tables import read_table


def main(*, overlap, selection, networks, seed, intervals, pdf, png, csv):
    cells = nearest_cells(overlap, networks, *read_choice(selection))
    tables = {cell: read_table(path) for cell, path in cells.items()}
    rng = np.random.default_rng(seed_for(seed, "bootstrap"))
    table = dice_by_size(tables, **intervals, rng=rng)
    figure = draw_dice_by_size(table, level=intervals["level"])
    save_figure(figure, table, pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            overlap=snakemake.input.overlap,
            selection=snakemake.input.selection,
            networks=snakemake.params.networks,
            seed=snakemake.params.seed,
            intervals=snakemake.params.intervals,
            pdf=snakemake.output.pdf,
            png=snakemake.output.png,
            csv=snakemake.output.csv,
        )
