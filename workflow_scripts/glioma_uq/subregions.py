"""The subregions of a tumour, the BraTS regions that they form, and segmentation classes."""

from functools import reduce
from operator import or_

SUBREGIONS = {"core": 1, "oedema": 2, "enhancing": 3}
# The regions of the BraTS challenge: enhancing tumour, tumour core, whole tumour.
REGIONS = {"et": {"enhancing"}, "tc": {"core", "enhancing"}, "wt": set(SUBREGIONS)}
# Number of classes of a network, background included, by the study's `segmentation`.
CLASSES = {"none": 0, "tumour": 2, "subregions": 1 + len(SUBREGIONS)}


def in_region(labels, region):
    """Return the bool mask of one of `REGIONS` from canonical labels, an array or a tensor."""
    return reduce(or_, (labels == SUBREGIONS[name] for name in sorted(REGIONS[region])))
