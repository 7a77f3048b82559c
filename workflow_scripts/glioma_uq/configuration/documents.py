"""YAML files that are checked against a JSON Schema: one sentence for an error, and defaults.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from collections import Counter
from copy import deepcopy
from functools import cache, reduce
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, validators
from referencing import Registry, Resource

from glioma_uq.errors import BadInput, closest

CHECKOUT = Path(__file__).parents[3]
CONFIG_SCHEMA = CHECKOUT / "rules" / "config.schema.yaml"
RUNS_CODE = "__use_yte__"  # with it, Snakemake runs texts of a config as it reads them
MOST_BYTES = 1_000_000  # ASSUME: of a file of settings; parsing 1 MB takes seconds
MOST_VALUES = 100_000  # ASSUME: of one file, counted wherever an alias repeats them
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", re.ASCII)


def is_whole(checker, value):
    """Return whether a value is an int: JSON Schema also accepts 2.0."""
    return isinstance(value, int) and not isinstance(value, bool)


Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole),
)


@cache
def validator_of(path):
    """Return the validator of the schema at `path`, which may refer to its neighbours by name.

    A schema is read once.
    """
    neighbours = Registry(retrieve=lambda name: Resource.from_contents(_read(path.parent / name)))
    return Validator(_read(path), registry=neighbours)


def _read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def at(error, document):
    """Return the part of `document` that a schema error is about."""
    return reduce(lambda part, key: part[key], error.absolute_path, document)


def sentence(error, config, place="the config"):
    """Return one sentence: what the schema expected, what was found and what to do.

    `place`: the file to change, in words.
    """
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in at(error, config) if name not in known)
        where = f" under {key}" if key else ""
        return f"expected a known key{where}, found {unknown!r}: {closest(unknown, known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in at(error, config))
        missing = f"{key}.{missing}".lstrip(".")
        return f"expected the key {missing}, found none: add it to {place}."
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
        "maxLength": "at most {} characters",
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
    return f"expected {expected} for {found}{about}: change it in {place}."


def check_extent(document, place):
    """Raise BadInput if a document has more than MOST_VALUES values, or holds itself.

    Ten lines of YAML whose aliases repeat each other are a thousand million values.
    """
    sizes = {}

    def size(part):
        if not isinstance(part, (dict, list)):
            return 1
        if id(part) not in sizes:
            sizes[id(part)] = MOST_VALUES  # until it is known: of a part that holds itself
            sizes[id(part)] = 1 + sum(map(size, part.values() if isinstance(part, dict) else part))
        return sizes[id(part)]

    if size(document) > MOST_VALUES:
        raise too_many_values(place)


def too_many_values(place):
    """Return the error about a document of more than MOST_VALUES values."""
    return BadInput(
        f"expected at most {MOST_VALUES:,} values in {place}, found more by its aliases: write "
        "them out where they are needed."
    )


def fill_defaults(config, schema):
    """Fill in, in place, the schema's defaults of missing keys."""
    for key, part in schema.get("properties", {}).items():
        if key not in config and "default" in part:
            config[key] = deepcopy(part["default"])
        if isinstance(config.get(key), dict):
            fill_defaults(config[key], part)


def number_meant(value):
    """Return a number that was read as text in a form that YAML reads as a number, "" for others.

    In YAML 1.1, which PyYAML reads, 1e-5 is text and 1.0e-5 a number.
    """
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        return ""
    digits, exponent, power = value.lower().partition("e")
    return digits if not exponent else f"{digits}{'' if '.' in digits else '.0'}e{power}"


class OnceEach(yaml.SafeLoader):
    """A safe loader that refuses a key that a mapping has twice, of which YAML keeps the last."""

    def construct_mapping(self, node, deep=False):
        """Return the mapping of a node; keys that `<<` brings may be those of its own."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for key, times in Counter(keys).items() if times > 1), None):
            lines = [key.start_mark.line + 1 for key, _ in node.value if key.value == twice]
            raise BadInput(
                f"expected each key once, found {twice} in the lines "
                f"{' and '.join(map(str, lines))} of {self.name}: put both into one."
            )
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node):
        """Put into a mapping node what `<<` brings; each may bring the tenfold of another."""
        super().flatten_mapping(node)
        if len(node.value) > MOST_VALUES:
            raise too_many_values(self.name)


def read_yaml(path):
    """Return the content of a YAML file that holds settings and no code.

    Raises BadInput if it is not valid, has a key twice, or the key by which Snakemake runs it, and,
    before it is parsed, if it has more than MOST_BYTES.
    """
    with open(path, "rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise BadInput(
            f"expected at most {MOST_BYTES:,} bytes of settings in {path}, found more: give the "
            "path of a YAML file of settings."
        )
    try:
        loader = OnceEach(text.decode())
        loader.name = path  # for its sentences
        content = loader.get_single_data()
        check_extent(content, path)
    except BadInput:
        raise
    # ValueError: not text, or an invalid date; RecursionError: a thousand brackets.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        found = f"an error in line {mark.line + 1}" if mark else "none"
        raise BadInput(f"expected YAML in {path}, found {found}: correct it.") from error
    if isinstance(content, dict) and RUNS_CODE in content:
        raise BadInput(
            f"expected settings only in {path}, found the key {RUNS_CODE}, with which Snakemake "
            "runs texts of the file as code as soon as it reads them: remove it; if a run was what "
            "told you this, that code has run."
        )
    return content
