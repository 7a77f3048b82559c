"""The study of small tumours made tiny: the same Snakefile, parts of tumours instead of tasks."""

import pandas as pd
import pytest
import yaml
from test_workflow import copy_of_repository, snakemake

CONFIG = {
    "study": "tiny_parts",
    "cohort": {
        "name": "tiny_parts",
        "phantom": {
            "cases": 6,
            "in_plane_mm": 5.0,
            "slice_mm": [5.0, 5.0],
            "enhancement": 2.0,
            "missing": {"idh": 0.0, "1p19q": 0.0, "grade": 0.0},
        },
    },
    "preprocessing": {"voxel_size_mm": 8.0},
    "folds": {"stratify_by": ["et_size"]},
    "networks": ["dmfnet", "dmfnet-umodule"],
    "network_options": {"dmfnet": {"width": 4}, "dmfnet-umodule": {"width": 4}},
    "tasks": [],
    "segmentation": "subregions",
    "rates": [0.0],
    "training": {
        "epochs": 2,
        "amsgrad": True,
        "schedule": "poly",
        "segmentation_loss": "generalised_dice",
        "segmentation_weight": 1.0,
        "augmentation": ["mirror_x"],
        "auxiliary": {"schedule": "fraction", "share": 0.5},
        "crop": {"size": [18, 18, 18], "enhancing_share": 0.5},
    },
    "sampling": {
        "samplers": ["deterministic"],
        "passes": [1],
        "maps": [1],
        "batch_size": 1,
        "keep_sums": False,
    },
    "selection": {"rule": "fixed", "rate": 0.0, "passes": 1},
    "statistics": {"mask_control": None, "resamples": 100},
    "departures": [],
}
STUDY = "results/studies/tiny_parts"
NETWORKS = ["dmfnet-deterministic", "dmfnet-umodule-deterministic"]
pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the repository in which the tiny study has run to its end."""
    folder = copy_of_repository(tmp_path_factory.mktemp("tiny_parts"))
    (folder / "tiny_parts.yaml").write_text(yaml.safe_dump(CONFIG))
    snakemake(folder, config="tiny_parts.yaml")
    return folder


def test_the_report_shows_the_three_tables_and_every_figure(finished):
    report = (finished / STUDY / "report.html").read_text()
    for number in (1, 2, 3):
        assert f"Table {number}" in report
        table = pd.read_csv(finished / STUDY / f"statistics/table_{number}.csv")
        assert set(table["origin"]) == {"measured", "quoted"}
        measured = table.loc[table["origin"] == "measured", "network"]
        assert set(measured) == set(NETWORKS)
    for name in ("tumour_volumes", "segmentation_gallery", "dice_by_size", "froc"):
        for ending in ("pdf", "png", "csv"):
            assert (finished / STUDY / f"figures/{name}.{ending}").stat().st_size > 0
    assert report.count("data:image/png;base64,") >= 5


def test_the_curve_of_a_network_with_u_modules_has_their_terms_and_weights(finished):
    """The first of two epochs has the first weights."""
    path = "dmfnet-umodule/dropout-0.00/fold-1/seed-1/learning_curve.csv"
    curve = pd.read_csv(finished / STUDY / path)
    assert curve["weight_labels"].tolist() == [0.5, 1.0]
    assert curve["weight_auxiliary"].tolist() == [0.5, 0.05]
    terms = [f"auxiliary_reconstruction_{level}{end}" for level in (1, 2)
             for end in ("", "_relative")]  # fmt: skip
    assert (curve[terms] > 0).all(axis=None)
    plain = pd.read_csv(finished / STUDY / path.replace("-umodule", ""))
    assert not set(terms) & set(plain)


def test_every_case_is_counted_once_in_every_region_under_every_rule(finished):
    cases = pd.read_csv(finished / "results/cohorts/tiny_parts/cases.csv")["case"]
    volumes = pd.read_csv(finished / STUDY / "figures/tumour_volumes.csv")
    for network in NETWORKS:
        table = pd.read_csv(finished / STUDY / network / "dropout-0.00/passes-001/overlap.csv")
        assert len(table) == len(cases) * 3 * 2
        assert not table.duplicated(["case", "region", "rule"]).any()
        counted = table[table["rule"] == "none"].merge(volumes, on=["case", "region"])
        assert (counted["reference_volume_mm3"] == counted["volume_mm3"]).all()
        assert len(counted) == len(cases) * 3


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in snakemake(finished, config="tiny_parts.yaml")
