"""Compute one table of a study by its module in glioma_uq.study_tables."""

from glioma_uq.steps import arguments_of, run

import numpy as np

from glioma_uq.seeds import seed_for
from glioma_uq.statistics.measures import Ece
from glioma_uq.study_tables import table_module
from glioma_uq.tables import write_table


def main(*, table, output, seed=None, ece=None, **given):
    """Write the table and print how long it is, and which intervals are missing and why.

    Args:
        table: its name.
        seed: of the bootstrap; `tabulate` gets `rng`, a function that returns a new generator.
        ece: settings of the expected calibration error; `tabulate` gets an `Ece`.
        given: inputs and params; `tabulate` gets those that it names.
    """
    given |= {
        "seed": seed,
        "rng": lambda: np.random.default_rng(seed_for(seed, "bootstrap")),
        "ece": ece and Ece.of_config(**ece),
    }
    tabulate = table_module(table).tabulate
    rows = tabulate(**arguments_of(tabulate, given))
    write_table(rows, output)
    print(f"{len(rows)} rows")
    refused = rows[rows["reason"] != ""] if "reason" in rows else rows[:0]
    if len(refused):
        print(f"{len(refused)} without an interval:")
        print(refused.drop(columns=["low", "high"], errors="ignore").to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
