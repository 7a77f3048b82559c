"""Resample a case once onto the study's grid, and normalise its intensities."""

from glioma_uq.steps import run

import numpy as np

from glioma_uq.cohorts.segmentation import volumes_mm3
from glioma_uq.errors import BadCase
from glioma_uq.images import (
    Image,
    check_on_t1ce,
    is_empty,
    is_missing,
    read_image,
    read_mask,
    write_image,
)
from glioma_uq.normalisation import (
    clip_to_percentiles,
    scanned_planes,
    study_grid,
    z_score,
    z_score_twice,
)
from glioma_uq.quality.image_metrics import pieces, spread
from glioma_uq.quality.rows import case_quality_record, mark_excluded
from glioma_uq.subregions import in_region
from glioma_uq.transforms import (
    compose,
    in_patient,
    read_matrix,
    resample,
    resample_labels,
    resample_mask,
)
from glioma_uq.volumes import CHECKSUM, checksum


def main(
    *, case, scans, to_t1ce, t1ce_to_template, brain_mask, segmentation, template, options,
    normalised, quality, limits, on_bad_case, coding, variant="default", white_matter=None,
    field_options=None, clip=None, on_own_grid=False,
):  # fmt: skip
    """Write `normalised`: modality, "brain_mask" and "segmentation" to path; and the row `quality`.

    That row also holds what the manifest says of these files, see `manifest_row`.
    `scans`: modality to path; `to_t1ce`: the same for the matrices of all but the T1CE.
    An empty file as `segmentation` means that there is no reference, and stays empty. Volumes are
    counted in that file, on the patient's own grid; `coding` says which regions it distinguishes.
    A missing series becomes zeros, which is the mean of z-scores in the brain, and background.
    `variant` "authors" uses the template's brain mask for every case, and for the tumour.
    With `white_matter` (of the template), the remaining bias field is corrected there first.
    `on_own_grid`: the study's grid is that of the case's series, see `common_grid`.
    With `clip`, intensities are clipped to two percentiles of those in the brain. Voxels of the
    brain that a series did not scan are 0, and no part of its mean and sd.
    """
    with case_quality_record(
        case, "normalise_case", quality, normalised.values(), on_bad_case, limits
    ) as metrics:
        template_brain, authors = read_mask(template), variant == "authors"
        if on_own_grid:
            grid = common_grid(scans, options["voxel_size_mm"])
        else:
            grid = study_grid(template_brain, **options)
        t1ce_matrix, native_brain = read_matrix(t1ce_to_template), read_mask(brain_mask)
        mask, to_grid = (template_brain, None) if authors else (native_brain, t1ce_matrix)
        brain = resample_mask(mask, grid, to_grid)
        score = z_score_twice if authors else z_score
        for modality, path in scans.items():
            if is_missing(path, scans["t1ce"]):
                write_image(normalised[modality], np.zeros(grid.shape, np.float32), grid)
                continue
            first = read_matrix(to_t1ce[modality]) if modality in to_t1ce else np.eye(4)
            scan, matrix = read_image(path), compose(first, t1ce_matrix)
            seen = Image(scanned_planes(scan.data), scan.grid)
            if white_matter:
                scan = correct_in_white_matter(scan, read_mask(white_matter), matrix, field_options)
            placed = resample(scan, grid, matrix)
            # Of the brain, what has a value: interpolation ends at the centres of the outer voxels.
            scanned = brain & resample_mask(seen, grid, matrix)
            covered = resample(seen, grid, matrix, order=0)[brain].mean()
            metrics[f"{modality}_brain_covered"] = round(float(covered), 4)
            if clip:
                placed = clip_to_percentiles(placed, scanned, clip)
            scored = score(placed, scanned)
            metrics[f"{modality}_spread"] = spread(scored[scanned])
            write_image(normalised[modality], scored, grid)
        write_image(normalised["brain_mask"], brain.astype(np.uint8), grid)
        if is_empty(segmentation):
            mark_excluded([normalised["segmentation"]])
        else:
            reference = read_image(segmentation, dtype=None)
            labels = resample_labels(reference, grid, t1ce_matrix)
            if authors:
                labels[~brain] = 0
            write_image(normalised["segmentation"], labels, grid)
            metrics |= volumes_mm3(reference.data, coding, reference.grid.voxel_volume)
            metrics["tumour_ml"] = round(metrics["wt_mm3"] / 1000, 2)
            voxels = (in_region(labels, "wt") & ~brain).sum()
            outside = float(voxels * in_patient(grid, t1ce_matrix).voxel_volume)
            metrics["tumour_outside_brain_ml"] = round(outside / 1000, 2)
            metrics |= tumour_shares(in_region(reference.data, "wt"), native_brain.data)
        sources = {"t1ce_to_template": t1ce_to_template, "native_segmentation": segmentation}
        metrics |= manifest_row(normalised | sources, grid, t1ce_matrix)


def common_grid(scans, voxel_size_mm):
    """Return the grid that all series of a case share; raise BadCase unless it is that of a study.

    `scans`: modality to path. Its voxels are to be cubes of `voxel_size_mm`.
    """
    there = [name for name, path in scans.items() if not is_missing(path, scans["t1ce"])]
    grids = {modality: read_image(scans[modality]).grid for modality in there}
    grid = grids["t1ce"]
    for modality, other in grids.items():
        check_on_t1ce(other, grid, f"the {modality}")
    if not np.allclose(grid.voxel_sizes, voxel_size_mm, rtol=1e-3):
        sizes = " x ".join(f"{size:g}" for size in grid.voxel_sizes)
        raise BadCase(
            f"expected voxels of {voxel_size_mm:g} mm, preprocessing.voxel_size_mm, without "
            f"registration, found {sizes} mm, correct that, or choose an engine of registration"
        )
    return grid


def tumour_shares(tumour, brain):
    """Return how a tumour and a brain, masks on one grid, fit each other."""
    voxels = max(1, tumour.sum())
    return {
        "tumour_share": round(float(tumour.sum() / brain.sum()), 4),
        "tumour_outside_share": round(float((tumour & ~brain).sum() / voxels), 4),
        "tumour_pieces": pieces(tumour),
    }


def manifest_row(files, grid, matrix):
    """Return the columns of volumes.csv for a case's files; a missing region is left out."""
    sums = {f"{name}{CHECKSUM}": checksum(path) for name, path in files.items()}
    scale = abs(np.linalg.det(matrix[:3, :3]))
    shape = " x ".join(map(str, grid.shape))
    edge = round(float(grid.voxel_sizes[0]), 6)  # oblique axes differ in the last digits
    return {"voxel_mm": edge, "shape": shape, "template_scale": scale, **sums}


def correct_in_white_matter(scan, white_matter, matrix, options):
    """Return `scan` without the bias field that remains in white matter."""
    # Imported here: ANTs takes half a second to import, and quick studies do not use it.
    from glioma_uq.bias_field import divide_by_field, refine_bias_field

    return divide_by_field(scan, refine_bias_field(scan, white_matter, matrix, **options))


if __name__ == "__main__":
    run(main, snakemake)
