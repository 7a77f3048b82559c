"""Families: one lesion in several sizes, each a case of its own, for a paired test of size.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from glioma_uq.errors import BadInput

SIZE = "_size-"  # between the family's name and its scale in hundredths


def lesion_names(families):
    """Return the names of so many families, which are the cases where each has one size only."""
    return [f"phantom-{number:03d}" for number in range(1, families + 1)]


def case_names(families, scales=None):
    """Return the names of all cases: `scales` None has one case a family, of the family's name."""
    if scales is None:
        return lesion_names(families)
    check_scales(scales)
    return [name_of(family, scale) for family in lesion_names(families) for scale in scales]


def name_of(family, scale):
    """Return the name of a family's case: phantom-001 at .65 is phantom-001_size-065."""
    return f"{family}{SIZE}{round(100 * scale):03d}"


def lesion_of(case):
    """Return the family that a case belongs to: of phantom-001_size-065, phantom-001."""
    return case.split(SIZE)[0]


def check_scales(scales):
    """Refuse two scales that would give their cases one name."""
    if len({round(100 * scale) for scale in scales}) < len(scales):
        raise BadInput(
            "expected cohort.phantom.size_sensitivity to hold scales at least .01 apart, found "
            f"{scales}: leave some out."
        )


def in_every_size(rows, scales):
    """Return each family's row once for every size; `case` becomes the name of that size."""
    return [row | {"case": name_of(row["case"], scale)} for row in rows for scale in scales]


def with_scales(rows, scales):
    """Return the truth of each family once for every size, with the columns `family` and `scale`.

    diameter_mm stays that at scale 1, from which every size is drawn.
    """
    sizes = [{"family": row["case"], "scale": float(scale)} for row in rows for scale in scales]
    return [row | size for row, size in zip(in_every_size(rows, scales), sizes, strict=True)]
