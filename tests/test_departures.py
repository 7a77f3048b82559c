"""Departures from a paper are those of the config, all of them, and no other."""

import inspect
import re
from importlib import import_module

import pytest
from bad_config import PUBLISHED
from bad_input import ROOT
from configs import DEFAULT, checked, read

pytest.importorskip("hypothesis", reason="hypothesis is installed by `make test`")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glioma_uq.configuration.departures import (
    MC_DROPOUT,
    PAPERS,
    SMALL_TUMOURS,
    UNSAID,
    Setting,
    departures,
    shown,
)
from glioma_uq.errors import BadInput

STUDIES = ["config.yaml"] + sorted(f"studies/{path.name}" for path in ROOT.glob("studies/*.yaml"))
SETTINGS = [
    (paper, item) for paper in PAPERS for item in PAPERS[paper] if isinstance(item, Setting)
]
IDS = [f"{paper}: {item.key}" for paper, item in SETTINGS]
PHANTOM = "a digital phantom"
NETWORKS = ["csnet", "dmfnet", "dmfnet-umodule", "unet3d"]  # whose options papers name
# Patients by the defaults, which are the science: nothing is said but the study's name.
SCIENCE = {"study": "mine", "cohort": {
    "name": "mine", "source": "folder", "folder": {"path": "x"}, "labels": {"table": "none.csv"},
}}  # fmt: skip
NOTHING_FITTED = {"recalibration": [], "conformal": None, "mask_control": None}
# What has to go with a value of the paper's for the config to pass.
COMPANIONS = {
    "folds.validation_share": {
        "training": {"weights": "last", "schedule": "poly"}, "statistics": NOTHING_FITTED,
    },
    "folds.scheme": {"folds": {"number": 1, "test_share": 0.2}},
    "preprocessing.variant": {
        "preprocessing": {"skull_stripping": "template",
                          "head_templates": {"t1": "t1.nii", "t2": "t2.nii"}},
    },
    "preprocessing.registration.engine": {"preprocessing": {"white_matter_field": None}},
    "rates": {"sampling": {"samplers": ["deterministic"]}, "selection": {"rate": None}},
    "sampling.passes": {"selection": {"passes": None}},
    "tasks": {"selection": {"rule": "fixed"}},
}  # fmt: skip

TRIED = settings(
    max_examples=60, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever labels table lies where a study looks for it


def nested(key, value):
    """Return {a: {b: value}} of the key a.b."""
    head, _, rest = key.partition(".")
    return {head: nested(rest, value) if rest else value}


def actual(key, config):
    """Return a setting's value in a config: what the code that runs would take."""
    head, *rest = key.split(".")
    if head == "network_options":
        network, option = rest
        cls = import_module(f"glioma_uq.networks.{network.replace('-', '_')}").NETWORK
        default = inspect.signature(cls).parameters[option].default
        return config["network_options"].get(network, {}).get(option, default)
    value = config
    for part in (head, *rest):
        value = value[part]
    return value


def departing(paper, config):
    """Return {what: setting} of a paper's settings that a config has, and has otherwise."""
    mine = [item for name, item in SETTINGS if name == paper]
    others = [f"network_options.{name}." for name in NETWORKS if name not in config["networks"]]
    return {
        item.what: item
        for item in mine
        if not item.key.startswith(tuple(others)) and actual(item.key, config) != item.paper
    }


def check_rows(config):
    """Assert that the rows are exactly the settings that differ, with their true values."""
    rows = {row["what"]: row for row in departures(config)}
    assert len(rows) == len(departures(config))
    expected = departing(config["paper"], config)
    fixed = {item.what for item in PAPERS[config["paper"]] if not isinstance(item, Setting)}
    assert rows.keys() - fixed == expected.keys()
    for what, item in expected.items():
        assert rows[what]["here"] == shown(actual(item.key, config), item.unit)
        assert rows[what]["paper"] == shown(item.paper, item.unit)
        assert rows[what]["here"] != rows[what]["paper"]
        assert rows[what]["why"] == config["departures"].get(item.key, item.why)


# The studies that come along.


@pytest.mark.parametrize("path", STUDIES)
def test_the_rows_of_a_study_are_what_its_config_has_otherwise(path):
    config = checked({}, read(path))
    if config["predictions"]:
        assert departures(config) == []
    else:
        check_rows(config)


@pytest.mark.parametrize("path", STUDIES)
def test_a_study_gives_a_reason_for_each_departure(path):
    assert UNSAID not in {row["why"] for row in departures(checked({}, read(path)))}


def test_the_defaults_are_the_papers_settings_but_where_we_argue_for_another():
    rows = departures(checked({}, SCIENCE))
    assert [(row["what"], row["here"], row["paper"]) for row in rows] == [
        ("Preprocessing", "default", "authors"),
        ("Folds", "cross validation", "holdout"),
        ("Validation passes with dropout active", "5", "0"),
        ("Class weights of the loss", "balanced", "authors"),
        ("Bootstrap intervals", "expanded", "percentile"),
    ]
    study = read("studies/mc_dropout.yaml")
    assert rows == departures(checked({"seeds": [1]}, study))
    more = [row for row in departures(checked({}, study)) if row not in rows]
    assert [(row["what"], row["here"], row["paper"]) for row in more] == [
        ("Seeds of training", "1, 2, 3", "1")
    ]


@pytest.mark.parametrize("path", STUDIES)
def test_a_phantom_is_said_to_be_one_and_patients_are_not(path):
    config = checked({}, read(path))
    is_phantom = bool(config["cohort"]) and config["cohort"]["source"] == "phantom"
    assert (PHANTOM in {row["here"] for row in departures(config)}) == is_phantom


# Any config.


@pytest.mark.parametrize(("paper", "setting"), SETTINGS, ids=IDS)
def test_a_setting_at_the_papers_value_does_not_depart(paper, setting):
    network = setting.key.split(".")[1] if setting.key.startswith("network_options") else None
    base = SCIENCE | {"paper": paper} | ({"networks": [network], "tasks": []} if network else {})
    config = {**base, **COMPANIONS.get(setting.key, {})}
    for head, value in nested(setting.key, setting.paper).items():
        given = config.get(head, {})
        config[head] = given | value if isinstance(value, dict) else value
    if setting.key == "training.crop.enhancing_share":
        config["segmentation"] = "subregions"
    if setting.paper == "best_on_test":
        config |= {"folds": {"validation_share": 0}, "statistics": NOTHING_FITTED}
    found = checked({}, config)
    assert setting.what not in {row["what"] for row in departures(found)}
    with pytest.raises(
        BadInput, match=f"found one for {re.escape(setting.key)}, which does not: remove"
    ):
        checked({"departures": {setting.key: "So there."}}, config)


AUGMENTATION = ["rotation", "crop", "flip_x", "flip_y", "flip_z", "intensity_shift", "gamma"]
CHANGES = {
    "preprocessing.voxel_size_mm": st.floats(0.5, 8),
    "preprocessing.clip": st.sampled_from([None, [5, 95], [0, 99.8]]),
    "segmentation": st.sampled_from(["tumour", "subregions"]),
    "seeds": st.sampled_from([[1], [2], [1, 2]]),
    "training.epochs": st.sampled_from([1, 30, 150, 500]),
    "training.batch_size": st.integers(1, 6),
    "training.learning_rate": st.floats(1e-7, 1e-2),
    "training.weight_decay": st.sampled_from([0, 1e-5, 1e-4]),
    "training.schedule": st.sampled_from(["plateau", "cosine", "poly"]),
    "training.weights": st.sampled_from(["best", "last"]),
    "training.ce_weight": st.sampled_from([0, 0.0, 1.0]),
    "training.segmentation_weight": st.floats(0.5, 1.5),
    "training.augmentation": st.sampled_from([[], ["rotation"], AUGMENTATION]),
    "training.crop.size": st.sampled_from([None, [128, 128, 128], [32, 32, 32]]),
    "network_options": st.sampled_from(
        [{}, {"csnet": {}}, {"csnet": {"width": 8}}, {"csnet": {"width": 32}}]
    ),
    "statistics.interval": st.sampled_from(["percentile", "basic", "bca", "expanded"]),
}


@TRIED
@given(st.sampled_from(["mc_dropout", "small_tumours"]), st.data())
def test_of_any_config_the_rows_are_what_it_has_otherwise(paper, data):
    chosen = data.draw(st.sets(st.sampled_from(sorted(CHANGES))))
    base = SCIENCE if data.draw(st.booleans()) else DEFAULT
    config = checked({"paper": paper}, base)
    for key in sorted(chosen):
        config = checked(nested(key, data.draw(CHANGES[key])), config)
    check_rows(config)


@TRIED
@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
@example(1e-5, 1.0000001e-5)
@example(0.1, 0.1)
@example(1000000, 1000001)
def test_numbers_of_up_to_15_digits_look_different_when_they_are(one, other):
    one, other = (float(f"{number:.15g}") for number in (one, other))
    assert (shown(one) == shown(other)) == (one == other)


def test_values_are_shown_as_people_write_them():
    assert [shown(value) for value in (None, [], True, False, "dice_ce", 1e-5, 6.0)] == [
        "none", "none", "yes", "no", "dice ce", "1e-05", "6",
    ]  # fmt: skip
    assert shown([128, 128], " voxels") == "128, 128 voxels"
    assert shown(None, " mm") == shown({}) == "none"
    mine = {"vae": {"schedule": "constant", "after": [1.0, 0.1]}}
    assert shown(mine) == "vae: schedule: constant; after: 1.0, 0.1"


# Options of networks.


def test_an_option_departs_only_where_its_network_is_in_the_study():
    change = {"networks": ["dmfnet"], "tasks": [], "network_options": {"csnet": {"width": 8}}}
    whats = {row["what"] for row in departures(checked(change, SCIENCE))}
    assert "Width of CSNet" not in whats
    assert "Networks" in whats


@pytest.mark.parametrize("item", [i for i in (*MC_DROPOUT, *SMALL_TUMOURS)
                                  if isinstance(i, Setting) and i.key.startswith("network_opt")
                                  and i.why == UNSAID],
                         ids=lambda item: item.key)  # fmt: skip
def test_a_networks_own_default_is_the_papers_but_where_we_argue_for_another(item):
    _, network, option = item.key.split(".")
    cls = import_module(f"glioma_uq.networks.{network.replace('-', '_')}").NETWORK
    assert inspect.signature(cls).parameters[option].default == item.paper


def test_the_departures_of_the_reconstruction_are_said_where_it_is_learned():
    study = read("studies/small_tumours.yaml")
    rows = {row["what"]: (row["here"], row["paper"]) for row in departures(checked({}, study))}
    assert rows["Reconstruction loss of a feature map"] == ("mean", "sum")
    assert rows["Target of a reconstruction constant"] == ("yes", "no")
    assert "segresnet-vae" in rows["Auxiliary weights of single networks"][0]
    assert {"Scaling by 0.9 to 1.1", "Outputs of the networks"} <= rows.keys()
    options = {"dmfnet-umodule": {"reduction": "sum", "detach_target": False}}
    theirs = departures(checked({"network_options": options}, study))
    assert not {row["what"] for row in theirs} & {
        "Reconstruction loss of a feature map", "Target of a reconstruction constant",
    }  # fmt: skip


# Reasons.


def test_a_reason_stands_in_its_row():
    change = {"training": {"epochs": 9}, "departures": {"training.epochs": "Time is short."}}
    (row,) = [r for r in departures(checked(change, SCIENCE)) if r["what"] == "Epochs at most"]
    assert row == {
        "what": "Epochs at most", "here": "9", "paper": "150", "why": "Time is short.",
    }  # fmt: skip


def test_our_own_reason_stands_where_the_study_gives_none_and_yields_to_it():
    (ours,) = [item.why for item in MC_DROPOUT if item.what == "Folds"]
    assert ours != UNSAID
    for reasons, said in (({}, ours), ({"folds.scheme": "Mine."}, "Mine.")):
        rows = departures(checked({"departures": reasons}, SCIENCE))
        assert {row["what"]: row["why"] for row in rows}["Folds"] == said


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("training.epoch", "did you mean 'training.epochs'?"),
        ("epochs", ""),
        ("Folds", ""),
        ("", ""),
        ("network_options.csnet.heads", ""),
        ("training.crop.size", ""),  # a setting of the other paper
    ],
)
def test_a_reason_for_what_is_no_setting_of_the_paper_is_refused(key, hint):
    sentence = f"expected the key of a setting of the paper under departures, found {key!r}: "
    with pytest.raises(BadInput, match=re.escape(sentence) + ".*" + re.escape(hint)):
        checked({"departures": {key: "So there."}}, SCIENCE)


def test_without_a_paper_nothing_departs_and_no_reason_is_taken():
    assert departures(checked({"paper": None, "training": {"epochs": 9}}, SCIENCE)) == []
    with pytest.raises(BadInput, match="expected no departures for paper null"):
        checked({"paper": None, "departures": {"training.epochs": "So there."}}, SCIENCE)


def test_a_study_of_predictions_has_none_and_takes_no_reason():
    theirs = {"study": "theirs", "predictions": PUBLISHED}
    assert departures(checked({}, theirs)) == []
    with pytest.raises(BadInput, match="found one for training.epochs, which does not: remove it"):
        checked({"training": {"epochs": 9}, "departures": {"training.epochs": "So."}}, theirs)


def test_every_setting_has_a_name_of_its_own():
    for paper in (MC_DROPOUT, SMALL_TUMOURS):
        assert len({item.what for item in paper}) == len(paper)
        keys = [item.key for item in paper if isinstance(item, Setting)]
        assert len(set(keys)) == len(keys)
