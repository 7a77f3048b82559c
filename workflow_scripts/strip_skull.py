"""Find the brain in the native T1CE of a case."""

import numpy as np

from glioma_uq.images import read_image, read_mask, write_image
from glioma_uq.logs import log_to
from glioma_uq.quality import check_brain_volume, one_case
from glioma_uq.skull_stripping import hd_bet_mask, template_mask
from glioma_uq.transforms import read_matrix


def main(
    *, case, t1ce, brain_mask, quality, volume_ml, on_bad_case,
    template=None, t1ce_to_template=None, mirrored=False, threads=1,
):  # fmt: skip
    """Write the brain mask: the template's where `template` is given, HD-BET's otherwise."""
    with one_case(
        case, "strip_skull", quality=quality, outputs=[brain_mask], on_bad_case=on_bad_case
    ) as figures:
        scan = read_image(t1ce)
        if template:
            matrix = read_matrix(t1ce_to_template)
            mask = template_mask(read_mask(template), scan.grid, matrix)
        else:
            mask = hd_bet_mask(scan, mirrored=mirrored, threads=threads)
        figures["brain_volume_ml"] = round(mask.sum() * scan.grid.voxel_volume / 1000, 1)
        check_brain_volume(figures["brain_volume_ml"], volume_ml)
        write_image(brain_mask, mask.astype(np.uint8), scan.grid)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            brain_mask=snakemake.output.brain_mask,
            quality=snakemake.output.quality,
            volume_ml=snakemake.params.volume_ml,
            on_bad_case=snakemake.params.on_bad_case,
            mirrored=snakemake.params.mirrored,
            threads=snakemake.threads,
            **dict(snakemake.input.items()),
        )
