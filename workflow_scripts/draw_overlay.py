"""Draw a case in template space: the picture to look at before anything is believed."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from glioma_uq.files import written_whole
from glioma_uq.images import ExcludedBefore, is_empty, read_image, read_mask
from glioma_uq.logs import log_to
from glioma_uq.transforms import resample_mask

# Okabe and Ito's colours, told apart by colour-blind readers.
OUTLINES = {"brain": "#E69F00", "template": "#56B4E9", "tumour": "#CC79A7"}
PLANES = ("sagittal", "coronal", "axial")
Z_RANGE = (-2.5, 3.5)


def main(*, case, scans, brain_mask, segmentation, template, picture):
    """Write `picture`, PNG: three planes by modality, outlines of brain, template and tumour."""
    with written_whole(picture) as temporary:
        try:
            figure = draw(case, *read_case(scans, brain_mask, segmentation, template))
        except ExcludedBefore:
            figure = plt.figure(figsize=(6, 1.2))
            figure.text(0.5, 0.5, f"{case} is excluded: excluded.csv says why", ha="center")
        figure.savefig(temporary, dpi=110, metadata={"Software": None})
    plt.close(figure)


def read_case(scans, brain_mask, segmentation, template):
    """Return (volumes by modality, masks by name, grid), all on the grid of the study."""
    brain = read_mask(brain_mask)
    masks = {"brain": brain.data, "template": resample_mask(read_mask(template), brain.grid)}
    if not is_empty(segmentation):
        masks["tumour"] = read_mask(segmentation).data
    return {name: read_image(path).data for name, path in scans.items()}, masks, brain.grid


def draw(case, volumes, masks, grid):
    """Return the figure of one case, cut through its tumour or the middle of its brain."""
    centre = middle(masks.get("tumour"), masks["brain"])
    figure, axes = plt.subplots(
        len(PLANES), len(volumes), squeeze=False, facecolor="black", layout="constrained",
        figsize=(2.3 * len(volumes), 2.5 * len(PLANES)),
    )  # fmt: skip
    for row, plane in zip(axes, range(3), strict=True):
        for ax, (name, volume) in zip(row, volumes.items(), strict=True):
            draw_slice(ax, volume, masks, grid, plane, centre[plane])
            if plane == 0:
                ax.set_title(name.upper(), color="white", fontsize=10)
    handles = [plt.Line2D([], [], color=OUTLINES[name], label=name) for name in masks]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(masks), labelcolor="white",
        frameon=False, fontsize=9,
    )  # fmt: skip
    figure.suptitle(case, color="white", fontsize=11)
    return figure


def middle(tumour, brain):
    """Return the voxel to cut through: the tumour's fullest slices, or the brain's middle."""
    mask = tumour if tumour is not None and tumour.any() else None
    if mask is None:
        return [int(np.median(index)) for index in np.nonzero(brain)]
    return [int(mask.sum(tuple(set(range(3)) - {axis})).argmax()) for axis in range(3)]


def draw_slice(ax, volume, masks, grid, plane, index):
    """Draw one slice, left of the picture = left of the patient, with outlines of the masks."""
    sizes = np.delete(grid.voxel_sizes, plane)
    shown = np.where(masks["brain"], volume, Z_RANGE[0])
    ax.imshow(
        np.take(shown, index, plane).T, cmap="gray", origin="lower", vmin=Z_RANGE[0],
        vmax=Z_RANGE[1], aspect=sizes[1] / sizes[0], interpolation="bilinear",
    )  # fmt: skip
    for name, mask in masks.items():
        cut = np.take(mask, index, plane).T
        if cut.any() and not cut.all():
            ax.contour(cut.astype(float), [0.5], colors=OUTLINES[name], linewidths=0.9)
    ax.set_axis_off()


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            scans={name: snakemake.input[name] for name in snakemake.params.modalities},
            brain_mask=snakemake.input.brain_mask,
            segmentation=snakemake.input.segmentation,
            template=snakemake.input.template,
            picture=snakemake.output.picture,
        )
