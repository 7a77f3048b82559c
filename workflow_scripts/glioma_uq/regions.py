"""Regions over which voxel uncertainty is averaged to one number for each case.

A region is a mask, or weights, over the voxels. For each, the table has the columns
{region}_{kind} and {region}_reason: why an empty region has no mean.
"""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, find_objects

from glioma_uq.overlap.masks import surface

REGIONS = ("brain", "tumour", "dilated", "boundary", "top", "rim", "outside", "tumour_or_top")
RADIUS_MM = 5.0
SIGMA_MM = 5.0
REACH = 4  # sigmas beyond which the boundary's weight (3e-4 there) is 0
TOP_SHARE = 0.05


def distance_to_surface(mask, voxel_sizes_mm, reach_mm):
    """Return the distance in mm of every voxel's centre to the surface of `mask`.

    Distances beyond `reach_mm` are infinite, so only a box around the mask is computed.

    Args:
        mask: (X, Y, Z) bool array, not empty.
        voxel_sizes_mm: edges of a voxel.
        reach_mm: largest distance of interest.
    """
    distance = np.full(mask.shape, np.inf)
    margin = np.ceil(reach_mm / np.asarray(voxel_sizes_mm)).astype(int)
    extent = find_objects(mask.astype(np.uint8))[0]
    box = tuple(slice(max(s.start - m, 0), s.stop + m) for s, m in zip(extent, margin, strict=True))
    near = distance_transform_edt(~surface(mask[box]), sampling=voxel_sizes_mm)
    distance[box] = np.where(near <= reach_mm, near, np.inf)
    return distance


def most_uncertain(uncertainty, brain, share=TOP_SHARE):
    """Return the mask of the `share` most uncertain brain voxels, ties included."""
    values = uncertainty[brain]
    if len(values) == 0:
        return brain
    number = max(1, round(share * len(values)))
    threshold = np.partition(values, len(values) - number)[len(values) - number]
    return brain & (uncertainty >= threshold)


def find_regions(predicted, brain, uncertainty, voxel_sizes_mm):
    """Return the regions of a case by name, each (X, Y, Z): bool masks, or weights in float64.

    - brain: the brain mask.
    - tumour: the predicted tumour, where tumour is the most probable class in the mean pass.
    - dilated: the tumour and the brain within 5 mm of it.
    - boundary: brain voxels weighted by exp(-d² / 2σ²), d their distance to the tumour's
      surface, σ = 5 mm.
    - top: the 5 % of brain voxels with the largest predictive uncertainty.
    - rim: dilated without the tumour; it shows a tumour that was segmented too small.
    - outside: the brain without the tumour; it shows a tumour that was missed.
    - tumour_or_top: the tumour, or `top` if the tumour is empty.

    Args:
        predicted, brain: bool arrays (X, Y, Z).
        uncertainty: predictive uncertainty, (X, Y, Z).
        voxel_sizes_mm: edges of a voxel.
    """
    empty_mask = np.zeros_like(predicted)
    top = most_uncertain(uncertainty, brain)
    regions = {"brain": brain, "tumour": predicted, "top": top, "outside": brain & ~predicted}
    if not predicted.any():
        empty = dict.fromkeys(("dilated", "boundary", "rim"), empty_mask)
        return regions | empty | {"tumour_or_top": top}
    # ASSUME: voxels longer than 5 mm are dilated by one voxel; less would add nothing.
    radius = max(RADIUS_MM, *voxel_sizes_mm)
    distance = distance_to_surface(predicted, voxel_sizes_mm, REACH * SIGMA_MM)
    dilated = (predicted | (distance <= radius)) & brain
    return regions | {
        "dilated": dilated,
        "boundary": np.exp(-0.5 * (distance / SIGMA_MM) ** 2) * brain,
        "rim": dilated & ~predicted,
        "tumour_or_top": predicted,
    }


def reason_for(region, regions):
    """Return the reason why a region has no mean, or "" if it has one."""
    if regions[region].any():
        return ""
    if region in ("tumour", "dilated", "boundary", "rim") and not regions["tumour"].any():
        return "the predicted tumour is empty"
    if not regions["brain"].any():
        return "the brain mask is empty"
    return "no voxel of the region is in the brain"


def means_in(maps, region):
    """Return the mean of each map in a mask, or its weighted mean; NaN if the region is empty."""
    region = torch.from_numpy(region)
    if region.dtype == torch.bool:
        inside = region.flatten().nonzero().squeeze(1)
        return {kind: float(values.take(inside).mean()) for kind, values in maps.items()}
    return {kind: float((x * region).sum() / region.sum()) for kind, x in maps.items()}


def region_means(maps, regions):
    """Return {region}_{kind} for each map, and {region}_reason, for every region.

    Args:
        maps: tensors (X, Y, Z) by kind, on the CPU.
        regions: what `find_regions` returns.
    """
    row = {}
    for name in REGIONS:
        means = means_in(maps, regions[name])
        row |= {f"{name}_{kind}": mean for kind, mean in means.items()}
        row[f"{name}_reason"] = reason_for(name, regions)
    return row


def missed_mass(tumour_probability, regions, voxel_volume_mm3):
    """Return the summed mean tumour probability outside the predicted tumour, in mm³.

    rim_mass_mm3 is over the rim (NaN if no tumour is predicted), outside_mass_mm3 over the
    whole brain without the tumour.
    """
    masses = {
        f"{name}_mass_mm3": float(tumour_probability[torch.from_numpy(regions[name])].sum())
        * voxel_volume_mm3
        for name in ("rim", "outside")
    }
    return masses if regions["tumour"].any() else masses | {"rim_mass_mm3": float("nan")}
