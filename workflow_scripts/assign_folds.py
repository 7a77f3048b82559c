"""Assign each patient's cases to folds, once for the whole study."""

from glioma_uq.cohorts.segmentation import volumes_mm3
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.folds import ET_SIZE, STRATA, assign_folds, with_et_size
from glioma_uq.images import read_image
from glioma_uq.steps import run
from glioma_uq.tables import write_table
from glioma_uq.volumes import Manifest


def main(*, volumes, number, validation_share, seed, output, strata=STRATA, test_share=None):
    """Write folds.csv; `volumes` is the cohort's manifest."""
    manifest = Manifest(volumes)
    table = manifest.table.reset_index()
    if ET_SIZE in strata:
        table = with_et_size(table, {case: et_volume(manifest, case) for case in table["case"]})
    folds = assign_folds(
        table, number, validation_share, seed, strata=strata, test_share=test_share
    )
    write_table(folds, output)
    print(folds.groupby(["fold", "split"]).size().to_string())


def et_volume(manifest, case):
    """Return the volume in mm3 of a case's enhancing tumour, NaN without a segmentation."""
    if not manifest.has(case, "segmentation"):
        return float("nan")
    image = read_image(manifest.file(case, "segmentation"), dtype=None)
    return volumes_mm3(image.data, CANONICAL, image.grid.voxel_volume)["et_mm3"]


if __name__ == "__main__":
    run(main, snakemake)
