"""The views of a quality sheet: in template space, or native for an excluded case."""

import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.images import is_empty, read_image, read_mask, same_grid
from glioma_uq.quality.sheet import Z_RANGE, View, contrast, middle
from glioma_uq.transforms import read_matrix, resample_mask


class Template:
    """The template's brain mask, resampled once for all cases of one grid."""

    def __init__(self, path):
        self.mask = read_mask(path)
        self.grid, self.resampled = self.mask.grid, self.mask.data

    def on(self, grid):
        """Return the mask on a grid of the template's space, booleans."""
        if not same_grid(grid, self.grid):
            self.grid, self.resampled = grid, resample_mask(self.mask, grid)
        return self.resampled


def template_views(modalities, cohort, case, template):
    """Return {modality: View} of a case in template space, cut through its tumour.

    `cohort` is the folder of the cohort; an empty segmentation means that there is no reference.
    """
    folder = cohort / "normalised" / case
    brain, tumour = read_mask(folder / "brain_mask.nii.gz"), folder / "segmentation.nii.gz"
    masks = {"brain": brain.data, "template": template.on(brain.grid)}
    if not is_empty(tumour):
        masks["tumour"] = read_mask(tumour).data
    centre = middle(masks.get("tumour"), brain.data)
    sizes = brain.grid.voxel_sizes
    scans = {name: read_image(folder / f"{name}.nii.gz").data for name in modalities}
    return {
        name: View(np.where(brain.data, scan, Z_RANGE[0]), sizes, Z_RANGE, centre, masks)
        for name, scan in scans.items()
    }


def native_views(modalities, cohort, case, template):
    """Return {modality: View, or why there is none} of an excluded case in native space.

    `cohort` is the folder of the cohort; failed steps left empty files. The T1CE shows the
    outlines that exist.
    """
    views = {}
    for name in modalities:
        scans = [cohort / step / case / f"{name}.nii.gz" for step in ("bias_corrected", "raw")]
        try:
            image = _read_first(*scans)
        except BadCase as error:
            views[name] = str(error)
            continue
        masks = native_masks(image.grid, cohort, case, template) if name == "t1ce" else {}
        centre = middle(masks.get("tumour"), masks.get("brain"))
        scan = np.nan_to_num(image.data, posinf=0, neginf=0)
        centre = centre or tuple(n // 2 for n in scan.shape)
        views[name] = View(scan, image.grid.voxel_sizes, contrast(scan), centre, masks)
    return views


def native_masks(grid, cohort, case, template):
    """Return {name: mask} on the native `grid` of the T1CE, from the output of earlier steps."""
    files = {
        "brain": cohort / "skull_stripped" / case / "brain_mask.nii.gz",
        "tumour": cohort / "raw" / case / "segmentation.nii.gz",
    }
    masks = {}
    for name, path in files.items():
        mask = None if is_empty(path) else read_mask(path)
        if mask and same_grid(mask.grid, grid):
            masks[name] = mask.data
    matrix = cohort / "registered" / case / "t1ce_to_template.txt"
    if not is_empty(matrix):
        back = np.linalg.inv(read_matrix(matrix))
        masks["template"] = resample_mask(template.mask, grid, back)
    return masks


def _read_first(*paths):
    """Return the first image that is not empty; raise BadCase if all are."""
    for path in paths:
        if not is_empty(path):
            return read_image(path)
    raise BadCase("No image: the case was excluded before any image was saved.")
