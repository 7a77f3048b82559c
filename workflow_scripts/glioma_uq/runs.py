"""The tables that training writes for each network of the grid, read as one table."""

import re

import pandas as pd

from glioma_uq.errors import BadInput

WHERE = re.compile(
    r"(?P<network>[^/]+)/dropout-(?P<rate>[\d.]+)/fold-(?P<fold>[^/]+)/seed-(?P<seed>[^/]+)/[^/]+$"
)
KEYS = ["network", "rate", "fold", "seed"]


def read_runs(paths, network=None):
    """Return tables of trained networks as one: network, rate, fold, seed, then their own columns.

    The path of a table gives its keys: {network}/dropout-{rate}/fold-{fold}/seed-{seed}/.
    Only those of `network` are read, or all if it is None. Raises BadInput for another path, or
    if none is left.
    """
    tables = []
    for path in paths:
        place = WHERE.search(str(path))
        if place is None:
            raise BadInput(
                "expected a path that ends in network/dropout-rate/fold-fold/seed-seed/file.csv, "
                f"found {path}; leave them where training wrote them"
            )
        names = {**place.groupdict(), "rate": float(place["rate"])}
        if network in (None, names["network"]):
            tables.append(pd.read_csv(path).assign(**names))
    if not tables:
        raise BadInput(f"expected tables of the training of {network}, found none; train it first")
    return pd.concat(tables).set_index(KEYS).reset_index()
