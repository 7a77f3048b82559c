"""Kinds of bad config: each is a change of the default study."""

import copy

import yaml
from bad_input import kind
from configs import DEFAULT, checked

from glioma_uq.configuration.schema import check_config
from glioma_uq.configuration.studies_of_others import describe_study
from glioma_uq.plans import make_plans

OF_FOLDER = {"source": "folder", "folder": {"path": "x"}, "labels": {"table": "x.csv"}}
OF_TCIA = {"source": "tcia", "tcia": {"collection": "x"}, "labels": {"table": "x.csv"}}
NAMED = {"label": "IDH", "probabilities": ["p0", "p1"]}
PUBLISHED = {"path": "x.csv", "network": "theirs", "columns": {"case": "Patient", "idh": NAMED}}

KEYS = {
    "a misspelt key": {"sampeling": {}},
    "a misspelt key inside another": {"training": {"epoch": 3}},
    "a value of the wrong type": {"folds": {"number": "two"}},
    "a number that is text to YAML": {"training": {"learning_rate": "1e-5"}},
    "a number with a point where only whole ones go": {"folds": {"number": 2.0}},
    "a word that is not among the choices": {"selection": {"rule": "nl"}},
    "a study's name with a slash": {"study": "a/b"},
    "a study's name with a line break": {"study": "a\n"},
    "NaN as a number": {"training": {"learning_rate": float("nan")}},
    "a login inside an address": {
        "cohort": OF_TCIA | {"tcia": {"collection": "x", "address": "https://ada:secret@host"}}
    },
    "a password where the name of its variable belongs": {
        "cohort": OF_TCIA | {"tcia": {"collection": "x", "variables": {"password": "secret!"}}}
    },
    "an address of the archive that is not https": {
        "cohort": OF_TCIA
        | {"tcia": {"collection": "x", "address": "http://nbia.org", "login": False}}
    },
    "a login for an unknown host": {
        "cohort": OF_TCIA | {"tcia": {"collection": "x", "address": "https://nbia.org/nbia-api"}}
    },
    "a program": {"preprocessing": {"hd_bet": {"command": "./hd-bet"}}},
}
STUDY_OR_COHORT = {
    "a study without a name": {"study": None},
    "a study without cases": {"cohort": None},
    "a cohort and predictions": {"predictions": PUBLISHED},
    "the file of a cohort that is not there": {"cohort": "cohorts/mine.yaml"},
    "a reason for a setting that is the paper's": {"departures": {"seeds": "Time is short."}},
    "an empty path of a cohort": {"cohort": ""},
    "an empty reason": {"departures": {"rates": ""}},
    "a reason without a paper": {"paper": None, "departures": {"rates": "Time is short."}},
    "a reason for what is no setting of the paper": {"departures": {"seed": "Time is short."}},
}
GRID = {
    "a rate of 1": {"rates": [0.2, 1.0]},
    "a rate of 0 with dropout active": {"rates": [0.0, 0.2]},
    "rates that do not ascend": {"rates": [0.4, 0.2]},
    "a duplicate rate": {"rates": [0.2, 0.2]},
    "a rate of three decimals": {"rates": [0.125, 0.2]},
    "a rate of three decimals near 1": {"rates": [0.2, 0.999]},
    "a selection by Dice without segmentation": {
        "segmentation": "none", "selection": {"rule": "nll-dice"}, "sampling": {"maps": []},
    },
    "T = 0": {"sampling": {"passes": [0, 30]}},
    "numbers of passes T that do not ascend": {"sampling": {"passes": [30, 10]}},
    "maps of a T that is not sampled": {"sampling": {"maps": [35]}},
    "members of an ensemble with unequal passes": {
        "seeds": [1, 2, 3], "sampling": {"samplers": ["mc-dropout-ensemble"]},
    },
    "one fold": {"folds": {"number": 1}},
    "a holdout without its share": {"folds": {"number": 1, "scheme": "holdout"}},
    "weights by validation without validation cases": {
        "folds": {"validation_share": 0}, "training": {"weights": "best"},
    },
    "fits on validation cases without any": {
        "folds": {"validation_share": 0}, "training": {"weights": "last", "schedule": "poly"},
        "statistics": {"recalibration": ["temperature"]},
    },
    "a plateau of the validation loss without validation cases": {
        "folds": {"validation_share": 0}, "training": {"weights": "last", "schedule": "plateau"},
        "statistics": {"recalibration": [], "conformal": None, "mask_control": None},
    },
    "weights by test cases beside validation cases": {"training": {"weights": "best_on_test"}},
    "a phantom too small for its folds": {"folds": {"number": 40}},
    "a phantom too small for its holdout": {
        "folds": {"number": 1, "scheme": "holdout", "test_share": 0.02}
    },
    "a selected rate that is not in the grid": {"selection": {"rate": 0.25}},
    "a selected T that is not in the grid": {"selection": {"passes": 35}},
    "mask control without its histograms": {"sampling": {"voxel_histograms": False}},
}  # fmt: skip
NETWORKS = {
    "a network that is not there": {"networks": ["csnett"]},
    "options of a network that is not there": {"network_options": {"csnett": {"width": 8}}},
    "an option that the network does not have": {"network_options": {"csnet": {"widht": 8}}},
    "a width that is no number of channels": {"network_options": {"csnet": {"width": 2.5}}},
    "a width of 0": {"network_options": {"csnet": {"width": 0}}},
    "an unknown subtype": {"tasks": ["idh", "mgmt"]},
    "subregions without the maps that keep their labels": {
        "segmentation": "subregions",
        "sampling": {"maps": []},
    },
    "a resection cavity that the cohort does not label": {"segmentation": "subregions_and_cavity"},
    "crops around enhancing tumour in a study of the whole tumour": {
        "training": {"crop": {"size": [8, 8, 8], "enhancing_share": 0.5}}
    },
}
COHORT = {
    "a source that is not there": {"cohort": {"source": "foldr"}},
    "a source without its options": {"cohort": {"source": "folder"}},
    "a cohort without a table of labels": {"cohort": {"source": "folder", "folder": {"path": "x"}}},
    "modalities without T1CE": {"cohort": {"modalities": ["t1", "t2"]}},
    "one number for two subregions": {
        "cohort": {"segmentation_labels": {"core": [1], "oedema": [2], "enhancing": [1]}}
    },
    "one column for two labels": {
        "cohort": OF_FOLDER | {"labels": {"table": "x", "columns": {"idh": "m", "1p19q": "m"}}}
    },
    "a value that YAML does not read as text": {
        "cohort": OF_FOLDER | {"labels": {"table": "x", "values": {"idh": {True: 1}}}}
    },
    "ids by a pattern that is none": {
        "cohort": OF_FOLDER | {"labels": {"table": "x", "ids": {"pattern": "P-(", "as": "P"}}}
    },
    "a file's name that leads out of the case": {
        "cohort": OF_FOLDER | {"folder": {"path": "x", "names": {"t1": "../other/T1.nii.gz"}}}
    },
    "a pattern that is an absolute path": {
        "cohort": OF_FOLDER | {"folder": {"path": "x", "names": {"t1": "/data/*.nii.gz"}}}
    },
    "a rule for series that is no pattern": {
        "cohort": OF_TCIA
        | {"tcia": {"collection": "x", "series_rules": {"t1": {"include": "(t1"}}}}
    },
    "limits of an unknown metric": {
        "preprocessing": {"quality": {"limits": {"brain_volume_l": [0, 1]}}}
    },
    "limits the wrong way round": {
        "preprocessing": {"quality": {"limits": {"template_dice": [1.0, 0.8]}}}
    },
    "a phantom without registration": {"preprocessing": {"registration": {"engine": "none"}}},
    "percentiles the wrong way round": {"preprocessing": {"clip": [99, 1]}},
    "series to impute where none is missing": {"cohort": {"missing": "impute-zero"}},
    "series to impute in the authors' preprocessing": {
        "cohort": OF_FOLDER | {"missing": "impute-zero"},
        "preprocessing": {"variant": "authors"},
    },
}
PREDICTIONS = {
    "one column for a label and a probability": {
        "cohort": None,
        "predictions": PUBLISHED
        | {"columns": {"case": "Patient", "idh": {"label": "p0", "probabilities": ["p0", "p1"]}}},
    },
    "predictions of no task": {
        "cohort": None,
        "predictions": PUBLISHED | {"columns": {"case": "Patient"}},
    },
    "too few columns for a task": {
        "cohort": None,
        "predictions": PUBLISHED | {"columns": {"case": "Patient", "grade": NAMED}},
    },
}
GROUPS = {
    "Config: keys and values": KEYS,
    "Config: a study or a cohort alone": STUDY_OR_COHORT,
    "Config: the grid": GRID,
    "Config: networks": NETWORKS,
    "Config: the cohort": COHORT,
    "Config: predictions of another model": PREDICTIONS,
}


for group, kinds in GROUPS.items():
    for what, override in kinds.items():
        kind(group, what)(lambda folder, override=override: checked(override))


@kind("Config: keys and values", "a key that is not given")
def missing_key(folder):
    config = copy.deepcopy(DEFAULT)
    del config["cohort"]["name"]
    check_config(config)


@kind("Config: keys and values", "a key that stands twice in a study's file")
def key_twice(folder):
    text = "study: mine\ntraining: {epochs: 3}\nrates: [0.2]\ntraining: {batch_size: 2}\n"
    (folder / "mine.yaml").write_text(text)
    make_plans(copy.deepcopy(DEFAULT), files=[folder / "mine.yaml"])


@kind("Config: keys and values", "a study's file that Snakemake runs as code")
def runs_code(folder):
    (folder / "theirs.yaml").write_text("__use_yte__: true\nstudy: ?1+1\n")
    describe_study([folder / "theirs.yaml"])


@kind("Config: a study or a cohort alone", "a key that stands twice in the file of a cohort")
def inner_key_twice(folder):
    with_cohort_file(folder, "cohort:\n  name: mine\n  source: folder\n  name: ours\n")


def with_cohort_file(folder, content, study=None):
    (folder / "mine.yaml").write_text(content)
    check_config({"study": "mine", "cohort": str(folder / "mine.yaml")} | (study or {}))


@kind("Config: a study or a cohort alone", "preprocessing beside the file of a cohort")
def preprocessing_twice(folder):
    cohort = yaml.safe_dump({"cohort": DEFAULT["cohort"]})
    with_cohort_file(folder, cohort, {"preprocessing": {"clip": [5, 95]}})


@kind("Config: a study or a cohort alone", "a study's setting in the file of a cohort")
def study_in_cohort_file(folder):
    with_cohort_file(folder, yaml.safe_dump({"cohort": DEFAULT["cohort"], "rates": [0.2]}))


@kind("Config: a study or a cohort alone", "the file of a cohort without a cohort")
def no_cohort_in_file(folder):
    with_cohort_file(folder, "preprocessing: {}")


@kind("Config: a study or a cohort alone", "the file of a cohort that is no YAML")
def no_yaml(folder):
    with_cohort_file(folder, "cohort: {name: mine")


@kind("Config: the cohort", "whole heads and no template with a skull")
def no_head_template(folder):
    checked({"cohort": OF_FOLDER})


def with_patients(folder, n, codeleted=(), **override):
    rows = [f"P{i},{i % 2},{int(i in codeleted)},2" for i in range(n)]
    (folder / "labels.csv").write_text("\n".join(["case,idh,1p19q,grade", *rows]) + "\n")
    labels = {"labels": {"table": str(folder / "labels.csv")}}
    cohort = {"cohort": OF_FOLDER | labels, "preprocessing": {"skull_stripping": "none"}}
    checked(cohort | override)


@kind("Config: the grid", "more folds than patients of the rarest class")
def rare_class(folder):
    with_patients(folder, 9, codeleted=[1, 3], folds={"number": 3})


@kind("Config: the grid", "a class of a single patient")
def single_patient(folder):
    with_patients(folder, 9, codeleted=[1])


@kind("Config: the grid", "too few patients for the folds")
def few_patients(folder):
    with_patients(folder, 11, folds={"number": 5})


@kind("Config: the grid", "too few patients for any split")
def fewest_patients(folder):
    with_patients(folder, 5)


@kind("Config: the grid", "too few patients for the share of a holdout")
def small_holdout(folder):
    with_patients(folder, 11, folds={"number": 1, "scheme": "holdout", "test_share": 0.2})
