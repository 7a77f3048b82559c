"""How each network was trained: activations, gradients, epochs, and whether it collapsed."""

from glioma_uq.grid import format_rate
from glioma_uq.runs import read_runs


def tabulate(*, reports):
    table = read_runs(reports)
    return table.assign(rate=table["rate"].map(format_rate))
