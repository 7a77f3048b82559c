"""Find where the T1CE of a case lies in the template: brain to brain, or head to head."""

from glioma_uq.images import Image, read_image, read_mask
from glioma_uq.logs import log_to
from glioma_uq.quality import (
    check_dice,
    foreground,
    mutual_information,
    one_case,
    overlap_with_template,
)
from glioma_uq.registration import register
from glioma_uq.transforms import block_average, resample, resample_mask, write_matrix


def main(
    *, case, t1ce, template, t1ce_to_template, quality, options, seed, min_dice, on_bad_case,
    brain_mask=None, template_mask=None,
):  # fmt: skip
    """Write the affine matrix from the T1CE to the template.

    With `brain_mask` (of the T1CE) only the brain is registered, and `template` must be
    a brain, of `template_mask`; without, both must be whole heads.
    """
    with one_case(
        case,
        "register_to_template",
        quality=quality,
        outputs=[t1ce_to_template],
        on_bad_case=on_bad_case,
    ) as figures:
        fixed, moving = read_image(template), read_image(t1ce)
        if brain_mask:
            fixed_mask, moving_mask = read_mask(template_mask), read_mask(brain_mask)
            moving = Image(moving.data * moving_mask.data, moving.grid)
        else:
            fixed_mask, moving_mask = head(fixed, options), head(moving, options)
        matrix = register(fixed, moving, kind="Affine", seed=seed, **options)
        inside = resample_mask(fixed_mask, fixed.grid)
        moved = resample(moving, fixed.grid, matrix)
        figures["template_mutual_information"] = round(
            mutual_information(fixed.data[inside], moved[inside]), 4
        )
        figures["template_dice"] = round(overlap_with_template(fixed_mask, moving_mask, matrix), 4)
        check_dice(figures["template_dice"], min_dice)
        write_matrix(t1ce_to_template, matrix)


def head(image, options):
    """Return the mask of a whole head, on the voxels that registration works with."""
    coarse = block_average(image, options["voxel_size_mm"])
    return Image(foreground(coarse.data), coarse.grid)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            t1ce_to_template=snakemake.output.t1ce_to_template,
            quality=snakemake.output.quality,
            options=snakemake.params.options,
            seed=snakemake.params.seed,
            min_dice=snakemake.params.min_dice,
            on_bad_case=snakemake.params.on_bad_case,
            **dict(snakemake.input.items()),
        )
