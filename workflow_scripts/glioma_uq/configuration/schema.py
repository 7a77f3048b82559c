"""Validate a configuration against the schema before the first job, and fill in its defaults."""

from copy import deepcopy
from functools import cache, reduce
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators

from glioma_uq.configuration.validation import check_across_keys, number_meant
from glioma_uq.errors import BadInput, closest
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.label_values import read_keys_as_text

CHECKOUT = Path(__file__).parents[3]
SCHEMA = CHECKOUT / "rules" / "config.schema.yaml"
COHORT_KEYS = ("cohort", "preprocessing")
VALIDATION_PASSES = 5


def is_whole(checker, value):
    """Return whether a value is an int: JSON Schema also accepts 2.0."""
    return isinstance(value, int) and not isinstance(value, bool)


Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole),
)


@cache
def validator_of(path):
    """Return the validator of the schema at `path`; the file is read once."""
    return Validator(yaml.safe_load(Path(path).read_text(encoding="utf-8")))


def at(error, document):
    """Return the part of `document` that a schema error is about."""
    return reduce(lambda part, key: part[key], error.absolute_path, document)


def sentence(error, config):
    """Return one sentence: what the schema expected, what was found and what to do."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in at(error, config) if name not in known)
        where = f" under {key}" if key else ""
        return f"expected a known key{where}, found {unknown!r}: {closest(unknown, known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in at(error, config))
        return (
            f"expected the key {f'{key}.{missing}'.lstrip('.')}, found none: add it to the config."
        )
    found = f"{key}, found {error.instance!r}"
    if error.validator == "enum":
        return f"expected {found}: {closest(error.instance, error.validator_value)}"
    if error.validator == "type" and (number := number_meant(error.instance)):
        return (
            f"expected a number for {key}, found the text {error.instance!r}: write {number}, "
            "unquoted, in a config file (--config reads list entries as text)."
        )
    words = {
        "type": "a value of type {}",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minItems": "at least {} entries",
        "maxItems": "at most {} entries",
        "minLength": "at least {} character",
        "pattern": "a text of the form {}",
        "uniqueItems": "no duplicates",
        "contains": "{} among the entries",
    }
    limit = error.validator_value
    limit = limit["const"] if error.validator == "contains" else limit
    limit = " or ".join(limit) if isinstance(limit, list) else limit
    expected = words[error.validator].format(limit) if error.validator in words else error.message
    about = error.schema.get("description", "")
    about = f" ({about.rstrip('.')})" if about else ""
    return f"expected {expected} for {found}{about}: change it in the config."


def fill_defaults(config, schema):
    """Fill in, in place, the schema's defaults of missing keys."""
    for key, part in schema.get("properties", {}).items():
        if key not in config and "default" in part:
            config[key] = deepcopy(part["default"])
        if isinstance(config.get(key), dict):
            fill_defaults(config[key], part)


def check_config(config, schema=SCHEMA):
    """Check `config` against the schema at path `schema`, complete it in place and return it.

    A `cohort` that is a path is replaced by the content of that file. Defaults are filled in, and
    nulls that depend on the grid.

    Raises:
        BadInput: one sentence about the first error.
    """
    given = set(config)
    read_cohort(config)
    validator = validator_of(schema)
    errors = sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.path)))
    if errors:
        raise BadInput(sentence(errors[0], config))
    check_kind(config, given)
    fill_defaults(config, validator.schema)
    read_keys_as_text(config)
    choose_cell(config)
    check_across_keys(config)
    return config


def read_cohort(config):
    """Replace the path of a cohort's file by its cohort and preprocessing.

    The path is relative to the working directory, or else to the checkout.
    """
    path = config.get("cohort")
    if not isinstance(path, str):
        return
    path = Path(path) if Path(path).is_file() else CHECKOUT / path
    if not path.is_file():
        raise BadInput(
            f"expected the file of a cohort as cohort, found no {config['cohort']!r}: correct it."
        )
    described = read_yaml(path)
    if not isinstance(described, dict) or "cohort" not in described:
        raise BadInput(f"expected the key cohort in {path}, found none: describe the cohort there.")
    for key in described:
        if key not in COHORT_KEYS:
            raise BadInput(
                f"expected only cohort and preprocessing in {path}, found {key}: move it to the "
                "study."
            )
    if "preprocessing" in config:
        raise BadInput(
            f"expected preprocessing in {path}, which describes the cohort, found it in the study: "
            "move it there, or describe the whole cohort in the study."
        )
    config |= described


def read_yaml(path):
    """Return the content of a YAML file; raise BadInput if it is not valid."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not text, or an invalid date
        mark = getattr(error, "problem_mark", None)
        found = f"an error in line {mark.line + 1}" if mark else "none"
        raise BadInput(f"expected YAML in {path}, found {found}: correct it.") from error


def check_kind(config, given):
    """Raise BadInput for a config that is neither a study nor a cohort alone.

    Args:
        config: valid by the schema; its defaults need not be filled in.
        given: the keys that the user wrote.
    """
    study, predictions = config.get("study"), config.get("predictions")
    others = sorted(given - {*COHORT_KEYS, "study"})
    if not study and (others or not config.get("cohort")):
        found = f"none with {others[0]}" if others else "neither study nor cohort"
        raise BadInput(
            f"expected a name for the study, found {found}: add study: my_study, or keep only "
            "cohort and preprocessing to make a cohort."
        )
    if study and predictions and config.get("cohort"):
        raise BadInput(
            "expected a cohort or predictions, found both: a study of predictions reads no scans."
        )
    if study and not predictions and not config.get("cohort"):
        raise BadInput(
            f"expected cohort for the study {study}, found none: describe it there, or name its "
            "file, as cohort: cohorts/glioma.yaml."
        )


def choose_cell(config):
    """Fill in, in place, the selected cell, the maps and the validation passes where they are null.

    Validation judges what is sampled.
    """
    selection, sampling, training = (config[key] for key in ("selection", "sampling", "training"))
    if training["validation_passes"] is None:
        active = set(WITH_DROPOUT) & set(sampling["samplers"])
        training["validation_passes"] = VALIDATION_PASSES if active else 0
    for key, values, preferred, other in (
        ("rate", config["rates"], 0.25, min),
        ("passes", sampling["passes"], 30, max),
    ):
        if selection[key] is None:
            selection[key] = preferred if preferred in values else other(values)
    if sampling["maps"] is None and config["segmentation"] == "none":
        sampling["maps"] = []
    elif sampling["maps"] is None:
        fixed = selection["rule"] == "fixed"
        sampling["maps"] = [selection["passes"] if fixed else max(sampling["passes"])]
