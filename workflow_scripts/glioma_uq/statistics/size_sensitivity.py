"""How overlap changes when the same tumour shrinks: paired within lesion groups.

A lesion group (column `family`) is one phantom subject at several scales of its tumour. Groups
are resampled as a whole, with all scales and seeds, so that every difference is paired.
"""

from functools import partial

from glioma_uq.errors import BadInput
from glioma_uq.overlap.regions import RULES
from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.long_tables import difference, resample_cell
from glioma_uq.statistics.overlap_groups import GroupedResamples, from_reference

REGIONS = ("et", "wt")
MEASURES = ("dice", "tpr")
COLUMNS = ["rule", "scale", "minus"]


def with_scales(table, truth):
    """Return a cell's table of overlap with columns family and scale; `case` becomes the family.

    Cases without a family drop out. Raises BadInput if `truth` lacks these columns.
    """
    missing = {"family", "scale"} - set(truth)
    if missing:
        raise BadInput(
            f"expected the columns family and scale in the cohort's truth.csv, found no "
            f"{' and no '.join(sorted(missing))}; set cohort.phantom.size_sensitivity"
        )
    joined = table.merge(truth[["case", "family", "scale"]].dropna(), on="case")
    return joined.assign(case=joined["family"].astype(str))


def complete_groups(rows):
    """Return the rows of those lesion groups whose region is not empty at any scale.

    Otherwise the TPR is undefined, and scales would be compared over different groups.
    """
    volume = rows.pivot_table("reference_volume_mm3", "case", "scale", aggfunc="min")
    return rows[rows["case"].isin(volume.index[(volume > 0).all(axis=1)])]


def scale_measures(rows, weights, region):
    """Yield (region, measure, replicates [B], n groups) of one scale."""
    n = rows["case"].nunique()
    for measure in MEASURES:
        yield region, measure, weighted_mean(rows[measure], weights), n


def compare_sizes(tables, truth, reference, *, resamples, interval, rng):
    """Return the `GroupedResamples` (rule, scale, minus) of {cell: table of overlap}.

    `minus` is "" for the mean at a scale; `scale 1` for that mean minus the mean at scale 1 (the
    largest); the name of network `reference` for a network minus it at the same scale.
    """
    tables = {cell: with_scales(table, truth) for cell, table in sorted(tables.items())}
    drawn = draw_resamples(tables.values(), resamples, rng)
    levels = []
    for cell, table in tables.items():
        for region in REGIONS:
            for rule in RULES:
                mine = table[(table["region"] == region) & (table["rule"] == rule)]
                for scale, rows in complete_groups(mine).groupby("scale", sort=False):
                    measures = partial(scale_measures, region=region)
                    found = resample_cell(cell, rows, measures, drawn, interval in CORRECTED)
                    levels += [GroupedResamples(d, (rule, float(scale), "")) for d in found]
    levels.sort(key=lambda p: -p.place[1])
    between = [
        GroupedResamples(d, (rule, scale, reference))
        for d, (rule, scale, _) in from_reference(levels, reference)
    ]
    return [*levels, *from_largest(levels), *between]


def from_largest(levels):
    """Yield each of `levels` minus its partner (same cell, region, rule) at the largest scale."""
    largest = max((p.place[1] for p in levels), default=None)
    whole = {_key(p): p.drawn for p in levels if p.place[1] == largest}
    for level in levels:
        rule, scale, _ = level.place
        if scale != largest:
            drawn = difference(level.drawn, whole[_key(level)])
            yield GroupedResamples(drawn, (rule, scale, f"scale {largest:g}"))


def _key(placed):
    return placed.drawn.cell, placed.drawn.task, placed.drawn.measure, placed.place[0]
