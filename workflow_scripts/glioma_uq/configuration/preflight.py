"""Checks before the first job that read more than the config.

They read the table of labels, the networks' files and the results of earlier runs.
"""

import json
import os
import sys
from collections import Counter
from importlib.util import find_spec
from os.path import isdir, isfile
from pathlib import Path

from glioma_uq.cohorts.cases import cases_to_read
from glioma_uq.cohorts.sources import find_images
from glioma_uq.configuration.datasets import datasets_of
from glioma_uq.errors import BadCase, BadInput, in_one_line
from glioma_uq.files import written_whole
from glioma_uq.split_sizes import check_enough
from glioma_uq.subregions import CLASSES
from glioma_uq.tasks import UNKNOWN

CLAIM = "belongs_to.txt"  # in a study's folder: the source of its results
COHORT_KEYS = ("cohort", "preprocessing")  # what the files of a cohort depend on
HARMLESS = (
    "hd_bet",
    "login",
    "on_bad_case",
    "transfer",
    "variables",
)  # settings of how, not of what


def check_patients(config):
    """Raise BadInput if a study's cohort has too few patients for its folds, or of a class.

    A missing table of labels or dataset is reported elsewhere.
    """
    cohort, folds = config["cohort"], config["folds"]
    sizes = folds["number"], folds["test_share"]
    if cohort["source"] == "phantom":
        check_enough(cohort["phantom"]["cases"], *sizes, "in cohort.phantom.cases")
        return
    cases, where = listed_cases(cohort)
    if where:
        check_enough(len({case["patient"] for case in cases}), *sizes, f"in {where}")
        check_classes(cases, config["tasks"], folds["number"], where)


def listed_cases(cohort):
    """Return (cases, where they are listed) of a cohort of patients; ([], "") if not there."""
    source = cohort["source"]
    if source == "datasets":
        options = {"datasets": datasets_of(cohort)}
        places = [dataset["path"] for dataset in options["datasets"]]
    else:
        options, places = cohort[source], [cohort["labels"]["table"]]
    if not all(map(os.path.exists, places)):
        return [], ""
    return cases_to_read(cohort, options), " and ".join(places)


def check_classes(cases, tasks, number, where):
    """Raise BadInput if a class of one of the `tasks` has fewer patients than `number` of folds.

    A fold without a patient of a class cannot test it. Classes without any are ignored.
    """
    for task in tasks:
        patients = {(case["patient"], case[task]) for case in cases if case[task] != UNKNOWN}
        counts = Counter(label for _, label in patients)
        label, count = min(counts.items(), key=lambda item: item[::-1], default=(None, number))
        if count < number:
            fewer = f"set folds.number to {count}, " if count > 1 else ""
            raise BadInput(
                f"expected at least {number} patients of each class for {number} folds, found "
                f"{count} with {task} {label} in {where}: {fewer}leave these labels empty, or "
                f"remove {task} from tasks."
            )


def check_places(places):
    """Raise BadInput if a folder of cases is not there; `places` {key of the config: path}."""
    for key, path in places.items():
        if not isdir(path):
            raise BadInput(
                f"expected the folder of the cohort's cases in {path}, found no such folder: "
                f"correct {key}."
            )


def check_some_found(cases, images, parts, origin):
    """Raise BadInput with the reason of the first of `cases` if none has an image to read.

    `images`: {case: paths}; `parts` and `origin`: the arguments of `find_images`.
    """
    if any(images.values()) or not cases:
        return
    try:
        find_images(case=cases[0], parts=parts, **origin)
    except BadCase as error:
        raise BadInput(
            f"expected the images of some case, found none of all {len(cases)}; {cases[0]}: {error}"
        ) from error


def check_results(config, results="results"):
    """Raise BadInput if a run would overwrite other results.

    That is, if the study's name is taken by another cohort, source or table of predictions,
    or if the cohort of another, finished study would change. A cohort alone may be made anew
    with other settings: its studies then run again.
    """
    if config["study"]:
        check_name_free(config, results)
        check_predictions_there(config["predictions"])
    if config["study"] and config["cohort"]:
        check_finished_studies(config, results)


def check_predictions_there(predictions):
    """Raise BadInput where the table of a study of predictions is not there."""
    if predictions and not isfile(predictions["path"]):
        raise BadInput(
            f"expected the table of predictions in {predictions['path']}, found no such file: put "
            "it there, or correct predictions.path."
        )


def identity(config):
    """Return the source of a study's results, as in its claim and in errors."""
    if predictions := config.get("predictions"):
        return f"the predictions of {predictions['network']} in {predictions['path']}"
    return f"the cohort {config['cohort']['name']} of source {config['cohort']['source']}"


def claim_name(config, results="results"):
    """Record the source of a study's results in its folder."""
    with written_whole(Path(results, "studies", config["study"], CLAIM)) as path:
        path.write_text(identity(config) + "\n", encoding="utf-8")


def check_name_free(config, results="results"):
    """Raise BadInput if the study's folder holds results from another source."""
    folder = Path(results, "studies", config["study"])
    claim, provenance = folder / CLAIM, folder / "provenance.json"
    if claim.is_file():
        held = claim.read_text(encoding="utf-8", errors="backslashreplace").strip()
    elif provenance.is_file():
        held = identity(config_of(provenance))
    else:
        return
    if held != identity(config):
        raise BadInput(
            f"expected an unused name for the study of {identity(config)}, found "
            f"{config['study']!r}, whose folder holds results of {held}: change study, or remove "
            f"{folder}."
        )


def check_finished_studies(config, results="results"):
    """Raise BadInput if the cohort of another, finished study would change.

    Studies share a cohort by its name. A different description would remake its files, and
    the tables and report of the finished study would no longer match them. What another study
    left that cannot be read is named on the terminal and passed over.
    """
    for path in sorted(Path(results, "studies").glob("*/provenance.json")):
        if path.parent.name == config["study"]:
            continue
        try:
            other = config_of(path)
        except (BadInput, OSError) as error:
            print(f"{path.parent} is passed over: {in_one_line(error)}", file=sys.stderr)
            continue
        if other["predictions"] or other["cohort"]["name"] != config["cohort"]["name"]:
            continue
        if changed := first_change(other, config):
            key, before, now = changed
            raise BadInput(
                f"expected the cohort {config['cohort']['name']} as in the finished study "
                f"{path.parent.name}, with {key} {before}, found {now}: change "
                f"cohort.name, or remove {path.parent}."
            )


def config_of(provenance):
    """Return the config of a finished study from its provenance.json.

    Its `predictions` are None for a study of a cohort, whose `cohort` then has name and source.
    """
    try:
        config = json.loads(provenance.read_text(encoding="utf-8"))["config"]
        config["predictions"] = config.get("predictions")
        identity(config)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"expected the provenance of a finished study in {provenance}, found no config in it, "
            "remove the file"
        ) from error
    return config


def first_change(before, now, keys=COHORT_KEYS, above=""):
    """Return (key, value before, value now) of the first difference of two dicts, or None.

    Keys of only one of them, after a change of the schema, do not count.
    """
    for key in keys:
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            both = [k for k in one if k in other and k not in HARMLESS]
            if inside := first_change(one, other, both, f"{above}{key}."):
                return inside
        elif one != other:
            return f"{above}{key}", one, other
    return None


def check_networks_build(config):
    """Raise BadInput if a network of the study cannot be built, or has no dropout layer.

    Without torch, as in the environment that only starts conda jobs, training checks this.
    """
    if config["predictions"] or find_spec("torch") is None:
        return
    import torch

    from glioma_uq.networks import build_network

    shape = {
        "modalities": len(config["cohort"]["modalities"]),
        "classes": CLASSES[config["segmentation"]] or CLASSES["tumour"],  # 0 would only warn
        "tasks": tuple(config["tasks"]),
    }
    for name in config["networks"]:
        options = config["network_options"].get(name, {})
        try:
            with torch.device("meta"):
                network = build_network(name, rate=max(config["rates"]), **shape, **options)
        except BadInput:
            raise
        except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
            reason = " ".join(str(error).split())
            raise BadInput(
                f"expected options that {name} can be built with, found {options} "
                f"({type(error).__name__}: {reason}): correct network_options.{name}."
            ) from error
        if config["segmentation"] == "none" and not hasattr(network, "classification_only"):
            raise BadInput(
                f"expected networks that can do without segmentation, as csnet, found {name}: "
                "choose another network, or set segmentation to tumour."
            )
        check_dropout(network, name, max(config["rates"]))


def check_dropout(network, name, rate):
    """Raise BadInput for a rate above 0 if the network has no dropout layer."""
    from torch.nn.modules.dropout import _DropoutNd

    if rate > 0 and not any(isinstance(module, _DropoutNd) for module in network.modules()):
        raise BadInput(
            f"expected dropout layers in {name} for the rate {rate:g}, found none: set rates to "
            "[0.0] and sampling.samplers to [deterministic], or choose another network."
        )
