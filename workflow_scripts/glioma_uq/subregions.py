"""The parts of a tumour, the regions that they make up, and the classes of a segmentation."""

from functools import reduce
from operator import or_

SUBREGIONS = {"core": 1, "oedema": 2, "enhancing": 3}
# The regions of the BraTS challenge: enhancing tumour, tumour core, whole tumour.
REGIONS = {"et": {"enhancing"}, "tc": {"core", "enhancing"}, "wt": set(SUBREGIONS)}
# How many classes a network tells apart, background included, by the study's `segmentation`.
CLASSES = {"tumour": 2, "subregions": 1 + len(SUBREGIONS)}


def in_region(labels, region):
    """Return where canonical labels, an array or a tensor, belong to one of `REGIONS`: bool."""
    return reduce(or_, (labels == SUBREGIONS[part] for part in sorted(REGIONS[region])))
