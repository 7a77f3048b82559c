"""Measure what is gained by leaving the most uncertain cases out, at every coverage."""

import numpy as np

from glioma_uq.logs import log_to
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.choice import at_passes, read_choice
from glioma_uq.statistics.curves import risk_coverage_table
from glioma_uq.tables import write_table


def main(*, classification, segmentation, selection, seed, resamples, level, output):
    _, passes = read_choice(selection)
    table = risk_coverage_table(
        at_passes(classification, passes),
        at_passes(segmentation, passes),
        resamples=resamples,
        level=level,
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    write_table(table, output)
    print(f"{len(table)} points")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            selection=snakemake.input.selection,
            seed=snakemake.params.seed,
            resamples=snakemake.params.resamples,
            level=snakemake.params.level,
            output=snakemake.output.table,
        )
