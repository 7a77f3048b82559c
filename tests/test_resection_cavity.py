"""A study of subregions and resection cavity: trained, sampled, and judged by the tumour."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from test_case_files import plan_for
from test_training_of_subregions import SMALL_TUMOURS, Parts

from glioma_uq.images import Grid, read_mask, read_tumour, write_image
from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.case_files import sample_cases
from glioma_uq.subregions import CLASSES, in_region
from glioma_uq.training.trainer import Trainer

CAVITY = 4
SETTINGS = replace(
    SMALL_TUMOURS, epochs=30, learning_rate=5e-2, crop={}, segmentation_loss="dice_ce"
)


class AfterSurgery(Parts):
    """The same tumours, each beside a dark cavity."""

    def load(self, name):
        case = super().load(name)
        case.images[:, 4:12, 4:12, 12:15] -= 2
        if case.tumour is not None:
            case.tumour[0, 4:12, 4:12, 12:15] = CAVITY
        return case


class Outliner(torch.nn.Module):
    """Two convolutions, which learn in seconds what is bright and what is dark."""

    def __init__(self):
        super().__init__()
        classes = CLASSES["subregions_and_cavity"]
        self.first, self.last = torch.nn.Conv3d(4, 8, 3, padding=1), torch.nn.Conv3d(8, classes, 1)

    def forward(self, images):
        return {"segmentation": self.last(torch.relu(self.first(images)))}


@pytest.fixture(scope="module")
def trained():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Outliner()
    run = Trainer(network, AfterSurgery(), list("abcdg"), list("ef"), SETTINGS, seed=1, tasks=())
    for _ in range(SETTINGS.epochs):
        run.run_epoch()
    run.network.eval()
    return run


def test_the_curve_has_the_dice_of_the_cavity_beside_that_of_the_tumour(trained):
    curve = pd.DataFrame(trained.curve)
    regions = ["validation_dice_et", "validation_dice_tc", "validation_dice_wt"]
    assert [c for c in curve if c.startswith("validation_dice_")] == [
        *regions, "validation_dice_rc"
    ]  # fmt: skip
    assert curve["validation_dice_wt"].equals(curve["validation_dice"])


def test_the_samples_are_judged_by_the_tumour_alone(trained, tmp_path):
    plan = plan_for(tmp_path, passes=(1,), mapped=(1,), extras=("histograms",))
    dataset = AfterSurgery()
    ((case, record),) = sample_cases("deterministic", [trained.network], dataset, ["e"], plan, 1)
    labels, (row,) = record.maps[1]["labels"], record.segmentation
    with torch.no_grad():
        probability = trained.network(case.images[None])["segmentation"][0].softmax(0)
    assert torch.equal(labels, probability.argmax(0).to(torch.uint8))
    assert CAVITY in labels
    torch.testing.assert_close(record.maps[1]["mean"], probability[1:4].sum(0))
    predicted, reference = in_region(labels, "wt"), in_region(case.tumour[0], "wt")
    assert row["dice"] == dice(predicted, reference)
    volume = float(predicted.sum()) * case.voxel_volume_mm3
    assert row["predicted_volume_mm3"] == volume
    outside = record.maps[1]["mean"][~reference].double().mean()
    assert row["background_probability"] == pytest.approx(float(outside), rel=1e-6)
    counted = {each["histogram"]: sum(each["n"]) for each in record.histograms}
    assert counted["inside"] == reference.sum()
    assert counted["inside"] + counted["outside"] == reference.numel()


def test_a_mask_of_the_tumour_leaves_the_cavity_out(tmp_path):
    labels, grid = np.arange(5, dtype=np.uint8).reshape(5, 1, 1), Grid((5, 1, 1), np.eye(4))
    write_image(tmp_path / "labels.nii.gz", labels, grid)
    assert read_tumour(tmp_path / "labels.nii.gz").data.flatten().tolist() == [0, 1, 1, 1, 0]
    assert read_mask(tmp_path / "labels.nii.gz").data.sum() == 4
