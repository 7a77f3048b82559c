"""Who trains, who validates and who is tested in each fold: by patient, stratified, seeded."""

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput

STRATA = ["grade", "idh", "1p19q", "source"]


def dealing_order(cases, rng):
    """Return the rows shuffled and then sorted by stratum, so that dealing them out one by
    one gives every hand the same share of every stratum, to within one case."""
    shuffled = cases.iloc[rng.permutation(len(cases))]
    return shuffled.sort_values(STRATA, kind="stable")


def assign_folds(cases, number, validation_share, seed):
    """Return case, fold, split: each case is tested in one fold and seen in all others.

    Args:
        cases: one row for each case: case, source, idh, 1p19q, grade.
        number: how many folds; the test cases of fold k are the k-th hand.
        validation_share: share of each fold's other cases that choose the best weights.
        seed: integer.

    Raises:
        BadInput: there are too few cases for so many folds.
    """
    if len(cases) < 3 * number:
        raise BadInput(
            f"expected at least {3 * number} cases for {number} folds, found {len(cases)}: "
            "use fewer folds or more cases."
        )
    rng = np.random.default_rng(seed)
    dealt = dealing_order(cases, rng)
    hand = np.arange(len(dealt)) % number + 1
    folds = []
    for fold in range(1, number + 1):
        rest = dealing_order(dealt[hand != fold], rng)
        every = round(1 / validation_share)
        validation = set(rest["case"].iloc[::every])
        tested = set(dealt["case"][hand == fold])
        splits = [
            "test" if case in tested else "validation" if case in validation else "training"
            for case in cases["case"]
        ]
        folds.append(pd.DataFrame({"case": cases["case"], "fold": fold, "split": splits}))
    return pd.concat(folds, ignore_index=True)


def cases_of(folds, fold, split):
    """Return the ids of one fold's `training`, `validation` or `test` cases, in table order."""
    return folds.query("fold == @fold and split == @split")["case"].tolist()
