"""Numbers, lists and recurring sentences as text in headlines, captions and reports."""

from glioma_uq.tasks import TASKS

CLASS_NAMES = {
    "idh": ("wildtype", "mutated"),
    "1p19q": ("intact", "co-deleted"),
    "grade": ("grade 2", "grade 3", "grade 4"),
}
GIVEN = (
    "Intervals are given these networks: with fewer than two seeds of training, they do not tell "
    "how far other trainings would differ."
)


def joined(parts):
    """Return "a", "a and b" or "a, b and c"; "none" if empty."""
    *most, last = list(parts) or ["none"]
    return f"{', '.join(most)} and {last}" if most else last


def format_number(value, form=".2f"):
    """Return a number with a true minus, and without one where it rounds to 0."""
    sign = "+" * form.startswith("+")
    return f"{value:{sign}z{form.removeprefix('+')}}".replace("-", "−")


def format_range(values, form=".2f"):
    """Return "0.12 to 0.31", or one number if both ends read alike."""
    low, high = (format_number(end, form) for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def class_counts(task, counts):
    """Return "5 wildtype, 1 mutated" of a task's {class: number of cases}."""
    names = zip(TASKS[task], CLASS_NAMES[task], strict=True)
    return ", ".join(f"{counts[label]} {name}" for label, name in names)
