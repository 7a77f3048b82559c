"""Measure uncertainty by enhancing tumour size, and how well it detects missed tumour."""

import numpy as np
import pandas as pd

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import (
    concat_nonempty,
    from_reference,
    long_table,
    read_cells,
    write_measures,
)
from glioma_uq.statistics.size_uncertainty import resample_by_size, without_histograms
from glioma_uq.steps import run


def main(*, segmentation, overlap, voxels, reference, seed, intervals, output, differences):
    tables = [read_cells(paths) for paths in (segmentation, overlap, voxels)]
    shown = {name: intervals[name] for name in ("level", "interval")}
    grouped = resample_by_size(
        *tables,
        resamples=intervals["resamples"],
        interval=intervals["interval"],
        rng=np.random.default_rng(seed_for(seed, "bootstrap")),
    )
    table = long_table(grouped, ["group"], **shown)
    rows = without_histograms(set(tables[1]) - set(tables[2]))
    unknown = pd.DataFrame(rows, columns=table.columns)
    write_measures(concat_nonempty([table, unknown]), output)
    compared = long_table(from_reference(grouped, network=reference), ["group"], **shown)
    compared.insert(1, "reference", reference)
    write_measures(compared, differences)


if __name__ == "__main__":
    run(main, snakemake)
