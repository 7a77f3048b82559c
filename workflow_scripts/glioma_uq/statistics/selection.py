"""Which dropout rate p and how many passes T: chosen by a rule, on validation cases.

`measures` is a long table (network, rate, passes, task, measure, value) of one network, as
`long_tables.measure_cells` makes it from cells of *validation* cases. The rules:

    nll       the rate of lowest mean rank of the NLL over the classification tasks
    brier     the same of the Brier score
    ece       the same of the ECE, which chance moves more and sharpness not at all
    nll-dice  NLL of the tasks and, as one task more, the highest Dice
    paper     `ece`, read on the *test* cases as the paper did: exploratory, since the numbers
              that the chosen cell then reports are those that it was chosen by
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
EXPLORATORY = {"paper"}  # rules that are read on the test cases


class Choice(NamedTuple):
    """The chosen cell, and whether T is where uncertainty has settled (else the largest T)."""

    rate: float
    passes: int
    rule: str
    exploratory: bool
    settled: bool
    mean_ranks: pd.Series


def choose(measures, rule, tolerance=0.01):
    """Return the `Choice` by `rule`: the rate at the largest T, then the T at that rate.

    Ranks of each task and measure are over rates, 1 = best, ties averaged; a rate without a
    value ranks last, a task without any value has no vote. Equal mean ranks go to the lower
    rate, which perturbs the network less.
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
    """Return (T, settled): the least T from which on every mean uncertainty has settled.

    `measures` are those of one rate; all its rows of a part (predictive, aleatoric, epistemic,
    also of a region, as predictive_brain) vote. `settled` is False where that is only the
    largest T itself, which cannot differ from itself.
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
    """Return the least T with |U_t - U_Tmax| < tolerance |U_Tmax| for every t >= T.

    `passes` [K] ascending, `uncertainty` [K]. A U that is exactly U_Tmax has settled, so that
    an uncertainty of 0 does.
    """
    last = uncertainty[-1]
    off = np.abs(uncertainty - last)
    near = (off < tolerance * abs(last)) | (off == 0)
    return passes[len(passes) - np.argmin(np.append(near[::-1], False))]
