"""Measure calibration, discrimination and uncertainty of every cell, with intervals."""

from functools import partial

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import measure_cells, write_measures
from glioma_uq.statistics.measures import Ece, classification_measures
from glioma_uq.steps import run


def main(*, cells, seed, intervals, ece, auc_average, output):
    table = measure_cells(
        cells,
        partial(
            classification_measures,
            seed=seed,
            ece=Ece.of_config(**ece),
            auc_average=auc_average,
        ),
        **intervals,
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    write_measures(table, output)


if __name__ == "__main__":
    run(main, snakemake)
