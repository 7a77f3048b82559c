"""What several networks ask of their options, refused in one sentence that says which is wrong."""

from glioma_uq.errors import BadInput
from glioma_uq.tasks import TASKS


def check_choice(network, option, found, allowed):
    """Refuse a value that an option of a network does not have."""
    if found not in allowed:
        raise BadInput(
            f"expected {' or '.join(map(str, allowed))} for the option {option} of {network}, "
            f"found {found!r}: correct network_options."
        )


def check_above_zero(network, option, found):
    """Refuse a number that is not above 0."""
    if found <= 0:
        raise BadInput(
            f"expected a number above 0 for the option {option} of {network}, found {found}: "
            "correct network_options."
        )


def check_width(network, width, divisor, least):
    """Refuse a width below `least` or not a multiple of `divisor`."""
    if width < least or width % divisor:
        raise BadInput(
            f"expected a multiple of {divisor} of at least {least} for the option width of "
            f"{network}, found {width}: correct network_options."
        )


def known_tasks(tasks):
    """Return the names of subtyping tasks in the order of `TASKS`; refuse unknown ones."""
    unknown = [task for task in tasks if task not in TASKS]
    if unknown:
        raise BadInput(
            f"expected subtyping tasks among {', '.join(TASKS)}, found {unknown[0]!r}: "
            "correct tasks."
        )
    return tuple(task for task in TASKS if task in tasks)


def check_outlines_only(network, tasks, width, divisor=1):
    """Refuse subtyping tasks, for which a network has no heads, and a width that cannot be."""
    check_width(network, width, divisor, divisor)
    if tasks:
        raise BadInput(
            f"expected no subtyping tasks for {network}, which only outlines the tumour, found "
            f"{', '.join(tasks)}: set tasks to [], or choose a network with heads, as csnet."
        )
