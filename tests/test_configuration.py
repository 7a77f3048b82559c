"""Configurations are refused in one sentence that says what was expected, found, and to do."""

import copy

import pytest
import yaml
from bad_input import ROOT
from bounded import in_bounds
from configs import DEFAULT, checked

from glioma_uq.configuration.documents import read_yaml
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadInput


def test_the_default_passes_and_gets_its_defaults():
    config = checked({})
    assert config["statistics"]["ece_bins"] == 15
    assert config["statistics"]["conformal"] == {"alpha": 0.1, "class_conditional": False}
    assert config["selection"]["tolerance"] == 0.01
    assert config["predictions"] is None


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_study_passes(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever labels table lies where the study looks for it
    assert check_config(yaml.safe_load(path.read_text()))["study"] == path.stem


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ({"sampeling": {}}, "expected a known key, found 'sampeling': did you mean 'sampling'?"),
        (
            {"training": {"epoch": 3}},
            "expected a known key under training, found 'epoch': did you mean 'epochs'?",
        ),
        ({"rates": [0.2, 1.0]}, r"expected less than 1 for rates.1, found 1.0"),
        ({"rates": [-0.1]}, "expected at least 0 for rates.0, found -0.1"),
        ({"rates": [0, 0.2]}, "expected rates above 0 for the sampler mc-dropout, found 0: remove"),
        (
            {"rates": [0.0], "sampling": {"samplers": ["deterministic", "mc-dropout-ensemble"]}},
            "expected rates above 0 for the sampler mc-dropout-ensemble",
        ),
        ({"tasks": ["idh", "mgmt"]}, "expected tasks.1, found 'mgmt'"),
        ({"segmentation": "regions"}, "expected segmentation, found 'regions'"),
        (
            {
                "segmentation": "subregions",
                "cohort": {"segmentation_labels": {"core": [1], "oedema": [], "enhancing": [2]}},
            },
            "expected labels of oedema in cohort.segmentation_labels for segmentation subregions",
        ),
        (
            {"segmentation": "subregions_and_cavity"},
            "expected labels of the cavity in segmentation_labels for segmentation subregions_and_",
        ),
        (
            {"training": {"crop": {"size": [8, 8, 8], "enhancing_share": 0.3}}},
            "expected segmentation subregions for training.crop.enhancing_share, found tumour",
        ),
        ({"training": {"crop": {"size": [8, 8]}}}, "at least 3 entries for training.crop.size"),
        ({"training": {"auxiliary": {"schedule": "steps"}}}, "did you mean 'step'?"),
        ({"preprocessing": {"clip": [95, 5]}}, r"lower percentile of preprocessing.clip first"),
        (
            {"tasks": [], "selection": {"rule": "nll"}},
            "expected selection.rule fixed for a study without tasks, found nll",
        ),
        ({"rates": [0.4, 0.2]}, r"expected rates in ascending order .* write \[0.2, 0.4\]"),
        ({"sampling": {"passes": [0]}}, "expected at least 1 for sampling.passes.0, found 0"),
        ({"folds": {"number": 1}}, "expected at least 2 for folds.number, found 1"),
        ({"folds": {"test_share": 0.2}}, "expected no folds.test_share for folds.scheme cross"),
        ({"folds": {"scheme": "holdout"}}, "expected folds.number 1 for .* holdout, found 2"),
        (
            {"folds": {"scheme": "holdout", "number": 1}},
            "expected folds.test_share for folds.scheme holdout, found none",
        ),
        ({"folds": {"stratify_by": ["et_sise"]}}, "found 'et_sise': did you mean 'et_size'"),
        ({"folds": {"number": "two"}}, "expected a value of type integer for folds.number"),
        ({"study": "a/b"}, "expected a text of the form .* for study, found 'a/b'"),
        (
            {"cohort": {"source": "foldr"}},
            "expected cohort.source, found 'foldr': did you mean 'folder'?",
        ),
        ({"cohort": {"source": "folder"}}, "expected cohort.folder for cohort.source folder"),
        ({"cohort": {"source": "bids", "bids": {"path": "x"}}}, "expected cohort.labels for"),
        ({"cohort": {"source": "brats"}}, "expected BraTS among the datasets"),
        ({"cohort": {"source": "datasets"}}, "expected cohort.datasets for cohort.source datasets"),
        (
            {"cohort": {"segmentation_labels": {"core": [1], "oedema": [2], "enhancing": [1]}}},
            "subregions, the cavity and the background of cohort.segmentation_labels, found",
        ),
        ({"selection": {"rate": 0.25}}, "expected selection.rate among the rates"),
        ({"selection": {"passes": 35}}, "expected selection.passes among sampling.passes"),
        ({"selection": {"rule": "nl"}}, "expected selection.rule, found 'nl': did you mean 'nll'?"),
        ({"statistics": {"interval": "bcaa"}}, "statistics.interval, found 'bcaa': did you mean"),
        ({"statistics": {"conformal": {"alfa": 1}}}, "under statistics.conformal, found 'alfa'"),
        ({"statistics": {"mask_control": {"alpha": 1}}}, "expected less than 1 for statistics"),
        ({"sampling": {"voxel_histograms": False}}, "expected sampling.voxel_histograms true for"),
    ],
)
def test_a_wrong_configuration_is_refused(override, sentence):
    with pytest.raises(BadInput, match=sentence) as raised:
        checked(override)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("segmentation", "more"), [("subregions", {}), ("subregions_and_cavity", {"cavity": [9]})]
)
def test_a_cohort_that_labels_what_a_study_segments_is_accepted(segmentation, more):
    coding = {"core": [1], "oedema": [2], "enhancing": [4]} | more
    found = checked({"segmentation": segmentation, "cohort": {"segmentation_labels": coding}})
    expected = {"cavity": [], "background": []} | coding
    assert found["cohort"]["segmentation_labels"] == expected


def test_a_missing_key_is_named():
    config = copy.deepcopy(DEFAULT)
    del config["cohort"]["name"]
    with pytest.raises(BadInput, match="expected the key cohort.name, found none"):
        check_config(config)


def test_a_rule_needs_no_cell_and_null_turns_parts_off():
    checked({"selection": {"rule": "nll", "rate": 0.99, "passes": 7}})
    off = {"recalibration": [], "conformal": None, "mask_control": None}
    checked({"statistics": off})
    checked({"sampling": {"voxel_histograms": False}, "statistics": {"mask_control": None}})


@pytest.mark.parametrize(
    ("samplers", "given", "passes"),
    [
        (["mc-dropout"], None, 5),
        (["deterministic", "mc-dropout-ensemble"], None, 5),
        (["deterministic", "test-time-augmentation"], None, 0),
        (["mc-dropout"], 0, 0),
        (["mc-dropout"], 8, 8),
    ],
)
def test_validation_passes_have_dropout_active_if_sampling_has(samplers, given, passes):
    change = {"sampling": {"samplers": samplers}, "training": {"validation_passes": given}}
    assert checked(change)["training"]["validation_passes"] == passes


def test_a_study_of_parts_without_tasks_or_dropout_passes():
    change = {
        "tasks": [],
        "segmentation": "subregions",
        "rates": [0.0],
        "networks": ["dmfnet"],
        "preprocessing": {"clip": [5, 95]},
        "training": {
            "schedule": "poly",
            "amsgrad": True,
            "segmentation_loss": "generalised_dice",
            "ce_weight": 1,
            "auxiliary": {"schedule": "ramp", "until": 20, "before": [0.5, 0.5]},
            "crop": {"size": [128, 128, 128], "enhancing_share": 0.3},
            "augmentation": ["rotation_in_plane", "mirror_x", "intensity_scale", "zoom"],
        },
        "sampling": {"samplers": ["deterministic"], "passes": [1], "maps": [1]},
        "selection": {"rate": 0.0, "passes": 1},
        "statistics": {"mask_control": None},
    }
    checked(change)
    default = checked({})
    assert default["tasks"] == ["idh", "1p19q", "grade"]
    assert default["segmentation"] == "tumour"
    assert default["preprocessing"]["clip"] is None


@pytest.mark.parametrize("address", ["https://{x}.org", "https://{bucket}{}", "https://{", "{0}"])
def test_an_address_of_a_bucket_has_one_name_alone(address):
    cohort = {
        "name": "a", "source": "idc", "labels": {"table": "x.csv"},
        "idc": {"collection": "c", "bucket_address": address},
    }  # fmt: skip
    with pytest.raises(BadInput, match=r"expected \{bucket\} once and no other field"):
        check_config({"cohort": cohort})


@pytest.mark.parametrize("key", ["study", "cohort"])
def test_a_name_of_a_folder_has_a_longest_length(key):
    change = {"study": "a" * 5000} if key == "study" else {"cohort": {"name": "a" * 5000}}
    with pytest.raises(BadInput, match="expected at most 100 characters for") as refusal:
        checked(change)
    assert len(str(refusal.value)) <= 2000


TENFOLD = [(a, b, ", ".join([f"*{a}"] * 10)) for a, b in zip("abcdefgh", "bcdefghi", strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1, 2]\n" + "".join(f"{b}: &{b} [{ten}]\n" for _, b, ten in TENFOLD),
        "a: &a {x: 1}\n" + "".join(f"{b}: &{b} {{<<: [{ten}]}}\n" for _, b, ten in TENFOLD),
        "a: &a [*a]\n",
        "a: &a {b: {c: *a}}\n",
    ],
)
def test_a_few_lines_that_are_a_thousand_million_values_are_refused(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    said = "BadInput: expected at most 100,000 values in "
    assert in_bounds(read_yaml, path).startswith(f"{said}{path}, found more by its aliases")
    if "<<" not in text:
        assert in_bounds(check_config, yaml.safe_load(text)).startswith(f"{said}the config")


def test_brackets_that_do_not_end_are_no_yaml(tmp_path):
    (tmp_path / "study.yaml").write_text("a: " + "[" * 1000)
    with pytest.raises(BadInput, match="expected YAML in .*, found"):
        read_yaml(tmp_path / "study.yaml")
