"""A check that a network can learn from its data."""

from glioma_uq.errors import BadInput
from glioma_uq.plurals import counted
from glioma_uq.tasks import TASKS, UNKNOWN


def check_labels(table, training, tasks=tuple(TASKS)):
    """Print tasks without any label; raise BadInput if only other cases have labels of a task.

    Args:
        table: one row for each case of the cohort, indexed by case, with a column for each task.
        training: ids of the training cases.
    """
    for task in tasks:
        known = table[task] != UNKNOWN
        if not known.any():
            print(f"no case has a label of {task}: its head is not trained")
        elif not known[training].any():
            raise BadInput(
                f"expected labels of {task} among {counted(len(training), 'training case')}, found "
                f"all {known.sum()} in other cases: use more folds, or leave these labels out."
            )
