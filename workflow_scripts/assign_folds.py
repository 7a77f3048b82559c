"""Assign each patient's cases to folds, once for the whole study."""

from glioma_uq.cohorts.segmentation import volumes_mm3
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.folds import ET_SIZE, STRATA, assign_folds, with_et_size
from glioma_uq.images import is_empty, read_image
from glioma_uq.steps import run
from glioma_uq.tables import read_table, write_table
from glioma_uq.volumes import volume_path


def main(*, volumes, number, validation_share, seed, output, strata=STRATA, test_share=None):
    """Write folds.csv; `volumes` is the cohort's manifest."""
    table = read_table(volumes)
    if ET_SIZE in strata:
        table = with_et_size(table, {case: et_volume(volumes, case) for case in table["case"]})
    folds = assign_folds(
        table, number, validation_share, seed, strata=strata, test_share=test_share
    )
    write_table(folds, output)
    print(folds.groupby(["fold", "split"]).size().to_string())


def et_volume(volumes, case):
    """Return the volume in mm3 of a case's enhancing tumour, NaN without a segmentation."""
    path = volume_path(volumes, case, "segmentation")
    if is_empty(path):
        return float("nan")
    image = read_image(path, dtype=None)
    return volumes_mm3(image.data, CANONICAL, image.grid.voxel_volume)["et_mm3"]


if __name__ == "__main__":
    run(main, snakemake)
