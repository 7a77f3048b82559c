"""Compare the overlap of every network with that of the first, paired by case."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.statistics.paired_tests import compare_networks
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, overlap, reference, seed, intervals, output):
    rng = np.random.default_rng(seed_for(seed, "bootstrap"))
    table = compare_networks(read_cells(overlap), reference, **intervals, rng=rng)
    write_table(table, output)
    print(f"{len(table)} tests")


if __name__ == "__main__":
    run(main, snakemake)
