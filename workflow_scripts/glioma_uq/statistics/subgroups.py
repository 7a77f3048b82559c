"""Which cases belong together: those of one source, those with tumours of similar size."""

import numpy as np
import pandas as pd

SIZES = ("small", "medium", "large")


def subgroups(classification, segmentation=None):
    """Return {"source": ..., "size": ...}, each a Series of the case's member, by case.

    `classification` and `segmentation` are a cell's tables. A subgroup is left out where it
    is not defined: fewer than two sources, or no volumes.
    """
    groups = {"source": by_case(classification["case"], classification["source"])}
    if segmentation is not None and "tumour_volume_mm3" in segmentation:
        volume = by_case(segmentation["case"], segmentation["tumour_volume_mm3"])
        groups["size"] = size_tertiles(volume)
    return {
        name: members for name, members in groups.items() if members[members != ""].nunique() > 1
    }


def by_case(cases, values):
    """Return the first value of each case (its seeds agree), by case id as text."""
    series = pd.Series(values.to_numpy(), index=cases.astype(str).to_numpy())
    return series[~series.index.duplicated()]


def size_tertiles(volume):
    """Return small, medium or large for each true tumour volume [N], in mm3; "" where unknown.

    The limits are the 1/3 and 2/3 quantiles of the known volumes; a volume at a limit belongs
    to the smaller third. A volume of 0 is a tumour of no size: small.
    """
    known = volume.dropna()
    if known.empty:
        return pd.Series("", index=volume.index)
    limits = np.quantile(known, [1 / 3, 2 / 3])
    sizes = np.array(SIZES)[np.searchsorted(limits, volume.fillna(0), side="left")]
    return pd.Series(np.where(volume.isna(), "", sizes), index=volume.index)
