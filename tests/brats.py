"""The tiny phantom in the layout of BraTS 2018, and the small-tumour study of it as published."""

import shutil

from configs import merge, read
from layouts import file_of, folders_of
from source_layouts import recoded
from workflows import copy_of_repository, snakemake, write_config

from glioma_uq.cohorts.datasets import place_of
from glioma_uq.configuration.datasets import read_dataset
from glioma_uq.images import read_image, write_image

PATH = "studies/small_tumours_as_published.yaml"
CASES = "data"
TINY = {
    "cohort": {"name": "shared_grid",
               "datasets": [{"name": "brats", "version": 2018, "path": CASES}]},
    "preprocessing": {
        "voxel_size_mm": 8.0, "quality": {"limits": {"brain_volume_ml": [None, None]}},
    },
    "folds": {"test_share": 0.4},
    "networks": ["dmfnet", "dmfnet-umodule"],
    "network_options": {"dmfnet": {"width": 4}, "dmfnet-umodule": {"width": 4}},
    "training": {"epochs": 2, "crop": {"size": [16, 16, 16]}, "auxiliary": {"until": 1}},
    "statistics": {"resamples": 100},
}  # fmt: skip
BRATS = read_dataset("brats", 2018)
WITHOUT_REFERENCE = "Brats18_2013_08_1"  # as BraTS's validation cases


def cases_of(tiny):
    """Return {place in BraTS 2018: folder of the tiny cohort} with stripped scans of one grid."""
    folders = sorted((tiny / "results/cohorts/tiny/normalised").iterdir())
    places = [place_of(name, BRATS["folders"]) for name in folders_of(BRATS, len(folders))]
    return dict(zip(places, folders, strict=True))


def run_as_published(tiny, folder):
    """Run the study, made tiny, in `folder` from stripped scans of one grid to its report."""
    copy_of_repository(folder)
    for place, case in cases_of(tiny).items():
        for part in BRATS["files"]:
            path = folder / CASES / file_of(BRATS, place, part)
            path.parent.mkdir(parents=True, exist_ok=True)
            if part != "segmentation":
                shutil.copy(case / f"{part}.nii.gz", path)
            elif place.case != WITHOUT_REFERENCE:
                ours = read_image(case / "segmentation.nii.gz", dtype=None)
                data = recoded(ours.data, BRATS["segmentation_labels"])
                write_image(path, data, ours.grid)
    write_config(folder, "published.yaml", **merge(read(PATH), TINY))
    snakemake(folder, config="published.yaml")
