"""Compare every dropout rate with the selected one, paired by case, with intervals."""

from functools import partial

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.long_tables import compare_rates, concat_nonempty, write_measures
from glioma_uq.statistics.measures import Ece, classification_measures, segmentation_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell
from glioma_uq.steps import run


def main(*, classification, segmentation, selection, seed, intervals, ece, auc_average, output):
    rate, passes = read_selected_cell(selection)
    of_classes = partial(
        classification_measures, seed=seed, ece=Ece.of_config(**ece), auc_average=auc_average
    )
    tables = [
        compare_rates(
            at_passes(paths, passes),
            measures,
            reference_rate=rate,
            **intervals,
            rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        )
        for paths, measures in ((classification, of_classes), (segmentation, segmentation_measures))
    ]
    write_measures(concat_nonempty(tables), output)


if __name__ == "__main__":
    run(main, snakemake)
