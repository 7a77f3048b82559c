"""Lesion groups: one lesion in several sizes, each a case of its own, for a paired test of size.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from glioma_uq.errors import BadInput

SIZE = "_size-"  # between the lesion's name and its scale in hundredths


def case_names(lesions, scales=None):
    """Return the names of all cases: one of each lesion, or with `scales` one in every size."""
    names = [f"phantom-{number:03d}" for number in range(1, lesions + 1)]
    if scales is None:
        return names
    if len({round(100 * scale) for scale in scales}) < len(scales):
        raise BadInput(
            "expected cohort.phantom.size_sensitivity to hold scales at least .01 apart, found "
            f"{scales}: leave some out."
        )
    return [name_of(lesion, scale) for lesion in names for scale in scales]


def name_of(lesion, scale):
    """Return the name of a lesion's case: phantom-001 at .65 is phantom-001_size-065."""
    return f"{lesion}{SIZE}{round(100 * scale):03d}"


def lesion_of(case):
    """Return the lesion that a case shows: of phantom-001_size-065, phantom-001."""
    return case.split(SIZE)[0]
