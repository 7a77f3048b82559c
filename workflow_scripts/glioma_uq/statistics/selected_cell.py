"""The selected cell: written as a table with its selection criteria, read back by other steps."""

import pandas as pd

from glioma_uq.predictions import cell_of
from glioma_uq.statistics.long_tables import read_cells
from glioma_uq.statistics.selection import EXPLORATORY, choose, stabilised_at
from glioma_uq.tables import read_table
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

COLUMNS = ["network", "rule", "cases", "exploratory",
           "item", "rate", "passes", "task", "measure", "value"]  # fmt: skip


def selection_table(measures, rule, fixed, tolerance=0.01):
    """Return the table of the selected cell of network `measures["network"]`, columns `COLUMNS`.

    Items: one `choice` (value 1 if uncertainty has settled at its T), the `mean_rank` of each
    rate (not for the rule fixed), and `stabilised_at`, the T from which each mean uncertainty of
    each rate has settled.

    Args:
        measures: a long table of one network; of validation cases, or of test cases for the
            rules fixed and paper.
        rule: fixed, or one of `selection.RULES`.
        fixed: (rate, passes) for the rule fixed.
        tolerance: see `selection.stabilised_at`.
    """
    settling = settled_at(measures, tolerance)
    if rule == "fixed":
        rate, passes = fixed
        mine = settling.loc[settling["rate"] == rate, "value"]
        rows = [_row("choice", rate, passes, "", "settled", float((mine <= passes).all()))]
        cases = "config"
    else:
        choice = choose(measures, rule, tolerance)
        rows = [_row("choice", choice.rate, choice.passes, "", "settled", float(choice.settled))]
        most = measures["passes"].max()
        rows += [_row("mean_rank", r, most, "", rule, x) for r, x in choice.mean_ranks.items()]
        cases = "test" if rule in EXPLORATORY else "validation"
    table = pd.concat([pd.DataFrame(rows), settling], ignore_index=True)
    network = measures["network"].iloc[0]
    named = {"network": network, "rule": rule, "cases": cases, "exploratory": rule in EXPLORATORY}
    return table.assign(**named)[COLUMNS]


def settled_at(measures, tolerance=0.01):
    """Return a row for each rate, task and mean uncertainty, with the T where it settles."""
    mine = measures[measures["measure"].str.split("_").str[0].isin(UNCERTAINTY_COMPONENTS)]
    rows = []
    for (rate, task, measure), part in mine.dropna(subset="value").groupby(
        ["rate", "task", "measure"], sort=True
    ):
        part = part.sort_values("passes")
        passes = stabilised_at(part["passes"].to_numpy(), part["value"].to_numpy(), tolerance)
        rows.append(_row("stabilised_at", rate, passes, task, measure, float(passes)))
    return pd.DataFrame(rows)


def _row(item, rate, passes, task, measure, value):
    return {"item": item, "rate": rate, "passes": int(passes), "task": task, "measure": measure,
            "value": value}  # fmt: skip


def read_selected_cell(path):
    """Return (rate, passes) of the selected cell from the table at `path`."""
    table = read_table(path)
    row = table[table["item"] == "choice"].iloc[0]
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
