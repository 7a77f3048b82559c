"""Measure the overlap of each region by case group and lesion size, with intervals."""

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.froc import curves, resample_lesions
from glioma_uq.statistics.long_tables import long_table, read_cells, write_measures
from glioma_uq.statistics.overlap_groups import resample_groups
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, overlap, lesions, seed, intervals, overlap_table, lesion_table, froc):
    tables, lesions = read_cells(overlap), read_cells(lesions)
    shown = {name: intervals[name] for name in ("level", "interval")}
    sampled = {name: intervals[name] for name in ("resamples", "interval")}

    def rng():
        return np.random.default_rng(seed_for(seed, "bootstrap"))

    grouped = resample_groups(tables, **sampled, rng=rng())
    write_measures(long_table(grouped, ["group", "rule"], **shown), overlap_table)
    grouped = resample_lesions(tables, lesions, **sampled, rng=rng())
    write_measures(long_table(grouped, ["group", "rule", "n_lesions"], **shown), lesion_table)
    write_table(curves(tables, lesions), froc)


if __name__ == "__main__":
    run(main, snakemake)
