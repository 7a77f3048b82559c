"""Every dropout rate minus the selected one, paired by case, with intervals."""

from functools import partial

from glioma_uq.statistics.long_tables import compare_rates, concat_nonempty
from glioma_uq.statistics.measures import classification_measures, segmentation_measures
from glioma_uq.statistics.selected_cell import at_passes, read_selected_cell


def tabulate(*, classification, segmentation, selection, seed, intervals, ece, auc_average, rng):
    rate, passes = read_selected_cell(selection)
    of_classes = partial(classification_measures, seed=seed, ece=ece, auc_average=auc_average)
    return concat_nonempty(
        [
            compare_rates(
                at_passes(paths, passes), measures, reference_rate=rate, **intervals, rng=rng()
            )
            for paths, measures in (
                (classification, of_classes),
                (segmentation, segmentation_measures),
            )
        ]
    )
