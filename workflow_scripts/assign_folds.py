"""Deal the cases out into folds, once for the whole study."""

from pathlib import Path

from glioma_uq.cohorts.segmentation import volumes_mm3
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.folds import ET_SIZE, STRATA, assign_folds, with_et_size
from glioma_uq.images import is_empty, read_image
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table, write_table


def main(*, cases, number, validation_share, seed, output, strata=STRATA, test_share=None,
         volumes=None, families=None):  # fmt: skip
    """Write folds.csv.

    `volumes`: the folder of normalised cases, read where the stratum `et_size` is asked for;
    `families`: a table of case and family, where a family is not to be split.
    """
    table = read_table(cases)
    if families is not None:
        table = table.merge(read_table(families)[["case", "family"]], on="case", validate="1:1")
    if ET_SIZE in strata:
        table = with_et_size(table, {case: et_volume(volumes, case) for case in table["case"]})
    folds = assign_folds(
        table, number, validation_share, seed, strata=strata, test_share=test_share
    )
    write_table(folds, output)
    print(folds.groupby(["fold", "split"]).size().to_string())


def et_volume(volumes, case):
    """Return the volume in mm3 of a case's enhancing tumour, NaN without a segmentation."""
    path = Path(volumes) / case / "segmentation.nii.gz"
    if is_empty(path):
        return float("nan")
    image = read_image(path, dtype=None)
    return volumes_mm3(image.data, CANONICAL, image.grid.voxel_volume)["et_mm3"]


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cases=snakemake.input.cases,
            families=snakemake.input.get("families"),
            number=snakemake.params.number,
            validation_share=snakemake.params.validation_share,
            test_share=snakemake.params.test_share,
            strata=snakemake.params.strata,
            volumes=snakemake.params.volumes,
            seed=snakemake.params.seed,
            output=snakemake.output.folds,
        )
