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

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS, corrected_name

HIGHER_IS_BETTER = {"dice"}
RULES = {
    "nll": ("nll",),
    "brier": ("brier",),
    "ece": ("ece",),
    "nll-dice": ("nll", "dice"),
    "paper": ("ece",),
}
EXPLORATORY = {"paper"}  # rules that use the test cases
COLUMNS = ["network", "rule", "cases", "exploratory",
           "item", "rate", "passes", "task", "measure", "value"]  # fmt: skip


def selection_table(measures, rule, fixed, tolerance=0.01):
    """Return the table of the selected cell of network `measures["network"]`, columns `COLUMNS`.

    Items: one `selected` (value 1 if uncertainty has settled at its T), the `mean_rank` of each
    rate at the largest T, and `stabilised_at`, the T from which each mean uncertainty of each rate
    has settled. `rule` is one of `RULES`, or `fixed`, which takes (rate, passes) from the argument
    `fixed` and has no ranks.
    """
    settling = settled_at(measures, tolerance)
    if rule == "fixed":
        cases, ranks, (rate, passes) = "config", {}, fixed
        settled = (settling.loc[settling["rate"] == rate, "value"] <= passes).all()
    else:
        cases = "test" if rule in EXPLORATORY else "validation"
        rate, passes, settled, ranks = choose(measures, rule, tolerance)
    most = measures["passes"].max()
    rows = [("selected", rate, int(passes), "", "settled", float(settled))]
    rows += [("mean_rank", of, most, "", rule, rank) for of, rank in ranks.items()]
    table = pd.concat([pd.DataFrame(rows, columns=COLUMNS[4:]), settling], ignore_index=True)
    network = measures["network"].iloc[0]
    named = {"network": network, "rule": rule, "cases": cases, "exploratory": rule in EXPLORATORY}
    return table.assign(**named)[COLUMNS]


def choose(measures, rule, tolerance=0.01):
    """Return (rate, T, whether uncertainty has settled there, mean ranks of all rates) by `rule`.

    The rate is that of the lowest mean rank at the largest T; of equal ones the lower rate wins,
    since it perturbs the network less. T is the lowest one from which every mean uncertainty of
    that rate has settled (predictive, aleatoric, epistemic, also by region, as predictive_brain).
    At the largest T it has settled by definition, which does not count.
    """
    if rule not in RULES:
        raise BadInput(f"expected a selection rule among {list(RULES)}, found {rule}; name one")
    most = measures["passes"].max()
    ranks = mean_ranks(measures[measures["passes"] == most], RULES[rule])
    rate = float(ranks.index[np.argmin(ranks.to_numpy())])
    passes = settled_at(measures[measures["rate"] == rate], tolerance)["value"].max()
    if np.isnan(passes):
        raise BadInput("expected mean uncertainties by passes, found none; measure the cells first")
    return rate, int(passes), passes < most, ranks


def mean_ranks(measures, names):
    """Return the mean rank of each rate, ascending, over the tasks and the measures `names`.

    1 = best, ties averaged. A rate without a value ranks last; tasks without any are left out.
    """
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


def settled_at(measures, tolerance=0.01):
    """Return a row for each rate, task and mean uncertainty, with the T where it settles.

    Uncertainties are those without the bias of few passes, where they are known: the plain
    epistemic part grows by some 1 / T, so that even perfect passes have not settled.
    """
    kinds = measures["measure"].str.split("_").str[0]
    mine = without_biased(measures[kinds.isin(UNCERTAINTY_COMPONENTS)]).dropna(subset="value")
    rows = []
    for (rate, task, measure), part in mine.groupby(["rate", "task", "measure"]):
        part = part.sort_values("passes")
        passes = stabilised_at(part["passes"].to_numpy(), part["value"].to_numpy(), tolerance)
        rows.append(("stabilised_at", rate, passes, task, measure, float(passes)))
    return pd.DataFrame(rows, columns=COLUMNS[4:])


def without_biased(measures):
    """Return the rows without those measures of a task of which there is a corrected one."""
    known = set(zip(measures["task"], measures["measure"], strict=True))
    replaced = [(row.task, corrected_name(row.measure)) in known for row in measures.itertuples()]
    return measures[~np.array(replaced, dtype=bool)]


def stabilised_at(passes, uncertainty, tolerance=0.01):
    """Return the lowest T with |U_t - U_Tmax| < tolerance |U_Tmax| for every t >= T.

    `passes` [K] ascending, `uncertainty` [K]. A U that equals U_Tmax has settled, even if it is 0.
    """
    last = uncertainty[-1]
    off = np.abs(uncertainty - last)
    near = (off < tolerance * abs(last)) | (off == 0)
    return passes[len(passes) - np.argmin(np.append(near[::-1], False))]
