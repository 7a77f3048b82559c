"""Every measure of each seed of training by itself: how much of a result is chance of training."""

from functools import partial

from glioma_uq.statistics.long_tables import concat_nonempty, measure_seeds
from glioma_uq.statistics.measures import key_measures, segmentation_measures

MEASURES = ("ece", "nll", "brier", "auc")


def tabulate(*, classification, segmentation, intervals, ece, auc_average, rng):
    of_classes = partial(key_measures, ece=ece, auc_average=auc_average, names=MEASURES)
    tables = [
        measure_seeds(paths, measures, **intervals, rng=rng)
        for paths, measures in ((classification, of_classes), (segmentation, segmentation_measures))
    ]
    return concat_nonempty(tables)
