"""Measure overlap, uncertainty and their association in every cell, with intervals."""

import numpy as np

from glioma_uq.predictions import cell_of
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import (
    COLUMNS,
    concat_nonempty,
    measure_tables,
    read_cells,
    write_measures,
)
from glioma_uq.statistics.measures import segmentation_measures, voxel_measures
from glioma_uq.statistics.voxel_calibration import counts_by_case
from glioma_uq.steps import run
from glioma_uq.tables import read_table


def main(*, cells, seed, intervals, output, voxels=()):
    counted = {cell_of(path): counts_by_case(read_table(path)) for path in voxels}
    parts = [
        measure_tables(
            tables,
            measures,
            **intervals,
            rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        )
        for tables, measures in (
            (read_cells(cells), segmentation_measures),
            (counted, voxel_measures),
        )
    ]
    table = concat_nonempty(parts)
    write_measures(table.sort_values(COLUMNS[:3], kind="stable"), output)


if __name__ == "__main__":
    run(main, snakemake)
