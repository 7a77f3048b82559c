"""Compare overlap between sizes of the same lesion, and between networks at each size."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import long_table, read_cells, write_measures
from glioma_uq.statistics.size_sensitivity import COLUMNS, compare_sizes
from glioma_uq.steps import run
from glioma_uq.tables import read_table


def main(*, overlap, truth, reference, seed, intervals, output):
    grouped = compare_sizes(
        read_cells(overlap),
        read_table(truth),
        reference,
        resamples=intervals["resamples"],
        interval=intervals["interval"],
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    shown = {name: intervals[name] for name in ("level", "interval")}
    write_measures(long_table(grouped, COLUMNS, **shown), output)


if __name__ == "__main__":
    run(main, snakemake)
