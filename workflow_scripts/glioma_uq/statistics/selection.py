"""Select the dropout rate p and the number of passes T by a rule, on validation cases.

`measures` is a long table (network, rate, passes, task, measure, value) of one network, as
`long_tables.measure_cells` makes it from cells of *validation* cases. The rules:

    nll       the rate with the lowest mean rank of the NLL over the classification tasks
    brier     the same for the Brier score
    ece       the same for the ECE, which is noisier and ignores sharpness
    nll-dice  NLL of the tasks and, as one more task, Dice
    paper     `ece` on the *test* cases, as in the paper: exploratory, since the selected cell is
              then reported on the same numbers that selected it
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

HIGHER_IS_BETTER = {"dice"}
RULES = {
    "nll": ("nll",),
    "brier": ("brier",),
    "ece": ("ece",),
    "nll-dice": ("nll", "dice"),
    "paper": ("ece",),
}
EXPLORATORY = {"paper"}  # rules that use the test cases


class Choice(NamedTuple):
    """The selected cell, and whether uncertainty has settled at its T (else T is the largest)."""

    rate: float
    passes: int
    rule: str
    exploratory: bool
    settled: bool
    mean_ranks: pd.Series


def choose(measures, rule, tolerance=0.01):
    """Return the `Choice` by `rule`: the rate at the largest T, then the T at that rate.

    Rates are ranked for each task and measure, 1 = best, ties averaged. A rate without a value
    ranks last; tasks without any value are left out. Of equal mean ranks the lower rate wins,
    since it perturbs the network less.
    """
    if rule not in RULES:
        raise BadInput(f"expected a selection rule among {list(RULES)}, found {rule}; name one")
    most = measures["passes"].max()
    ranks = mean_ranks(measures[measures["passes"] == most], RULES[rule])
    rate = float(ranks.index[np.argmin(ranks.to_numpy())])
    passes, settled = choose_passes(measures[measures["rate"] == rate], tolerance)
    return Choice(rate, passes, rule, rule in EXPLORATORY, settled, ranks)


def mean_ranks(measures, names):
    """Return the mean rank of each rate, ascending, over the tasks and the measures `names`."""
    mine = measures[measures["measure"].isin(names)]
    by_rate = mine.pivot(index="rate", columns=["measure", "task"], values="value")
    by_rate = by_rate.sort_index().dropna(axis="columns", how="all")
    if by_rate.empty:
        raise BadInput(
            f"expected values of {', '.join(names)} on the cases to choose by, found none; use "
            "another rule or more validation cases"
        )
    better_if_higher = [name in HIGHER_IS_BETTER for name, _ in by_rate.columns]
    losses = by_rate * np.where(better_if_higher, -1, 1)
    return losses.rank(method="average", na_option="bottom").mean(axis="columns")


def choose_passes(measures, tolerance=0.01, parts=UNCERTAINTY_COMPONENTS):
    """Return (T, settled): the lowest T from which every mean uncertainty has settled.

    `measures` are those of one rate. All rows of a component count (predictive, aleatoric,
    epistemic, also by region, as predictive_brain). `settled` is False if T is the largest,
    where it has settled by definition.
    """
    mine = measures[measures["measure"].str.split("_").str[0].isin(parts)]
    by_passes = mine.pivot(index="passes", columns=["measure", "task"], values="value")
    by_passes = by_passes.sort_index().dropna(axis="columns")
    if by_passes.empty:
        raise BadInput("expected mean uncertainties by passes, found none; measure the cells first")
    passes = max(
        stabilised_at(by_passes.index.to_numpy(), by_passes[name].to_numpy(), tolerance)
        for name in by_passes
    )
    return int(passes), bool(passes < by_passes.index.max())


def stabilised_at(passes, uncertainty, tolerance=0.01):
    """Return the lowest T with |U_t - U_Tmax| < tolerance |U_Tmax| for every t >= T.

    `passes` [K] ascending, `uncertainty` [K]. A U that equals U_Tmax has settled, even if it is 0.
    """
    last = uncertainty[-1]
    off = np.abs(uncertainty - last)
    near = (off < tolerance * abs(last)) | (off == 0)
    return passes[len(passes) - np.argmin(np.append(near[::-1], False))]
