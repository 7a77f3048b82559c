"""The tables of a study: one module each, with the name of its rule's table and of its file.

A module holds `tabulate`, from inputs and params by name to the table. `make_table.py` passes
what its keyword-only parameters name; `rng` is a function that returns a new random generator.
"""

from importlib import import_module


def table_module(name):
    """Return the module of the table `name`."""
    return import_module(f"{__name__}.{name}")
