"""Read one case of a folder whole and write its images in one layout and orientation."""

import nibabel as nib
import numpy as np

from glioma_uq.cohorts import existing_images
from glioma_uq.errors import BadCase
from glioma_uq.images import check_values, read_image, same_grid, write_image
from glioma_uq.logs import log_to
from glioma_uq.quality import one_case, read_rows


def main(*, case, labels, folder, names, modalities, on_bad_case, images, quality):
    """Write `images` (modality or "segmentation" to path) and the row of figures `quality`.

    A case without segmentation gets an empty file in its place.
    """
    outputs = images.values()
    with one_case(
        case, "import_case", quality=quality, outputs=outputs, on_bad_case=on_bad_case
    ) as figures:
        problem = {row["case"]: row["problem"] for row in read_rows(labels)}[case]
        if problem:
            raise BadCase(problem)
        found = existing_images(folder, case, names)
        for modality in modalities:
            image = read_image(found[modality], dtype=None)
            check_values(image.data, found[modality])
            write_image(images[modality], image.data, image.grid)
            figures[f"{modality}_orientation"] = orientation(found[modality])
            if modality == "t1ce":
                t1ce = image.grid
        write_segmentation(images["segmentation"], found.get("segmentation"), t1ce)


def orientation(path):
    """Return the orientation that a file is stored in, as "LAS"."""
    return "".join(nib.aff2axcodes(nib.load(path).affine))


def write_segmentation(output, path, t1ce):
    """Write the segmentation at `path` as uint8 labels, or an empty file when there is none."""
    if path is None:
        open(output, "wb").close()
        return
    image = read_image(path)
    if not same_grid(image.grid, t1ce):
        raise BadCase(
            f"expected a segmentation on the grid of the T1CE, shape {t1ce.shape}, found shape "
            f"{image.grid.shape} or another affine in {path}, resample it to the T1CE"
        )
    labels = image.data.astype(np.uint8)
    if not np.array_equal(labels, image.data):
        raise BadCase(
            f"expected whole labels from 0 to 255, found others in {path}, export it as labels"
        )
    write_image(output, labels, image.grid)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            labels=snakemake.input.labels,
            images={name: path for name, path in snakemake.output.items() if name != "quality"},
            quality=snakemake.output.quality,
            **{name: value for name, value in snakemake.params.items() if name != "library"},
        )
