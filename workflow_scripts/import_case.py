"""Read one case and write its images in one layout, orientation and label coding."""

from glioma_uq.steps import run

import numpy as np

from glioma_uq.cohorts.copies import are_same, signature_of, to_text
from glioma_uq.cohorts.segmentation import to_canonical
from glioma_uq.cohorts.sources import find_images
from glioma_uq.errors import BadCase
from glioma_uq.headers import check_header, check_packed, orientation, tilt_deg
from glioma_uq.images import check_on_t1ce, check_values, is_empty, read_image, write_image
from glioma_uq.normalisation import without_spikes
from glioma_uq.quality.metrics import SIGNATURE
from glioma_uq.quality.rows import case_quality_record, mark_excluded


def main(
    *, case, source, options, modalities, follow_links, coding, on_bad_case, images, quality,
    limits=None, may_lack=(),
):  # fmt: skip
    """Write `images` (modality, "segmentation" or "brain_mask" to path) and the row `quality`.

    `coding`: {subregion: its numbers}, as in glioma_uq.cohorts.segmentation.
    A case without segmentation or brain mask gets an empty file in its place, and so does one
    without a modality of `may_lack`, which the row names as `imputed`; conversion from DICOM
    leaves an empty file for it. The row has a signature of each series, by which collect_cohort
    finds the same scan in two cases.
    """
    with case_quality_record(
        case, "import_case", quality, images.values(), on_bad_case, limits
    ) as metrics:
        found = find_images(source, options, case, list(images), follow_links, may_lack)
        lacking = [name for name in may_lack if name not in found or is_empty(found[name])]
        found = {part: path for part, path in found.items() if part not in lacking}
        print(*(f"{part}: {path}" for part, path in found.items()), sep="\n")
        seen = {}
        for modality in (name for name in modalities if name not in lacking):
            scan = read_scan(found[modality], modality, seen)
            metrics[f"{modality}{SIGNATURE}"] = to_text(seen[modality])
            data = without_spikes(scan.data)
            write_image(images[modality], data, scan.grid)
            metrics |= metrics_of(modality, found[modality], scan.grid)
            metrics[f"{modality}_spikes"] = int((data != scan.data).sum())
            if modality == "t1ce":
                t1ce = scan.grid
        mark_excluded(images[part] for part in images if part not in found)
        if lacking:
            metrics["imputed"] = " ".join(lacking)
        if "segmentation" in found:
            numbers = on_grid_of(t1ce, "segmentation", found["segmentation"])
            segmentation = to_canonical(numbers, coding, found["segmentation"])
            write_image(images["segmentation"], segmentation, t1ce)
        if "brain_mask" in found:
            brain = on_grid_of(t1ce, "brain_mask", found["brain_mask"]) > 0
            write_image(images["brain_mask"], checked_brain(brain, found["brain_mask"]), t1ce)


def read_scan(path, modality, seen):
    """Return the Image at `path`, complete, finite and different from every other modality.

    `seen`: {modality: signature}; this one is added.
    """
    check_header(path)
    check_packed(path)
    scan = read_image(path, dtype=None)
    check_values(scan.data, path)
    signature = signature_of(scan.data)
    same = (other for other, earlier in seen.items() if are_same(signature, earlier))
    if other := next(same, None):
        raise BadCase(
            f"expected series that differ, found the same voxels as {other} in {path}, "
            "replace it by the correct file"
        )
    seen[modality] = signature
    return scan


def metrics_of(modality, path, grid):
    """Return how a series is stored: its orientation, as "LAS", and its tilt in degrees."""
    return {
        f"{modality}_orientation": orientation(path),
        f"{modality}_tilt_deg": round(tilt_deg(grid.affine), 1),
    }


def on_grid_of(grid, part, path):
    """Return the values of the image at `path`, float32; raise BadCase if it is not on `grid`."""
    check_header(path)
    check_packed(path)
    image = read_image(path)
    check_on_t1ce(image.grid, grid, f"the {part}", f" in {path}")
    return image.data


def checked_brain(mask, path):
    """Return a brain mask as uint8; raise BadCase if it is empty or full."""
    if mask.all() or not mask.any():
        raise BadCase(
            f"expected a brain mask, found {'every' if mask.any() else 'no'} voxel above 0 in "
            f"{path}, remove the file or create it again"
        )
    return mask.astype(np.uint8)


if __name__ == "__main__":
    run(main, snakemake)
