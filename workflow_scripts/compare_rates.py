"""Compare every dropout rate with the chosen one, case by case, with intervals."""

from functools import partial

import numpy as np

from glioma_uq.logs import log_to
from glioma_uq.seeds import seed_for
from glioma_uq.statistics.choice import at_passes, read_choice
from glioma_uq.statistics.long_tables import compare_rates, together, write_measures
from glioma_uq.statistics.measures import Ece, classification_measures, segmentation_measures


def main(*, classification, segmentation, selection, seed, intervals, ece, auc_average, output):
    rate, passes = read_choice(selection)
    of_classes = partial(
        classification_measures, seed=seed, ece=Ece.of_config(**ece), auc_average=auc_average
    )
    parts = [
        compare_rates(
            at_passes(paths, passes),
            measures,
            reference_rate=rate,
            **intervals,
            rng=np.random.default_rng(seed_for(seed, "bootstrap")),
        )
        for paths, measures in ((classification, of_classes), (segmentation, segmentation_measures))
    ]
    write_measures(together(parts), output)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            selection=snakemake.input.selection,
            seed=snakemake.params.seed,
            intervals=snakemake.params.intervals,
            ece=snakemake.params.ece,
            auc_average=snakemake.params.auc_average,
            output=snakemake.output.table,
        )
