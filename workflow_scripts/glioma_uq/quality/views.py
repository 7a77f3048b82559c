"""The views of a quality sheet: in template space, or native for an excluded case."""

import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.images import is_empty, read_image, read_mask, read_tumour, same_grid
from glioma_uq.quality.sheet import View
from glioma_uq.transforms import read_matrix, resample_mask

Z_RANGE = (-2.5, 3.5)  # black and white of z-scored intensities


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
    `template` is None for cases that are not registered to it.
    """
    folder = cohort / "normalised" / case
    brain, tumour = read_mask(folder / "brain_mask.nii.gz"), folder / "segmentation.nii.gz"
    masks = {"brain": brain.data}
    if template:
        masks["template"] = template.on(brain.grid)
    if not is_empty(tumour):
        masks["tumour"] = read_tumour(tumour).data
    views = {}
    for name in modalities:
        scan = np.where(brain.data, read_image(folder / f"{name}.nii.gz").data, Z_RANGE[0])
        views[name] = View(scan, brain.grid.voxel_sizes, Z_RANGE, middle(scan.shape, masks), masks)
    return views


def native_views(modalities, cohort, case, template):
    """Return {modality: View, or why there is none} of an excluded case in native space.

    `cohort` is the folder of the cohort; failed steps left empty files. The T1CE shows the
    outlines that exist.
    """
    views = {}
    for name in modalities:
        scans = [cohort / step / case / f"{name}.nii.gz" for step in ("bias_corrected", "raw")]
        scans = [path for path in scans if not is_empty(path)]
        if not scans:
            views[name] = "No image: the case was excluded before any image was saved."
            continue
        try:
            image = read_image(scans[0])
        except BadCase as error:
            views[name] = str(error)
            continue
        masks = native_masks(image.grid, cohort, case, template) if name == "t1ce" else {}
        scan = np.nan_to_num(image.data, posinf=0, neginf=0)
        window, centre = np.percentile(scan, [1, 99.5]), middle(scan.shape, masks)
        views[name] = View(scan, image.grid.voxel_sizes, window, centre, masks)
    return views


def native_masks(grid, cohort, case, template):
    """Return {name: mask} on the native `grid` of the T1CE, from the output of earlier steps."""
    files = {
        "brain": (read_mask, cohort / "skull_stripped" / case / "brain_mask.nii.gz"),
        "tumour": (read_tumour, cohort / "raw" / case / "segmentation.nii.gz"),
    }
    found = {name: read(path) for name, (read, path) in files.items() if not is_empty(path)}
    masks = {name: mask.data for name, mask in found.items() if same_grid(mask.grid, grid)}
    matrix = cohort / "registered" / case / "t1ce_to_template.txt"
    if template and not is_empty(matrix):
        back = np.linalg.inv(read_matrix(matrix))
        masks["template"] = resample_mask(template.mask, grid, back)
    return masks


def middle(shape, masks):
    """Return the voxel to cut through: most tumour, else the brain's median, else the middle."""
    tumour, brain = masks.get("tumour"), masks.get("brain")
    if tumour is not None and tumour.any():
        return [int(tumour.sum(axes).argmax()) for axes in ((1, 2), (0, 2), (0, 1))]
    if brain is not None and brain.any():
        return [int(np.median(index)) for index in np.nonzero(brain)]
    return [edge // 2 for edge in shape]
