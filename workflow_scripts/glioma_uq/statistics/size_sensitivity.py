"""How overlap changes when the same tumour shrinks: paired within lesion groups.

A lesion group is one phantom subject at several scales of its tumour. Groups are resampled
as a whole, with all scales and seeds, so that every difference is paired.
"""

from functools import partial

from glioma_uq.errors import BadInput
from glioma_uq.overlap.regions import RULES
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.long_tables import difference, from_reference, partners, resample_cell
from glioma_uq.statistics.overlap_groups import overlap_measures

REGIONS = ("et", "wt")
MEASURES = ("dice", "tpr")
COLUMNS = ["rule", "scale", "minus"]


def with_scales(table, truth):
    """Return a cell's table of overlap with both columns of `truth`; `case` becomes the group.

    Cases without a group drop out. Raises BadInput if `truth` lacks these columns.
    """
    missing = {"lesion_group", "scale"} - set(truth)
    if missing:
        raise BadInput(
            f"expected the columns lesion_group and scale in the cohort's truth.csv, found no "
            f"{' and no '.join(sorted(missing))}; set cohort.phantom.size_sensitivity"
        )
    joined = table.merge(truth[["case", "lesion_group", "scale"]].dropna(), on="case")
    return joined.assign(case=joined["lesion_group"].astype(str))


def complete_groups(rows):
    """Return the rows of those lesion groups whose region is not empty at any scale.

    Otherwise the TPR is undefined, and scales would be compared over different groups.
    """
    volume = rows.pivot_table("reference_volume_mm3", "case", "scale", aggfunc="min")
    return rows[rows["case"].isin(volume.index[(volume > 0).all(axis=1)])]


def compare_sizes(tables, truth, reference, *, resamples, interval, rng):
    """Return the `BootstrapResult`s at (rule, scale, minus) of {cell: table of overlap}.

    `minus` is "" for the mean at a scale; `scale 1` for that mean minus the mean at scale 1 (the
    largest); the name of network `reference` for a network minus it at the same scale.
    """
    tables = {cell: with_scales(table, truth) for cell, table in sorted(tables.items())}
    drawn = draw_resamples(tables.items(), resamples, rng)
    levels = []
    for cell, table in tables.items():
        for region in REGIONS:
            measures = partial(overlap_measures, region=region, measures=MEASURES)
            for rule in RULES:
                mine = table[(table["region"] == region) & (table["rule"] == rule)]
                for scale, rows in complete_groups(mine).groupby("scale", sort=False):
                    place = (rule, float(scale), "")
                    levels += resample_cell(cell, rows, measures, drawn, interval, place)
    levels.sort(key=lambda level: -level.place[1])
    between = [
        level._replace(place=(*level.place[:2], reference))
        for level in from_reference(levels, network=reference)
    ]
    return [*levels, *from_largest(levels), *between]


def from_largest(levels):
    """Yield each of `levels` minus its partner (same cell, region, rule) at the largest scale."""
    largest = max((level.place[1] for level in levels), default=None)
    pairs = partners(levels, lambda level: level._replace(place=(level.place[0], largest, "")))
    for level, whole in pairs:
        rule, scale, _ = level.place
        yield difference(level, whole)._replace(place=(rule, scale, f"scale {largest:g}"))
