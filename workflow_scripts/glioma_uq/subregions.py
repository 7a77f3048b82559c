"""The subregions of a tumour, the BraTS regions that they form, and segmentation classes.

A resection cavity is beside the tumour: no mask, volume or probability of tumour counts it. Only
networks of `segmentation: subregions_and_cavity` tell it from background.
"""

from functools import reduce
from operator import or_

SUBREGIONS = {"core": 1, "oedema": 2, "enhancing": 3}
LABELS = SUBREGIONS | {"cavity": 4}  # the labels of our segmentations; 0 is background
# The regions of the BraTS challenge: enhancing tumour, tumour core, whole tumour.
REGIONS = {"et": {"enhancing"}, "tc": {"core", "enhancing"}, "wt": set(SUBREGIONS)}
CAVITY = {"rc": {"cavity"}}  # the resection cavity, a region of the challenge since 2024
# Number of classes of a network, background included, by the study's `segmentation`.
CLASSES = {
    "none": 0,
    "tumour": 2,
    "subregions": 1 + len(SUBREGIONS),
    "subregions_and_cavity": 1 + len(LABELS),
}
TUMOUR = slice(1, 1 + len(SUBREGIONS))  # the classes of tumour among any such number of classes


def tells_subregions(segmentation):
    """Return whether networks of a study with this `segmentation` tell subregions apart."""
    return CLASSES[segmentation] >= CLASSES["subregions"]


def regions_of(classes):
    """Return the names of the regions that networks of so many classes tell apart."""
    cavity = CAVITY if classes == CLASSES["subregions_and_cavity"] else {}
    return [*REGIONS, *cavity] if classes >= CLASSES["subregions"] else []


def in_region(labels, region):
    """Return the bool mask of a region from canonical labels, an array or a tensor.

    `region`: one of `REGIONS` or `CAVITY`. The whole tumour, "wt", is also that of labels 0 and 1.
    """
    parts = (REGIONS | CAVITY)[region]
    return reduce(or_, (labels == LABELS[name] for name in sorted(parts)))
