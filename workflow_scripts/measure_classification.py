"""Measure calibration, discrimination and uncertainty of every cell, with intervals."""

from functools import partial

import numpy as np

from glioma_uq.logs import log_to
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import measure_cells, write_measures
from glioma_uq.statistics.measures import Ece, classification_measures


def main(*, cells, seed, resamples, level, interval, ece, auc_average, output):
    table = measure_cells(
        cells,
        partial(
            classification_measures,
            seed=seed,
            ece=Ece.of_config(**ece),
            auc_average=auc_average,
        ),
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
            ece=snakemake.params.ece,
            auc_average=snakemake.params.auc_average,
            output=snakemake.output.table,
        )
