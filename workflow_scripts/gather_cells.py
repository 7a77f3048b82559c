"""Turn what the samples left into one table for each number of passes T."""

from glioma_uq.cells import gather_cells
from glioma_uq.logs import log_to
from glioma_uq.tables import read_table, write_table


def main(*, cases, folds, seeds, probabilities, segmentation, voxels, passes, cells_of_classes,
         cells_of_regions, cells_of_voxels):  # fmt: skip
    runs = list(zip(folds, seeds, probabilities, segmentation, voxels, strict=True))
    tables = gather_cells(runs, read_table(cases), passes)
    outputs = (cells_of_classes, cells_of_regions, cells_of_voxels)
    for cells, paths in zip(tables, outputs, strict=True):
        for t, path in zip(passes, paths, strict=True):
            write_table(cells[t], path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cases=snakemake.input.cases,
            folds=snakemake.params.folds,
            seeds=snakemake.params.seeds,
            probabilities=snakemake.input.probabilities,
            segmentation=snakemake.input.segmentation,
            voxels=snakemake.input.voxels,
            passes=snakemake.params.passes,
            cells_of_classes=snakemake.output.classification,
            cells_of_regions=snakemake.output.segmentation,
            cells_of_voxels=snakemake.output.voxels,
        )
