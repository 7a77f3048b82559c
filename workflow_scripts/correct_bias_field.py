"""Correct the bias field of each native series of a case."""

from glioma_uq.steps import run

import shutil

import numpy as np

from glioma_uq.bias_field import bias_range, divide_by_field, fit_bias_field
from glioma_uq.errors import BadCase
from glioma_uq.images import Image, check_values, is_missing, read_image, write_image
from glioma_uq.quality.image_metrics import intensity_range
from glioma_uq.quality.rows import case_quality_record, mark_excluded
from glioma_uq.transforms import read_matrix, resample

LARGEST_DIP = 0.05  # ringing below 0 stays far under this share of the bright voxels


def main(*, case, scans, corrected, options, limits, on_bad_case, quality, to_t1ce=None):
    """Write `corrected` (modality to path) from `scans`, and the range of the field.

    Without `options` the scans are copied unchanged. With `to_t1ce` (modality to matrix
    file, for all but the T1CE) every series is divided by the field of the T1. A missing series
    stays an empty file.
    """
    with case_quality_record(
        case, "correct_bias_field", quality, corrected.values(), on_bad_case, limits
    ) as metrics:
        share = shared_field(scans["t1"], to_t1ce, options) if options and to_t1ce else None
        for modality, path in scans.items():
            if is_missing(path, scans["t1ce"]):
                mark_excluded([corrected[modality]])
                continue
            scan = read_image(path)
            check_values(scan.data, path)
            metrics |= describe(modality, scan)
            if not options:
                shutil.copyfile(path, corrected[modality])
                continue
            check_sign(scan.data, path)
            field = share(modality, scan.grid) if share else fit_bias_field(scan, **options)
            write_image(corrected[modality], divide_by_field(scan, field).data, scan.grid)
            low, high = bias_range(field)
            metrics[f"{modality}_bias_low"] = round(low, 4)
            metrics[f"{modality}_bias_high"] = round(high, 4)


def describe(modality, scan):
    """Return the metrics of a native scan: its voxel size and the range of its intensities."""
    low, high = intensity_range(scan.data)
    return {
        f"{modality}_voxel_mm": " x ".join(f"{size:.3g}" for size in scan.grid.voxel_sizes),
        f"{modality}_intensity_low": round(low, 4),
        f"{modality}_intensity_high": round(high, 4),
    }


def check_sign(data, path):
    """Raise BadCase for a scan with negative intensities: N4 works on their logarithm."""
    low, high = intensity_range(data)
    if low < -LARGEST_DIP * abs(high):
        raise BadCase(
            f"expected intensities of 0 or more for N4, found a 1st percentile of {low:.3g} in "
            f"{path}, set preprocessing.bias_field to null if the scans are already z-scored"
        )


def shared_field(t1, to_t1ce, options):
    """Return the function of modality and grid that gives the field of the T1 there.

    The field's logarithm is resampled with the matrices `to_t1ce`; outside the T1 it is 0.
    """
    scan = read_image(t1)
    check_sign(scan.data, t1)
    logarithm = Image(np.log(fit_bias_field(scan, **options)), scan.grid)
    matrices = {name: read_matrix(path) for name, path in to_t1ce.items()} | {"t1ce": np.eye(4)}

    def field(modality, grid):
        matrix = np.linalg.inv(matrices[modality]) @ matrices["t1"]
        return np.exp(resample(logarithm, grid, matrix))

    return field


if __name__ == "__main__":
    run(main, snakemake)
