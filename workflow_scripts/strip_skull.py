"""Extract the brain in the native T1CE of a case."""

from glioma_uq.steps import run

import numpy as np

from glioma_uq.images import Image, is_empty, read_image, read_mask, write_image
from glioma_uq.quality.image_metrics import foreground, pieces
from glioma_uq.quality.rows import case_quality_record
from glioma_uq.skull_stripping import find_brain
from glioma_uq.transforms import block_average, read_matrix

HEAD_MM = 4.0


def main(
    *, case, t1ce, brain_mask, quality, method, options, limits, on_bad_case, threads=1, **files
):
    """Write the brain mask that `method` finds with its `options`, and its volume.

    `files`: further inputs of the method, by the names of READERS.
    """
    with case_quality_record(
        case, "strip_skull", quality, [brain_mask], on_bad_case, limits
    ) as metrics:
        scan = read_image(t1ce)
        needs = {name: READERS[name](path) for name, path in files.items()}
        mask = find_brain(scan, method, threads=threads, **needs, **options)
        metrics["brain_volume_ml"] = round(mask.sum() * scan.grid.voxel_volume / 1000, 1)
        metrics["brain_pieces"] = pieces(mask)
        metrics["brain_in_head"] = share_in_head(mask, scan)
        write_image(brain_mask, mask.astype(np.uint8), scan.grid)


def share_in_head(mask, scan):
    """Return the share of a mask that lies in the head, on blocks of HEAD_MM.

    The head is what differs from the faces of the scan: z-scores are above and below them.
    """
    coarse = block_average(scan, HEAD_MM).data
    faces = [np.take(coarse, end, axis).ravel() for axis in range(3) for end in (0, -1)]
    head = foreground(np.abs(coarse - np.median(np.concatenate(faces))))
    share = block_average(Image(mask, scan.grid), HEAD_MM).data
    return round(float(share[head].sum() / share.sum()), 4)


def mask_or_none(path):
    """Return the mask at `path`, or None for the empty file of a case without a mask."""
    return None if is_empty(path) else read_mask(path)


READERS = {"template": read_mask, "t1ce_to_template": read_matrix, "own_mask": mask_or_none}


if __name__ == "__main__":
    run(main, snakemake)
