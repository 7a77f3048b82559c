"""How many patients a split needs, and what to change where there are fewer.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import math

from glioma_uq.errors import BadInput

FEWEST_TESTED = 3  # patients in each test set
LARGEST_TEST_SHARE = 0.5  # of a holdout, as in the config's schema


def check_enough(n, number, test_share, where):
    """Raise BadInput if a fold would test fewer than three patients.

    Args:
        n: number of patients.
        number: number of folds.
        test_share: share of test patients in a holdout, None for cross-validation.
        where: where they are, as "in labels.csv".
    """
    if test_share is None:
        fewest, splits = FEWEST_TESTED * number, f"{number} folds"
    else:
        fewest = math.ceil(FEWEST_TESTED / test_share - 1e-9)
        splits = f"a holdout with a test share of {test_share}"
    if n >= fewest:
        return
    fewest_of_all = round(FEWEST_TESTED / LARGEST_TEST_SHARE)  # two folds need as many
    if n < fewest_of_all:
        change = f"add patients, every split needs {fewest_of_all}"
    elif test_share is None:
        change = f"set folds.number to at most {n // FEWEST_TESTED}, or add patients"
    else:
        share = math.ceil(100 * FEWEST_TESTED / n) / 100
        change = f"set folds.test_share to at least {share:g}, or add patients"
    raise BadInput(
        f"expected at least {fewest} patients for {splits}, found {n} {where}: {change}."
    )
