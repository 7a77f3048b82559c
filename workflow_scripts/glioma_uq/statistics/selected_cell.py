"""The selected cell, read back by other steps, and the paths of its tables."""

from glioma_uq.predictions import cell_of
from glioma_uq.tables import read_table


def read_selected_cell(path):
    """Return (rate, passes) of the selected cell from the table at `path`."""
    table = read_table(path)
    row = table[table["item"] == "choice"].iloc[0]
    return float(row["rate"]), int(row["passes"])


def at_cell(paths, network, rate, passes):
    """Return those of `paths` that belong to one cell."""
    return [path for path in paths if cell_of(path) == (network, rate, passes)]


def at_passes(paths, passes):
    """Return those of `paths` that belong to cells of T = `passes`."""
    return [path for path in paths if cell_of(path).passes == passes]
