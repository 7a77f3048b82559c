"""Measure overlap, uncertainty and how the two go together in every cell, with intervals."""

import numpy as np

from glioma_uq.logs import log_to
from glioma_uq.measures import measure_cells, segmentation_measures, write_measures
from glioma_uq.seeds import seed_for


def main(*, cells, seed, resamples, level, interval, output):
    table = measure_cells(
        cells,
        segmentation_measures,
        resamples=resamples,
        level=level,
        interval=interval,
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    write_measures(table, output)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cells=snakemake.input.cells,
            seed=snakemake.params.seed,
            resamples=snakemake.params.resamples,
            level=snakemake.params.level,
            interval=snakemake.params.interval,
            output=snakemake.output.table,
        )
