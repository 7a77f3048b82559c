"""The selected cell by source, by tertile of tumour size, and by whether series are imputed."""

from functools import partial

from glioma_uq.statistics.long_tables import concat_nonempty, measure_subgroups
from glioma_uq.statistics.measures import classification_measures, segmentation_measures
from glioma_uq.statistics.selected_cell import at_cell, read_selected_cell
from glioma_uq.statistics.subgroups import subgroups
from glioma_uq.tables import read_table


def tabulate(*, classification, segmentation, selection, volumes, network, seed, intervals, ece,
             auc_average, rng):  # fmt: skip
    cell = (network, *read_selected_cell(selection))
    classification, segmentation = (at_cell(p, *cell) for p in (classification, segmentation))
    tables = [read_table(path) for path in (*classification, *segmentation)]
    cases = read_table(volumes) if volumes else None
    groups = subgroups(tables[0], tables[-1], cases)
    of_classes = partial(classification_measures, seed=seed, ece=ece, auc_average=auc_average)
    parts = [
        measure_subgroups(paths, measures, groups, **intervals, rng=rng())
        for paths, measures in ((classification, of_classes), (segmentation, segmentation_measures))
    ]
    return concat_nonempty(parts)
