"""Write the template that cases are registered to, and the phantom's anatomy."""

from glioma_uq.steps import run

import nibabel as nib
import numpy as np

from glioma_uq.images import Grid, write_image
from glioma_uq.phantom.acquisition import render_template_head
from glioma_uq.phantom.anatomy import (
    Anatomy,
    closed_mask,
    distance_maps,
    template_image,
    tissue_maps,
)

PURE = 0.9  # least share of white matter in a voxel of the white matter mask


def main(*, brain, brain_mask, white_matter, tissues=None, distances=None, head=None):
    """Write the skull-stripped T1, its mask and its white matter.

    For a phantom also its tissues, distances and head.
    """
    image = template_image("t1")
    t1, grid = np.asarray(image.dataobj), Grid(image.shape, image.affine)
    mask = closed_mask(t1)
    write_image(brain, t1, grid)
    write_image(brain_mask, mask.astype(np.uint8), grid)
    white = np.asarray(template_image("wm").dataobj)
    write_image(white_matter, (white > PURE * 255).astype(np.uint8), grid)
    print(f"brain mask: {mask.sum() / 1000:.0f} ml")
    if head is None:
        return
    grey = np.asarray(template_image("gm").dataobj)
    write_image(tissues, tissue_maps(t1, grey, white, mask), grid)
    write_image(distances, *distance_maps(mask, grid.affine[:3, 3]))
    anatomy = Anatomy(nib.load(tissues), nib.load(distances))
    write_image(head, *render_template_head(anatomy, "t1ce"))


if __name__ == "__main__":
    run(main, snakemake)
