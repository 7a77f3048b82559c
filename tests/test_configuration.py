"""Configurations are refused in one sentence that says what was expected, found, and to do."""

import copy
from pathlib import Path

import pytest
import yaml

from glioma_uq.configuration import check_config, needs_validation
from glioma_uq.errors import BadInput

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "rules" / "config.schema.yaml"
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def merge(config, override):
    """Merge as Snakemake merges config files: mappings into mappings, all else replaced."""
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            merge(config[key], value)
        else:
            config[key] = value
    return config


def checked(**override):
    return check_config(merge(copy.deepcopy(DEFAULT), override), SCHEMA)


def test_the_default_passes_and_gets_its_defaults():
    config = checked()
    assert config["statistics"]["ece_bins"] == 15
    assert config["statistics"]["conformal"] == {"alpha": 0.1, "class_conditional": False}
    assert config["selection"]["tolerance"] == 0.01
    assert config["predictions"] is None


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_study_passes(path):
    checked(**yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ({"sampeling": {}}, "expected a known key, found 'sampeling': did you mean 'sampling'?"),
        (
            {"training": {"epoch": 3}},
            "expected a known key under training, found 'epoch': did you mean 'epochs'?",
        ),
        ({"rates": [0.2, 1.0]}, r"expected less than 1 for rates.1, found 1.0"),
        ({"rates": [0]}, "expected more than 0 for rates.0, found 0"),
        ({"rates": [0.4, 0.2]}, r"expected rates in ascending order .* write \[0.2, 0.4\]"),
        ({"sampling": {"passes": [0]}}, "expected at least 1 for sampling.passes.0, found 0"),
        ({"folds": {"number": 1}}, "expected at least 2 for folds.number, found 1"),
        ({"folds": {"number": "two"}}, "expected a value of type integer for folds.number"),
        ({"study": "a/b"}, "expected a text of the form .* for study, found 'a/b'"),
        (
            {"cohort": {"source": "foldr"}},
            "expected cohort.source, found 'foldr': did you mean 'folder'?",
        ),
        ({"cohort": {"source": "folder"}}, "expected cohort.folder for cohort.source folder"),
        ({"cohort": {"source": "bids", "bids": {"path": "x"}}}, "expected cohort.labels for"),
        ({"cohort": {"source": "brats", "brats": {"path": "x"}}}, "key cohort.brats.release"),
        (
            {"cohort": {"segmentation_labels": {"core": [1], "oedema": [2], "enhancing": [1]}}},
            "expected each number once among the parts of cohort.segmentation_labels",
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
        checked(**override)
    assert "\n" not in str(raised.value)


def test_a_missing_key_is_named():
    config = copy.deepcopy(DEFAULT)
    del config["folds"]["number"]
    with pytest.raises(BadInput, match="expected the key folds.number, found none"):
        check_config(config, SCHEMA)


def test_a_rule_needs_no_cell_and_null_turns_parts_off():
    checked(selection={"rule": "nll", "rate": 0.99, "passes": 7})
    off = {"recalibration": [], "conformal": None, "mask_control": None}
    assert not needs_validation(checked(statistics=off))
    assert not needs_validation(checked(statistics=off, selection={"rule": "paper"}))
    assert needs_validation(checked(statistics=off, selection={"rule": "brier"}))
    assert needs_validation(checked())
    checked(sampling={"voxel_histograms": False}, statistics={"mask_control": None})
