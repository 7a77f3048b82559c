"""Two real patients of BRATS, T1CE and FLAIR, walk through the study of small tumours."""

import json
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import torch
from configs import checked, read
from manifest import write_manifest
from safetensors.torch import save_file
from workflows import ROOT, copy_of_repository, snakemake, write_config

import draw_figure
import import_case
import measure_overlap
import normalise_case
from glioma_uq.dataset import Dataset
from glioma_uq.images import read_image, write_image
from glioma_uq.networks import build_network
from glioma_uq.plans.cohort import CohortPlan
from glioma_uq.plans.study import StudyPlan
from glioma_uq.quality.metrics import limits_of_step
from glioma_uq.subregions import REGIONS
from glioma_uq.tables import read_table
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer
from glioma_uq.transforms import write_matrix
from glioma_uq.volumes import volume_path

CASES = ["brats_2013_pat0001_1", "brats_2013_pat0002_1"]
MODALITIES = ["t1ce", "flair"]
NAMES = {"t1ce": "T1CE.nii.gz", "flair": "FLAIR.nii.gz", "segmentation": "seg_GT.nii.gz",
         "brain_mask": "brainmask.nii.gz"}  # fmt: skip
CODING = {"core": [1, 3], "oedema": [2], "enhancing": [4]}
NO_LABELS = {"idh": None, "1p19q": None, "grade": None}
EXPERTS_NUMBERS = {"et": [4], "tc": [1, 3, 4], "wt": [1, 2, 3, 4]}
FOLDS = pd.DataFrame({"case": CASES, "fold": 1, "split": "test"})
COHORT = "results/cohorts/real_brats"
MOST_MEMORY = 4 * 2**30

# Runs the step of sampling by itself, and prints the most memory that it ever had.
SAMPLE = """
import json, resource, sys
import sample_network
sample_network.main(**json.load(sys.stdin))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def counted(real_data, case):
    """Return the volume of each region in mm3 (voxels are 1 mm3), counted in the expert's file."""
    expert = np.asarray(nib.load(real_data / case / NAMES["segmentation"]).dataobj)
    return {
        region: float(np.isin(expert, numbers).sum()) for region, numbers in EXPERTS_NUMBERS.items()
    }


def study():
    """Return the config of the study of small tumours with all defaults."""
    return checked({}, read("studies/small_tumours.yaml"))


def figure_4(folder, manifest, maps):
    """Run the steps from labels to Figure 4; return the table that it draws."""
    FOLDS.to_csv(folder / "folds.csv", index=False)
    measure_overlap.main(
        volumes=manifest, splits=folder / "folds.csv", maps=[maps], folds=[1], seeds=[1], passes=1,
        regions=list(REGIONS), overlap=folder / "overlap.csv", lesions=folder / "lesions.csv",
    )  # fmt: skip
    files = {kind: folder / f"tumour_volumes.{kind}" for kind in ("pdf", "png", "csv")}
    draw_figure.main(figure="tumour_volumes", overlap=folder / "overlap.csv", **files)
    return pd.read_csv(files["csv"]).set_index(["case", "region"])["volume_mm3"]


def experts(manifest, maps):
    """Write the experts' labels as if they were predicted; return their folder."""
    for case in CASES:
        expert = read_image(volume_path(manifest, case, "segmentation"), np.uint8)
        path = maps / case / "passes-001" / "labels.nii.gz"
        path.parent.mkdir(parents=True)
        write_image(path, expert.data, expert.grid)
    return maps


@pytest.fixture(scope="module")
def native(real_data, tmp_path_factory):
    """Manifest of both cases as imported, on the grid of their scans, which are z-scored."""
    folder = tmp_path_factory.mktemp("native")
    for case in CASES:
        images = {part: volume_path(folder / "volumes.csv", case, part) for part in NAMES}
        images["t1ce"].parent.mkdir(parents=True)
        import_case.main(
            case=case, source="folder",
            options={"path": str(real_data), "names": NAMES}, modalities=MODALITIES,
            follow_links=False, coding=CODING, on_bad_case="stop", images=images,
            quality=folder / f"{case}.csv",
        )  # fmt: skip
    return write_manifest(folder)


@pytest.mark.real
def test_figure_4_of_cases_on_their_own_grid_has_the_volumes_in_the_files(
    real_data, native, tmp_path
):
    drawn = figure_4(tmp_path, native, experts(native, tmp_path / "maps"))
    for case in CASES:
        assert drawn.loc[case].to_dict() == counted(real_data, case)
    overlap = pd.read_csv(tmp_path / "overlap.csv")
    assert (overlap.loc[overlap["rule"] == "none", "dice"] == 1).all()


@pytest.mark.real
def test_every_volume_of_the_twelve_cases_is_that_of_a_direct_count(real_data, tmp_path):
    """Through a registration that makes the patient half as large again, onto voxels of 3 mm.

    No case is beyond the default limits.
    """
    limits = limits_of_step("normalise_case", study()["preprocessing"]["quality"]["limits"])
    release = real_data / "brats_2021"
    if not release.is_dir():
        pytest.skip(f"the twelve cases of BraTS 2021 are not in {release}")
    cases = [path.name for path in sorted(release.iterdir()) if path.is_dir()]
    names = {part: f"{{case}}_{part}.nii.gz" for part in ("t1", "t1ce", "t2", "flair")}
    names |= {"segmentation": "{case}_seg.nii.gz", "brain_mask": None}
    coding, to_template = CODING | {"core": [1]}, np.diag([1.14, 1.16, 1.15, 1.0])
    for case in cases:
        raw = {part: tmp_path / "raw" / case / f"{part}.nii.gz" for part in names}
        import_case.main(
            case=case, source="folder", options={"path": str(release), "names": names},
            modalities=["t1", "t1ce", "t2", "flair"], follow_links=False, coding=coding,
            on_bad_case="stop", images=raw, quality=tmp_path / f"{case}.csv",
        )  # fmt: skip
        t1ce = read_image(raw["t1ce"])
        write_image(tmp_path / "brain.nii.gz", (t1ce.data > 0).astype(np.uint8), t1ce.grid)
        matrix = volume_path(tmp_path / "volumes.csv", case, "t1ce_to_template")
        write_matrix(matrix, to_template)
        parts = ("t1ce", "brain_mask", "segmentation")
        row = tmp_path / f"{case}.csv"
        normalise_case.main(
            case=case, scans={"t1ce": raw["t1ce"]}, to_t1ce={}, t1ce_to_template=matrix,
            brain_mask=tmp_path / "brain.nii.gz", segmentation=raw["segmentation"],
            template=tmp_path / "brain.nii.gz", options={"voxel_size_mm": 3.0, "margin_mm": 4.0},
            normalised={x: volume_path(tmp_path / "volumes.csv", case, x) for x in parts},
            quality=row, limits=limits, on_bad_case="stop", coding=coding,
        )  # fmt: skip
        expert = np.asarray(nib.load(release / case / f"{case}_seg.nii.gz").dataobj)
        measured = pd.read_csv(row).iloc[0]
        for region, numbers in {"et": [4], "tc": [1, 4], "wt": [1, 2, 4]}.items():
            assert measured[f"{region}_mm3"] == np.isin(expert, numbers).sum()


@pytest.fixture(scope="module")
def walked(real_data, tmp_path_factory):
    """The folder of a cohort in which the rules have preprocessed both cases as the study's."""
    folder = tmp_path_factory.mktemp("real_brats")
    (folder / "cases.csv").write_text("\n".join(["case", *CASES]) + "\n")
    cohort = {
        "name": "real_brats", "source": "folder", "modalities": MODALITIES, "on_bad_case": "stop",
        "labels": {"table": "cases.csv", "columns": NO_LABELS}, "segmentation_labels": CODING,
        "folder": {"path": str(real_data.resolve()), "names": NAMES},
    }  # fmt: skip
    config = {"cohort": cohort, "preprocessing": study()["preprocessing"]}
    copy_of_repository(folder)
    write_config(folder, "real_brats.yaml", **config)
    snakemake(folder, f"{COHORT}/volumes.csv", config="real_brats.yaml")
    return folder / COHORT


@pytest.mark.real
def test_the_studys_preprocessing_keeps_every_label_and_its_volume(real_data, walked, tmp_path):
    """The affine registration makes these brains 35 and 40 % larger, and no volume shows it."""
    quality = pd.read_csv(walked / "quality.csv").set_index("case")
    assert pd.read_csv(walked / "excluded.csv").empty
    manifest = walked / "volumes.csv"
    drawn = figure_4(tmp_path, manifest, experts(manifest, tmp_path / "maps"))
    scale = read_table(manifest).set_index("case")["template_scale"]
    for case in CASES:
        direct = counted(real_data, case)
        assert {region: quality.at[case, f"{region}_mm3"] for region in REGIONS} == direct
        labels = read_image(volume_path(manifest, case, "segmentation"), np.uint8)
        assert np.allclose(labels.grid.voxel_sizes, 1)
        assert np.unique(labels.data).tolist() == [0, 1, 2, 3]
        assert scale[case] > 1.2
        assert drawn.loc[case].to_dict() == direct
        assert quality.at[case, "tumour_outside_brain_ml"] < 0.01 * direct["wt"] / 1000


@pytest.mark.real
def test_a_few_steps_on_crops_lower_the_loss(walked):
    dataset = Dataset(walked / "volumes.csv", MODALITIES, keep_in_memory=True, classes=4)
    chosen = {"crop": {"size": [48] * 3, "enhancing_share": 1.0}, "augmentation": []}
    plan = StudyPlan(study(), CohortPlan(study()))
    settings = Settings(**plan.training_of("dmfnet-umodule") | chosen)
    torch.manual_seed(1)
    network = build_network("dmfnet-umodule", modalities=2, classes=4, tasks=(), width=8)
    trainer = Trainer(network, dataset, CASES, [], settings, seed=1, tasks=())
    rows = pd.DataFrame([trainer.fit(epoch) for epoch in range(1, 13)])
    assert np.isfinite(rows).all(axis=None)
    terms = rows["auxiliary_reconstruction_1"] + rows["auxiliary_reconstruction_2"]
    of_labels = (rows["train_loss"] - rows["weight_auxiliary"] * terms) / rows["weight_labels"]
    for loss in (rows["train_loss"], of_labels, terms):
        assert loss[-4:].mean() < 0.9 * loss[:4].mean()


@pytest.mark.real
def test_a_whole_volume_takes_less_than_4_gib_at_full_width(real_data, native, tmp_path):
    """240 x 240 x 155 voxels, which the network pads to 160; figure 4 is drawn from its labels."""
    FOLDS.to_csv(tmp_path / "folds.csv", index=False)
    torch.manual_seed(1)
    network = build_network("dmfnet", modalities=2, classes=4, tasks=())
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    sampling = study()["sampling"]
    same = ("passes", "nested", "keep_sums", "hd95", "batch_size", "device", "acceleration")
    files = {"folds": "folds.csv", "case_files": "files",
             "probabilities": "p.csv", "segmentation": "s.csv", "voxels": "v.csv", "maps": "maps",
             }  # fmt: skip
    given = {name: sampling[name] for name in same}
    given |= {name: str(tmp_path / file) for name, file in files.items()}
    given |= {
        "split": "test", "models": [str(tmp_path / "model.safetensors")], "volumes": str(native),
        "network": "dmfnet", "sampler": "deterministic", "options": {}, "rate": 0.0, "fold": 1,
        "seed": 1, "modalities": MODALITIES, "tasks": [], "classes": 4,
        "mapped": sampling["maps"], "histograms": sampling["voxel_histograms"], "library": "",
        "threads": 1,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SAMPLE], input=json.dumps(given), text=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    most = int(done.stdout.split()[-1]) * 1024  # Linux counts KiB
    print(f"at most {most / 2**30:.2f} GiB")
    assert most < MOST_MEMORY
    drawn = figure_4(tmp_path, native, tmp_path / "maps")
    for case in CASES:
        assert drawn.loc[case].to_dict() == counted(real_data, case)
        labels = tmp_path / "maps" / case / "passes-001" / "labels.nii.gz"
        assert nib.load(labels).shape == (240, 240, 155)
