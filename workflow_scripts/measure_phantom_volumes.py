"""Measure the true volumes of a phantom's tumours on the study's grid."""

from glioma_uq.steps import run

import nibabel as nib
import numpy as np
import pandas as pd

from glioma_uq.cohorts.segmentation import volumes_mm3
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.images import read_mask
from glioma_uq.normalisation import study_grid
from glioma_uq.phantom.acquisition import draw_subject, grid_points, render_segmentation
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.phantom.labels import AXES
from glioma_uq.plurals import counted
from glioma_uq.tables import read_table, write_table

FARTHEST_BENT_MM = 20  # more than the displacement of any head


def main(*, cohort_truth, seeds, tissues, distances, template, options, output):
    """Write true_volumes.csv: case, et_mm3, tc_mm3, wt_mm3 of the true labels.

    `seeds`: {case: seed}; `options`: voxel_size_mm and margin_mm of the grid.
    """
    anatomy = Anatomy(nib.load(tissues), nib.load(distances))
    grid = study_grid(read_mask(template), **options)
    rows = []
    for row in read_table(cohort_truth).to_dict("records"):
        z = [row[f"z_{axis}"] for axis in AXES]
        scale = row.get("scale", 1.0)
        subject = draw_subject(seeds[row["case"]], anatomy, z, row["diameter_mm"], scale)
        labels = true_labels(subject, anatomy, grid)
        rows.append({"case": row["case"], **volumes_mm3(labels, CANONICAL, grid.voxel_volume)})
    table = pd.DataFrame(rows)
    write_table(table, output)
    n = counted(len(table), "case")
    print(f"with enhancing tumour: {(table['et_mm3'] > 0).sum()} of {n}")


def true_labels(subject, anatomy, grid):
    """Return the true labels, uint8 [N], at the voxel centres of `grid` near the lesion.

    `grid` lies in the template's space, as the study's does; all other labels are 0.
    """
    points = grid_points(grid)
    from_centre = np.linalg.norm(points - subject.lesion.centre[:, None], axis=0)
    near = from_centre < subject.lesion.reach + FARTHEST_BENT_MM
    return render_segmentation(subject, anatomy, points[:, near])


if __name__ == "__main__":
    run(main, snakemake)
