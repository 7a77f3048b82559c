"""The selected cell, read back by other steps, and the paths of its tables."""

from glioma_uq.predictions import cell_of
from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.tables import read_table


def read_selected_cell(path):
    """Return (rate, passes) of the selected cell from the table at `path`."""
    table = read_table(path)
    row = table[table["item"] == "selected"].iloc[0]
    return float(row["rate"]), int(row["passes"])


def cells_at_selected_passes(selection, *groups):
    """Return {cell: table} of each of several lists of paths, at the selected T."""
    _, passes = read_selected_cell(selection)
    return [read_cells(at_passes(paths, passes)) for paths in groups]


def at_cell(paths, network, rate, passes):
    """Return those of `paths` that belong to one cell."""
    return [path for path in paths if cell_of(path) == (network, rate, passes)]


def at_passes(paths, passes):
    """Return those of `paths` that belong to cells of T = `passes`."""
    return [path for path in paths if cell_of(path).passes == passes]
