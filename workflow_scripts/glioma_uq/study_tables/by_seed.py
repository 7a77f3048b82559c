"""Every measure of each seed of training by itself: how much of a result is chance of training."""

from functools import partial

from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.long_tables import concat_nonempty, plain_values
from glioma_uq.statistics.measures import key_measures, segmentation_measures

MEASURES = ("ece", "nll", "brier", "auc")


def tabulate(*, classification, segmentation, ece, auc_average):
    of_classes = partial(key_measures, ece=ece, auc_average=auc_average, names=MEASURES)
    tables = [
        plain_values(classification, of_classes, by_seed=True),
        plain_values(segmentation, segmentation_measures, by_seed=True),
    ]
    table = concat_nonempty(tables)
    return table[table["seed"].ne(ALL_SEEDS) & table["value"].notna()]
