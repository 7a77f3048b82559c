"""What would teach a network nothing, refused or said while it trains."""

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.tasks import TASKS, UNKNOWN


def check_finite(loss, epoch):
    """Refuse to go on with a loss that is not a number."""
    if not np.isfinite(loss):
        raise BadInput(
            f"expected a finite loss, found {loss} in epoch {epoch}: lower training.learning_rate "
            "or set training.gradient_clip."
        )


def check_labels(table, training, tasks=tuple(TASKS)):
    """Say which tasks no case has a label of; refuse one that only other cases have labels of.

    Args:
        table: one row for each case of the cohort, indexed by case, with a column a task.
        training: ids of the training cases.
        tasks: the tasks that the network has.
    """
    for task in tasks:
        known = table[task] != UNKNOWN
        if not known.any():
            print(f"no case has a label of {task}: its head stays untrained")
        elif not known[training].any():
            raise BadInput(
                f"expected labels of {task} among the {len(training)} training cases, found all "
                f"{known.sum()} among the others: use more folds, or leave these labels out."
            )
