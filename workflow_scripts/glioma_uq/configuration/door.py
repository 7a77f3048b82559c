"""What only a look beyond the config can tell before the first job.

Into the table of labels, the networks' files and the provenance of finished studies.
"""

import json
from collections import Counter
from pathlib import Path

from glioma_uq.cohorts.labels import UNKNOWN, read_labels
from glioma_uq.errors import BadInput

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


def check_finished_studies(config, results="results"):
    """Raise BadInput where the cohort would change under another study that is finished.

    Two studies share a cohort by its name. One that describes it differently would have its
    files made anew, and the other's tables and report would no longer be those of its cohort.
    """
    for path in sorted(Path(results, "studies").glob("*/provenance.json")):
        if path.parent.name == config["study"]:
            continue
        other = config_of(path)
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
        return json.loads(provenance.read_text())["config"]
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
