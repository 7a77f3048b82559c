"""The free-response operating characteristic (FROC) of every cell whose labels are kept."""

from glioma_uq.statistics.froc import curves
from glioma_uq.statistics.long_tables import read_cells


def tabulate(*, overlap, lesions):
    return curves(read_cells(overlap), read_cells(lesions))
