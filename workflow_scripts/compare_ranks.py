"""Compare the uncertainty of incorrect and correct cases in every cell: Mann-Whitney U, Holm."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.rank_tests import compare_cells
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, classification, segmentation, dice_threshold, seed, intervals, output):
    table = compare_cells(
        classification,
        segmentation,
        dice_threshold=dice_threshold,
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        **intervals,
    )
    write_table(table, output)
    print(f"{len(table)} tests")


if __name__ == "__main__":
    run(main, snakemake)
