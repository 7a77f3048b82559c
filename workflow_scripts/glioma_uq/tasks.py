"""The three subtyping tasks, their class codes in the tables, and the code of unknown."""

TASKS = {"idh": (0, 1), "1p19q": (0, 1), "grade": (2, 3, 4)}
UNKNOWN = -1


def class_index(task, label):
    """Return the position of `label` among the classes of `task`, or -1 where it is unknown."""
    return UNKNOWN if label == UNKNOWN else TASKS[task].index(label)
