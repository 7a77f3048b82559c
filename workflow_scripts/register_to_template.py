"""Register the T1CE of a case to the template: brain to brain, or head to head."""

from glioma_uq.steps import run

import numpy as np

from glioma_uq.images import Image, read_image, read_mask
from glioma_uq.quality.image_metrics import foreground, mutual_information, overlap_with_template
from glioma_uq.quality.rows import case_quality_record
from glioma_uq.registration import NONE, register
from glioma_uq.transforms import block_average, resample, resample_mask, write_matrix


def main(
    *, case, t1ce, template, t1ce_to_template, quality, options, seed, limits, on_bad_case,
    brain_mask=None, template_mask=None,
):  # fmt: skip
    """Write the affine matrix from the T1CE to the template.

    With `brain_mask` (of the T1CE) only the brain is registered, to a skull-stripped `template`
    with `template_mask`; without, both must be whole heads. Without an engine the matrix is the
    identity, and nothing is compared with the template.
    """
    with case_quality_record(
        case, "register_to_template", quality, [t1ce_to_template], on_bad_case, limits
    ) as metrics:
        if options["engine"] == NONE:
            write_matrix(t1ce_to_template, np.eye(4))
            return
        fixed, moving = read_image(template), read_image(t1ce)
        if brain_mask:
            fixed_mask, moving_mask = read_mask(template_mask), read_mask(brain_mask)
            moving = only_brain(moving, moving_mask.data)
        else:
            fixed_mask, moving_mask = head(fixed, options), head(moving, options)
        matrix = register(fixed, moving, kind="Affine", seed=seed, **options)
        inside = resample_mask(fixed_mask, fixed.grid)
        moved = resample(moving, fixed.grid, matrix)
        metrics["template_mutual_information"] = round(
            mutual_information(fixed.data[inside], moved[inside]), 4
        )
        metrics["template_dice"] = round(overlap_with_template(fixed_mask, moving_mask, matrix), 4)
        write_matrix(t1ce_to_template, matrix)


def only_brain(scan, brain):
    """Return `scan` with a background of 0, or of the brain's minimum if that is below 0.

    In a z-scored scan 0 is the brain's mean, which would leave no edge around the brain.
    """
    background = min(0.0, float(scan.data[brain].min(initial=0.0)))
    return Image(np.where(brain, scan.data, np.float32(background)), scan.grid)


def head(image, options):
    """Return the mask of a whole head, at the voxel size of the registration."""
    coarse = block_average(image, options["voxel_size_mm"])
    return Image(foreground(coarse.data), coarse.grid)


if __name__ == "__main__":
    run(main, snakemake)
