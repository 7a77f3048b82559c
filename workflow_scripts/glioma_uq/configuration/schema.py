"""Refuse a wrong configuration at the door, in one sentence, before the first job."""

from copy import deepcopy
from functools import cache, reduce
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators

from glioma_uq.configuration import texts
from glioma_uq.configuration.cross_checks import check_across_keys
from glioma_uq.errors import BadInput, closest


def is_whole(checker, value):
    """Say whether a value is an integer as range() needs it: to a schema, 2.0 is one too."""
    return isinstance(value, int) and not isinstance(value, bool)


Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole),
)


@cache
def validator_of(path):
    """Return the validator of the schema at `path`, which is read once."""
    return Validator(yaml.safe_load(Path(path).read_text()))


def at(error, document):
    """Return the part of `document` that a schema error is about."""
    return reduce(lambda part, key: part[key], error.absolute_path, document)


def sentence(error, config):
    """Say in one sentence what the schema expected, what it found and what to do."""
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
    if error.validator == "type" and (number := texts.number_meant(error.instance)):
        return (
            f"expected a number for {key}, found the text {error.instance!r}: write {number}, "
            "unquoted, in a config file (in lists of --config, all is text)."
        )
    words = {
        "type": "a value of type {}",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minItems": "at least {} entries",
        "maxItems": "at most {} entries",
        "pattern": "a text of the form {}",
        "uniqueItems": "no entry twice",
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
    """Fill in, in place, the schema's defaults of keys that the config leaves out."""
    for key, part in schema.get("properties", {}).items():
        if key not in config and "default" in part:
            config[key] = deepcopy(part["default"])
        if isinstance(config.get(key), dict):
            fill_defaults(config[key], part)


def needs_validation(config):
    """Return whether something is fitted or chosen on the folds' validation cases."""
    statistics = config["statistics"]
    keys = ["mask_control", *(("recalibration", "conformal") if config["tasks"] else ())]
    fitted = (statistics[key] for key in keys)
    return config["selection"]["rule"] not in ("fixed", "paper") or any(fitted)


def check_config(config, schema):
    """Check `config` against the schema at path `schema`, fill its defaults in, return it.

    Raises:
        BadInput: with one sentence about the first thing that is wrong.
    """
    validator = validator_of(schema)
    errors = sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.path)))
    if errors:
        raise BadInput(sentence(errors[0], config))
    fill_defaults(config, validator.schema)
    check_across_keys(config)
    return config
