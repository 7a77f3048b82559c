"""Selection of rows of the long tables for figures and reports, and the names of tasks."""

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.tables import read_table

TASK_NAMES = {"segmentation": "Segmentation", "idh": "IDH", "1p19q": "1p/19q", "grade": "Grade"}
IN_TEXT = TASK_NAMES | {"segmentation": "segmentation", "grade": "grade"}
COLUMNS = ["network", "rate", "passes", "task", "measure", "value", "low", "high", "n"]


def by_task(table):
    """Return {task: its rows} of the tasks in the table, segmentation first."""
    parts = {task: table[table["task"] == task] for task in TASK_NAMES}
    return {task: rows for task, rows in parts.items() if len(rows)}


def read_rows(path, network):
    """Return the rows of `network` of the long table at `path`."""
    return of_network(read_table(path), network)


def of_network(table, network=None):
    """Return the rows of `network`, by default of the table's first network."""
    missing = set(COLUMNS[:4]) - set(table.columns)
    if missing:
        raise BadInput(
            f"expected a table with columns network, rate, passes and task, found none named "
            f"{', '.join(sorted(missing))}; write the statistics again"
        )
    networks = list(table["network"].unique())
    if network is None and networks:
        network = networks[0]
    if network not in networks:
        raise BadInput(
            f"expected results of the network {network}, found {', '.join(networks) or 'none'}; "
            f"name one of them or measure {network}"
        )
    return table[table["network"] == network]


def of_cell(table, rate, passes):
    """Return the rows measured at dropout rate `rate` with `passes` Monte Carlo passes."""
    selected = table[np.isclose(table["rate"].astype(float), rate) & (table["passes"] == passes)]
    if selected.empty:
        cells = table[["rate", "passes"]].drop_duplicates().itertuples(index=False)
        found = ", ".join(f"({cell.rate:g}, {cell.passes:d})" for cell in cells)
        raise BadInput(
            f"expected results at rate {rate:g} and {passes} passes, found (rate, passes) "
            f"{found}; set selection to one of them"
        )
    return selected


def at_passes(table, passes):
    """Return the rows measured with `passes` Monte Carlo passes."""
    selected = table[table["passes"] == passes]
    if selected.empty:
        found = ", ".join(str(number) for number in sorted(table["passes"].unique()))
        raise BadInput(
            f"expected results with {passes} passes, found those with {found or 'none'}; "
            "set selection to one of them"
        )
    return selected


def in_order(table, pairs):
    """Return the rows of the (task, measure) `pairs`, in their order, then by rate and passes."""
    place = {pair: number for number, pair in enumerate(pairs)}
    pair = pd.Series(list(zip(table["task"], table["measure"], strict=True)), table.index)
    rows = table.assign(place=pair.map(place)).dropna(subset="place")
    rows = rows.sort_values(["place", "rate", "passes"], kind="stable", ignore_index=True)
    return rows[[*COLUMNS, *({"seed"} & {*rows})]]
