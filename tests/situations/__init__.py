"""Files, machines and strangers as they are, each rebuilt small, with the right outcome.

`make situations` tries all and prints the list. To add one, decorate a function in a module of
this folder: it gets a tiny cohort, changes what the situation is about, and returns what came of
it, which must be `right`.

    @situation("contrast", "the pre-contrast T1 names NONE as its agent", right="AX T1 POST")
    def agent_none(cohort):
        cohort.series("AX T1", ContrastBolusAgent="NONE")
        cohort.series("AX T1 POST")
        return cohort.taken()["t1ce"]
"""

import importlib
import pkgutil
from typing import NamedTuple

from situations.tiny import TinyCohort

SITUATIONS = []


class Situation(NamedTuple):
    """One situation: under which heading, what it is, what is right, and how it is tried.

    right: what `attempt` is to return; where that is a longer text, a sentence of the pipeline,
        `right` is a part of it.
    attempt: a function of a TinyCohort.
    """

    group: str
    what: str
    right: object
    attempt: object


def situation(group, what, *, right):
    """Enter the decorated function of a TinyCohort among SITUATIONS."""

    def enter(attempt):
        SITUATIONS.append(Situation(group, what, right, attempt))
        return attempt

    return enter


def all_situations():
    """Return every situation of the modules in this folder."""
    for module in pkgutil.iter_modules(__path__):
        if module.name not in ("__main__", "tiny"):
            importlib.import_module(f"situations.{module.name}")
    return SITUATIONS


def outcome(one, folder):
    """Return what came of a situation tried in `folder`; a sentence without the folder's name."""
    found = one.attempt(TinyCohort(folder))
    return found.replace(f"{folder}/", "") if isinstance(found, str) else found


def is_right(one, found):
    """Return whether what came of a situation is right."""
    if isinstance(one.right, str) and isinstance(found, str) and one.right:
        return one.right in found
    return one.right == found
