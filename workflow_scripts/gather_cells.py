"""Gather the samples of all folds into one table for each number of passes T."""

from glioma_uq.steps import run

from glioma_uq.cells import gather_cells
from glioma_uq.tables import read_table, write_table


def main(*, volumes, folds, seeds, probabilities, segmentation, voxels, passes, independent,
         cells_of_classes, cells_of_regions, cells_of_voxels):  # fmt: skip
    runs = list(zip(folds, seeds, probabilities, segmentation, voxels, strict=True))
    tables = gather_cells(runs, read_table(volumes), passes, independent)
    outputs = (cells_of_classes, cells_of_regions, cells_of_voxels)
    for cells, paths in zip(tables, outputs, strict=True):
        for t, path in zip(passes, paths, strict=True):
            write_table(cells[t], path)


if __name__ == "__main__":
    run(main, snakemake)
