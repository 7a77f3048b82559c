"""What a schema cannot see in a config's values: bad texts and numbers, refused in one sentence.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import math
import re
from collections import Counter
from pathlib import PurePath

from glioma_uq.cohorts.recognition import merged
from glioma_uq.errors import BadInput
from glioma_uq.tasks import TASKS

FREE = ("departures",)  # text for people
WITH_LOGIN = re.compile(r"://[^/\s]*@")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", re.ASCII)
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


def check_values(config):
    """Refuse control characters, logins in addresses, and numbers that are none."""
    for key, value in values_of({k: v for k, v in config.items() if k not in FREE}):
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"expected a number for {key}, found {value}: change it in the config.")
        if not isinstance(value, str):
            continue
        if WITH_LOGIN.search(value):
            raise BadInput(
                f"expected an address without a login for {key}, found one before its @: take it "
                "out, since provenance and report hold the config."
            )
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise BadInput(
                f"expected text without line breaks and control characters for {key}, found "
                f"{value!r}: change it in the config."
            )


def number_meant(value):
    """Return the text that YAML reads as the number that a text looks like, "" where none is meant.

    To YAML 1.1, which PyYAML reads, 1e-5 is a text and 1.0e-5 a number.
    """
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        return ""
    digits, exponent, power = value.lower().partition("e")
    return digits if not exponent else f"{digits}{'' if '.' in digits else '.0'}e{power}"


def values_of(part, above=""):
    """Yield (key, value) of all that is no list or dict in a config, keys included as texts."""
    if isinstance(part, dict | list):
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in pairs:
            yield from values_of(value, f"{above}.{key}" if above else str(key))
            if isinstance(key, str):
                yield f"{above}.{key!r}" if above else repr(key), key
    else:
        yield above, part


def check_labels_columns(labels):
    """Refuse one column of the labels table that means two things."""
    columns = [name for name in (labels.get("columns") or {}).values() if name]
    name, times = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if times > 1:
        raise BadInput(
            f"expected a column of its own for each of cohort.labels.columns, found {name!r} "
            f"{times} times: name them one by one, or null for what nobody knows."
        )


def check_source(cohort):
    """Refuse options that lead out of a case, are no pattern or give a password away."""
    options = cohort.get(cohort["source"]) or {}
    for part, name in (options.get("names") or {}).items():
        check_file_name(f"cohort.{cohort['source']}.names.{part}", name)
    for part, name in (options.get("derivatives") or {}).items():
        check_file_name(f"cohort.{cohort['source']}.derivatives.{part}", name)
    if "series_rules" in options:
        merged(options["series_rules"])
    for name, variable in (options.get("variables") or {}).items():
        if not VARIABLE.fullmatch(variable):
            raise BadInput(
                f"expected the name of an environment variable for cohort.tcia.variables.{name}, "
                "as TCIA_USER, found something else: export your login in the shell and name the "
                "variable here, never what it holds."
            )


def check_file_name(key, name):
    """Refuse a path or a pattern that does not stay inside a case's folder."""
    path = PurePath(name or "x")
    stars = any("**" in step and step != "**" for step in path.parts)
    if path.is_absolute() or ".." in path.parts or not path.parts or stars:
        raise BadInput(
            f"expected a file name or pattern inside the folder for {key}, found {name!r}: write "
            "it as it is seen from there, as T1.nii.gz or anat/*_T1w.nii.gz."
        )


def check_rate_digits(rates):
    """Refuse a rate that its two digits in paths would not tell from another."""
    for rate in rates:
        if round(rate, 2) != rate:
            raise BadInput(
                f"expected rates of at most two decimals, as paths have them, found {rate}: "
                f"write {round(rate, 2)}."
            )


def check_prediction_columns(columns):
    """Refuse another number of columns than a task has classes, and one that is two things."""
    tasks = {task: columns[task] for task in TASKS if columns.get(task)}
    for task, named in tasks.items():
        classes = TASKS[task]
        if len(named["probabilities"]) != len(classes):
            raise BadInput(
                f"expected {len(classes)} probability columns for {task}, one for each of "
                f"{list(classes)}, found {len(named['probabilities'])}; name them in predictions"
            )
    names = [name for named in tasks.values() for name in (named["label"], *named["probabilities"])]
    name, times = Counter([columns["case"], *names]).most_common(1)[0]
    if times > 1:
        raise BadInput(
            f'expected a column for each label and class under predictions.columns, found "{name}" '
            f"{times} times; name them one by one"
        )
