"""Refuse a wrong configuration at the door, in one sentence, before the first job."""

import difflib
from functools import reduce
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from glioma_uq.errors import BadInput


def closest(word, words):
    """Return the hint that names the word of `words` nearest to `word`."""
    near = difflib.get_close_matches(str(word), [str(w) for w in words], n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(map(str, words))}."


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
    words = {
        "type": "a value of type {}",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minItems": "at least {} entries",
        "pattern": "a text of the form {}",
        "uniqueItems": "no entry twice",
    }
    limit = error.validator_value
    limit = " or ".join(limit) if isinstance(limit, list) else limit
    expected = words.get(error.validator, error.message).format(limit)
    about = error.schema.get("description", "")
    about = f" ({about.rstrip('.')})" if about else ""
    return f"expected {expected} for {found}{about}: change it in the config."


def fill_defaults(config, schema):
    """Fill in, in place, the schema's defaults of keys that the config leaves out."""
    for key, part in schema.get("properties", {}).items():
        if key not in config and "default" in part:
            config[key] = part["default"]
        if isinstance(config.get(key), dict):
            fill_defaults(config[key], part)


def check_rising(key, values):
    """Refuse a list that is not strictly ascending."""
    if sorted(set(values)) != values:
        raise BadInput(
            f"expected {key} in ascending order and none twice, found {values}: "
            f"write {sorted(set(values))}."
        )


def check_across_keys(config):
    """Refuse values that are right alone and wrong together."""
    check_rising("rates", config["rates"])
    check_rising("sampling.passes", config["sampling"]["passes"])
    if config.get("predictions"):
        return
    if config["cohort"]["source"] == "folder" and "folder" not in config["cohort"]:
        raise BadInput(
            "expected cohort.folder for cohort.source folder, found none: "
            "name the folder of the cases and the table of their labels."
        )
    chosen, offered = config["selection"]["rate"], config["rates"]
    if chosen not in offered:
        raise BadInput(
            f"expected selection.rate among the rates {offered}, found {chosen}: "
            "choose one of these."
        )
    chosen, offered = config["selection"]["passes"], config["sampling"]["passes"]
    if chosen not in offered:
        raise BadInput(
            f"expected selection.passes among sampling.passes {offered}, found {chosen}: "
            "choose one of these."
        )


def check_config(config, schema):
    """Check `config` against the schema at path `schema`, fill its defaults in, return it.

    Raises:
        BadInput: with one sentence about the first thing that is wrong.
    """
    schema = yaml.safe_load(Path(schema).read_text())
    errors = sorted(
        Draft202012Validator(schema).iter_errors(config), key=lambda e: list(map(str, e.path))
    )
    if errors:
        raise BadInput(sentence(errors[0], config))
    fill_defaults(config, schema)
    check_across_keys(config)
    return config
