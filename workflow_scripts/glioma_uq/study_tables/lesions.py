"""Overlap and detection of single lesions by their size, with intervals."""

from functools import partial

from glioma_uq.statistics.froc import resample_lesions
from glioma_uq.statistics.long_tables import grouped_table, read_cells


def tabulate(*, overlap, lesions, intervals, rng):
    resample = partial(resample_lesions, lesions=read_cells(lesions))
    columns = ["group", "rule", "n_lesions"]
    return grouped_table(resample, read_cells(overlap), columns, rng=rng(), **intervals)
