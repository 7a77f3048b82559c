"""Summary of the included and excluded cases, for the reports of studies and cohorts."""

from glioma_uq.figures.cells import TASK_NAMES
from glioma_uq.tasks import TASKS, UNKNOWN

CLASS_NAMES = {
    "idh": ("wildtype", "mutated"),
    "1p19q": ("intact", "co-deleted"),
    "grade": ("grade 2", "grade 3", "grade 4"),
}


def about_cases(cases, excluded, cohort, tasks=TASKS):
    """Return [(name, text)]: numbers of cases, their sources, and known labels of `tasks`."""
    sources = cases["source"].value_counts().sort_index()
    left_out = 0 if excluded is None else excluded["case"].nunique()
    facts = [
        ("Cohort", f"{cohort}: {counted(len(cases), 'case')}"),
        ("Left out", counted(left_out, "case")),
        ("Sources", ", ".join(f"{source} {n}" for source, n in sources.items())),
    ]
    for task in (task for task in TASKS if task in tasks):
        labels = cases[task]
        counts = [
            f"{(labels == label).sum()} {name}"
            for label, name in zip(TASKS[task], CLASS_NAMES[task], strict=True)
        ]
        known = f"{(labels != UNKNOWN).sum()} of {len(cases)}: {', '.join(counts)}"
        facts.append((f"{TASK_NAMES[task]} known", known))
    return facts


def counted(number, what):
    """Return "1 case" or "2 cases"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def excluded_rows(excluded):
    """Return [case, step, reason] of each excluded case; None without such a table."""
    if excluded is None:
        return None
    return excluded[["case", "step", "reason"]].fillna("").to_numpy().tolist()
