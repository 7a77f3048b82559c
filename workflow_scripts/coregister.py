"""Register each series of a case to its T1CE."""

from glioma_uq.steps import run

import numpy as np

from glioma_uq.images import is_missing, read_image
from glioma_uq.quality.image_metrics import foreground, mutual_information
from glioma_uq.quality.rows import case_quality_record, mark_excluded
from glioma_uq.registration import register
from glioma_uq.seeds import seed_for
from glioma_uq.transforms import block_average, read_matrix, resample, write_matrix


def main(
    *, case, t1ce, series, matrices, options, seed, limits, on_bad_case, quality,
    templates=None, t1ce_to_template=None,
):  # fmt: skip
    """Write `matrices` (modality to path), each rigid, from that series to the T1CE.

    With `templates` (modality to image) each series is registered to its template instead
    (affine), and `t1ce_to_template` gives its matrix to the T1CE. The matrix of a missing series
    is an empty file.
    """
    with case_quality_record(
        case, "coregister", quality, matrices.values(), on_bad_case, limits
    ) as metrics:
        fixed = read_image(t1ce)
        from_template = np.linalg.inv(read_matrix(t1ce_to_template)) if templates else None
        coarse = block_average(fixed, options["voxel_size_mm"])
        head = foreground(coarse.data)
        for modality, path in series.items():
            if is_missing(path, t1ce):
                mark_excluded([matrices[modality]])
                continue
            moving, one_seed = read_image(path), seed_for(seed, case, modality)
            if templates:
                template = read_image(templates[modality])
                found = register(template, moving, kind="Affine", seed=one_seed, **options)
                matrix = from_template @ found
            else:
                matrix = register(fixed, moving, kind="Rigid", seed=one_seed, **options)
            write_matrix(matrices[modality], matrix)
            moved = resample(moving, coarse.grid, matrix)
            metrics[f"{modality}_mutual_information"] = round(
                mutual_information(coarse.data[head], moved[head]), 4
            )


if __name__ == "__main__":
    run(main, snakemake)
