"""Compare the predicted regions of every case with the reference, by voxel and by lesion.

The reference is the patient's own, on its own grid, to which the prediction is carried back: on
the study's grid small tumours shrink, merge or vanish.
"""

from glioma_uq.steps import run

from pathlib import Path

import numpy as np
import pandas as pd

from glioma_uq.errors import BadInput
from glioma_uq.folds import cases_of
from glioma_uq.grid import format_passes
from glioma_uq.images import read_image, same_grid
from glioma_uq.logs import progress
from glioma_uq.overlap import lesions as lesion_tables
from glioma_uq.overlap import regions as overlap_tables
from glioma_uq.plurals import counted
from glioma_uq.tables import read_table, write_table
from glioma_uq.transforms import resample
from glioma_uq.volumes import Manifest


def read_case(case, labels, manifest):
    """Return (predicted labels, reference labels, brain, voxel volume in mm3) in the patient.

    Predicted labels and brain are those of the nearest voxel of the study's grid, 0 outside it.
    """
    brain_mask = manifest.file(case, "brain_mask")
    predicted, brain = (read_image(path, np.uint8) for path in (labels, brain_mask))
    if not same_grid(predicted.grid, brain.grid):
        raise BadInput(
            f"expected the grid of {brain_mask}, shape {brain.grid.shape}, found shape "
            f"{predicted.grid.shape} or another affine in {labels}; delete it and run again"
        )
    reference = read_image(manifest.file(case, "native_segmentation"), np.uint8)
    back = np.linalg.inv(manifest.to_template(case))
    carried = (resample(image, reference.grid, back, order=0) for image in (predicted, brain))
    predicted, brain = (values.astype(np.uint8) for values in carried)
    return predicted, reference.data, brain > 0, reference.grid.voxel_volume


def measure_case(predicted, reference, brain, voxel_volume, regions):
    """Return (overlap rows, lesion rows) of one case, for all `regions` and rules."""
    overlaps, lesions = [], []
    volumes = (predicted, reference, voxel_volume, regions)
    for region, rule, *masks in overlap_tables.masks_of(*volumes):
        name = {"region": region, "rule": rule}
        shared = lesion_tables.count_shared(*masks)
        overlap = overlap_tables.overlap_row(*masks, brain, voxel_volume)
        overlaps.append(name | overlap | lesion_tables.match_one_to_one(shared))
        lesions += [name | row for row in lesion_tables.match_lesions(shared, voxel_volume)]
    return overlaps, lesions


def main(*, volumes, splits, maps, folds, seeds, passes, regions, overlap, lesions):
    """`folds` and `seeds`: those of each folder of `maps`; `regions`: those that the study has."""
    passes, splits = int(passes), read_table(splits)
    manifest = Manifest(volumes)
    todo = [
        (case, *sampled) for sampled in zip(folds, seeds, maps, strict=True)
        for case in cases_of(splits, sampled[0], "test")
    ]  # fmt: skip
    overlaps, found, without = [], [], 0
    for case, of_fold, of_seed, folder in progress(todo, "cases measured"):
        if not manifest.has(case, "segmentation"):
            without += 1
            continue
        labels = Path(folder, case, f"passes-{format_passes(passes)}", "labels.nii.gz")
        name = {
            "case": case,
            **manifest.table.loc[case, ["patient", "source"]],
            "fold": of_fold,
            "seed": of_seed,
        }
        measured = measure_case(*read_case(case, labels, manifest), regions)
        for rows, more in zip((overlaps, found), measured, strict=True):
            rows += [name | row for row in more]
    for rows, columns, path in (
        (overlaps, [*overlap_tables.COLUMNS, *lesion_tables.ONE_TO_ONE], overlap),
        (found, lesion_tables.COLUMNS, lesions),
    ):
        table = pd.DataFrame(rows, columns=columns)
        write_table(table.sort_values(["case", "seed"], kind="stable"), path)
    print(f"excluded without a reference segmentation: {counted(without, 'case')}")


if __name__ == "__main__":
    run(main, snakemake)
