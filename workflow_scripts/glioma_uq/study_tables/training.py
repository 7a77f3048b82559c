"""How each network was trained: activations, gradients, epochs, and whether it collapsed."""

from glioma_uq.runs import read_runs


def tabulate(*, reports):
    return read_runs(reports)
