"""Measure the selected cell by source and by tertile of tumour size."""

from functools import partial

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import concat_nonempty, measure_subgroups, write_measures
from glioma_uq.statistics.measures import Ece, classification_measures, segmentation_measures
from glioma_uq.statistics.selected_cell import at_cell, read_selected_cell
from glioma_uq.statistics.subgroups import subgroups
from glioma_uq.steps import run
from glioma_uq.tables import read_table


def main(*, classification, segmentation, selection, network, seed, intervals, ece, auc_average,
         output):  # fmt: skip
    cell = (network, *read_selected_cell(selection))
    classification, segmentation = (
        at_cell(paths, *cell) for paths in (classification, segmentation)
    )
    tables = [read_table(path) for path in (*classification, *segmentation)]
    groups = subgroups(tables[0], tables[-1])
    of_classes = partial(
        classification_measures, seed=seed, ece=Ece.of_config(**ece), auc_average=auc_average
    )
    parts = [
        measure_subgroups(
            paths,
            measures,
            groups,
            **intervals,
            rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        )
        for paths, measures in ((classification, of_classes), (segmentation, segmentation_measures))
    ]
    write_measures(concat_nonempty(parts), output)


if __name__ == "__main__":
    run(main, snakemake)
