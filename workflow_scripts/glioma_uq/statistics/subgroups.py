"""Subgroups of cases: by source, by size of the tumour, and by whether they lack a series."""

import numpy as np
import pandas as pd

SIZES = ("small", "medium", "large")
NO_SOURCE = "unknown"  # the member of the cases whose source is blank


def subgroups(classification, segmentation=None, cases=None):
    """Return {"source": ..., "size": ..., "imputed": ...}, each a Series of a member by case.

    `classification` and `segmentation` are a cell's tables, `cases` is the manifest. A subgroup
    with fewer than two members is left out: one source only, no volumes, or no missing series.
    """
    groups = {"source": by_case(classification, "source").fillna(NO_SOURCE)}
    if segmentation is not None and "tumour_volume_mm3" in segmentation:
        groups["size"] = size_tertiles(by_case(segmentation, "tumour_volume_mm3"))
    if cases is not None:
        imputed = cases.set_index("case")["imputed"].notna()
        groups["imputed"] = imputed.map({True: "yes", False: "no"})
    return {
        name: members for name, members in groups.items() if members[members != ""].nunique() > 1
    }


def by_case(table, column):
    """Return the first value of each case (the same for all seeds), by case."""
    return table.drop_duplicates("case").set_index("case")[column]


def size_tertiles(volume):
    """Return small, medium or large for each true tumour volume [N], in mm3; "" if unknown.

    The limits are the 1/3 and 2/3 quantiles of the known volumes; a volume at a limit belongs
    to the smaller third. A volume of 0 is small.
    """
    known = volume.dropna()
    if known.empty:
        return pd.Series("", index=volume.index)
    limits = np.quantile(known, [1 / 3, 2 / 3])
    sizes = np.array(SIZES)[np.searchsorted(limits, volume.fillna(0), side="left")]
    return pd.Series(np.where(volume.isna(), "", sizes), index=volume.index)
