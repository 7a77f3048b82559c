"""What only a look beyond the config can tell before the first job.

Into the table of labels, the networks' files and the results of earlier runs.
"""

import json
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from glioma_uq.cohorts.labels import UNKNOWN, read_labels
from glioma_uq.errors import BadInput
from glioma_uq.files import written_whole
from glioma_uq.subregions import CLASSES

CLAIM = "belongs_to.txt"  # in a study's folder: what its results belong to
COHORT_KEYS = ("cohort", "preprocessing")  # what the files of a cohort depend on
HARMLESS = ("hd_bet", "login", "on_bad_case", "transfer", "variables")  # how, not what


def check_classes(config):
    """Raise BadInput where a class of a task has fewer cases than there are folds.

    A fold without a case of a class can neither train it nor test it. A table that is not
    there is somebody else's to report; classes without any case are not looked for.
    """
    cohort, number = config["cohort"], config["folds"]["number"]
    if cohort["source"] == "phantom" or not Path(cohort["labels"]["table"]).is_file():
        return
    cases = read_labels(source=cohort["source"], **cohort["labels"])
    for task in config["tasks"]:
        counts = Counter(case[task] for case in cases if case[task] != UNKNOWN)
        label, count = min(counts.items(), key=lambda item: item[::-1], default=(None, number))
        if count < number:
            raise BadInput(
                f"expected at least {number} cases of each class for {number} folds, found "
                f"{count} with {task} {label} in {cohort['labels']['table']}: set folds.number to "
                "less, leave these labels empty or leave the task out of tasks."
            )


def check_phantom(config):
    """Raise BadInput for a phantom too small for its folds."""
    cohort, folds = config["cohort"], config["folds"]
    fewest = 3 * folds["number"]
    if cohort["source"] == "phantom" and cohort["phantom"]["cases"] < fewest:
        raise BadInput(
            f"expected at least {fewest} for cohort.phantom.cases with {folds['number']} folds, "
            f"found {cohort['phantom']['cases']}: use fewer folds or more cases."
        )


def check_results(config, results="results"):
    """Raise BadInput where a run would write into the results of something else.

    Where the study's name is taken by another cohort, source or table of predictions, and where
    the cohort would change under another study that is finished. A cohort alone may be made anew
    with other settings: its studies then run again.
    """
    if config["study"]:
        check_name_free(config, results)
        check_predictions_there(config["predictions"])
    if config["study"] and config["cohort"]:
        check_finished_studies(config, results)


def check_predictions_there(predictions):
    """Raise BadInput where the table of a study of predictions is not there."""
    if predictions and not Path(predictions["path"]).is_file():
        raise BadInput(
            f"expected the table of predictions in {predictions['path']}, found no such file: put "
            "it there, or correct predictions.path."
        )


def identity(config):
    """Return what a study's results belong to, as its claim and a refusal name it."""
    if predictions := config.get("predictions"):
        return f"the predictions of {predictions['network']} in {predictions['path']}"
    return f"the cohort {config['cohort']['name']} of source {config['cohort']['source']}"


def claim_name(config, results="results"):
    """Write down, in the study's folder, what its results belong to."""
    with written_whole(Path(results, "studies", config["study"], CLAIM)) as path:
        path.write_text(identity(config) + "\n", encoding="utf-8")


def check_name_free(config, results="results"):
    """Raise BadInput where the study's folder holds results of something else."""
    folder = Path(results, "studies", config["study"])
    claim, provenance = folder / CLAIM, folder / "provenance.json"
    if claim.is_file():
        held = claim.read_text(encoding="utf-8").strip()
    elif provenance.is_file():
        held = identity(config_of(provenance))
    else:
        return
    if held != identity(config):
        raise BadInput(
            f"expected a name of its own for the study of {identity(config)}, found "
            f"{config['study']!r}, whose folder holds results of {held}: change study, or remove "
            f"{folder}."
        )


def check_finished_studies(config, results="results"):
    """Raise BadInput where the cohort would change under another study that is finished.

    Two studies share a cohort by its name. One that describes it differently would have its
    files made anew, and the other's tables and report would no longer be those of its cohort.
    """
    for path in sorted(Path(results, "studies").glob("*/provenance.json")):
        other = config_of(path) if path.parent.name != config["study"] else {"predictions": True}
        if other.get("predictions") or other["cohort"]["name"] != config["cohort"]["name"]:
            continue
        if changed := first_change(other, config):
            key, before, now = changed
            raise BadInput(
                f"expected the cohort {config['cohort']['name']} as the finished study "
                f"{path.parent.name} has it, with {key} {before}, found {now}: give "
                f"cohort.name another name, or remove {path.parent}."
            )


def config_of(provenance):
    """Return the config of a finished study from its provenance.json."""
    try:
        return json.loads(provenance.read_text(encoding="utf-8"))["config"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"expected the provenance of a finished study in {provenance}, found no config in it, "
            "remove the file"
        ) from error


def first_change(before, now, keys=COHORT_KEYS, above=""):
    """Return (key, value before, value now) of the first difference of two dicts, or None.

    A key that only one of them has is new or old in the schema, and no difference.
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
    """Raise BadInput where a network of the study cannot be built with its options.

    Or where it has no dropout layer for the rates. Where torch is not installed, as in the
    environment that only starts conda jobs, training says the same later.
    """
    if config["predictions"] or find_spec("torch") is None:
        return
    import torch

    from glioma_uq.networks import build_network

    shape = {
        "modalities": len(config["cohort"]["modalities"]),
        "classes": CLASSES[config["segmentation"]],
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
        check_dropout(network, name, max(config["rates"]))


def check_dropout(network, name, rate):
    """Raise BadInput for a rate above 0 that the network has no layer for."""
    from torch.nn.modules.dropout import _DropoutNd

    if rate > 0 and not any(isinstance(module, _DropoutNd) for module in network.modules()):
        raise BadInput(
            f"expected dropout layers in {name} for the rate {rate:g}, found none: set rates to "
            "[0.0] and sampling.samplers to [deterministic], or choose another network."
        )
