"""Measure risk when the most uncertain cases are rejected, at every coverage."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.curves import risk_coverage_table
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, classification, segmentation, selection, seed, intervals, output):
    _, passes = read_selected_cell(selection)
    table = risk_coverage_table(
        at_passes(classification, passes),
        at_passes(segmentation, passes),
        resamples=intervals["resamples"],
        level=intervals["level"],
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    write_table(table, output)
    print(f"{len(table)} points")


if __name__ == "__main__":
    run(main, snakemake)
