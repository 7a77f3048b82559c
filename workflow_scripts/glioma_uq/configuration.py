"""Refuse a wrong configuration at the door, in one sentence, before the first job."""

import difflib
from functools import reduce
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from glioma_uq.errors import BadInput
from glioma_uq.networks import list_networks
from glioma_uq.quality_figures import names_with_limits


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
        "maxItems": "at most {} entries",
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


def check_limits(limits):
    """Refuse limits of figures that no step measures, and limits that nothing can lie between."""
    known = names_with_limits()
    for name, (low, high) in limits.items():
        if name not in known:
            raise BadInput(
                "expected a figure that the steps measure under preprocessing.quality.limits, "
                f"found {name!r}: {closest(name, known)}"
            )
        if None not in (low, high) and low > high:
            raise BadInput(
                f"expected the lower limit of preprocessing.quality.limits.{name} first, "
                f"found [{low:g}, {high:g}]: write [{high:g}, {low:g}]."
            )


def check_cohort(cohort):
    """Refuse a source without its options or labels, and a label that means two things."""
    source = cohort["source"]
    for key in () if source == "phantom" else (source, "labels"):
        if key not in cohort:
            raise BadInput(
                f"expected cohort.{key} for cohort.source {source}, found none: "
                "name where the cases lie and the table of their labels."
            )
    coding = cohort.get("segmentation_labels") or {}
    numbers = [number for part in coding.values() for number in part]
    if len(numbers) != len(set(numbers)) or (coding and not numbers):
        raise BadInput(
            "expected each number once among the parts of cohort.segmentation_labels, found "
            f"{coding}: give each number to one part."
        )


def check_networks(networks):
    """Refuse a network that has no file."""
    for name in networks:
        if name not in list_networks():
            raise BadInput(
                f"expected networks among {', '.join(list_networks())}, found {name!r}: "
                f"{closest(name, list_networks())}"
            )


def check_sampling(sampling, seeds):
    """Refuse maps of a T that is not sampled, and members that would not have equal turns."""
    passes = sampling["passes"]
    for t in sampling["maps"]:
        if t not in passes:
            raise BadInput(
                f"expected sampling.maps among sampling.passes {passes}, found {t}: "
                "choose one of these."
            )
    uneven = [t for t in passes if t % len(seeds)]
    if "mc-dropout-ensemble" in sampling["samplers"] and uneven:
        raise BadInput(
            f"expected sampling.passes to be multiples of the {len(seeds)} seeds for the sampler "
            f"mc-dropout-ensemble, found {uneven[0]}: give each member equally many passes."
        )


def check_selection(config):
    """Refuse a fixed choice that is not in the grid."""
    selection = config["selection"]
    offered = {
        "rate": ("the rates", config["rates"]),
        "passes": ("sampling.passes", config["sampling"]["passes"]),
    }
    for key, (name, values) in offered.items():
        if selection["rule"] == "fixed" and selection[key] not in values:
            raise BadInput(
                f"expected selection.{key} among {name} {values}, found {selection[key]}: "
                "choose one of these."
            )


def check_mask_control(config):
    """Refuse a control of masks without the histograms that it reads."""
    if config["statistics"]["mask_control"] and not config["sampling"]["voxel_histograms"]:
        raise BadInput(
            "expected sampling.voxel_histograms true for statistics.mask_control, found false: "
            "set one to true or the other to null."
        )


def needs_validation(config):
    """Return whether something is fitted or chosen on the folds' validation cases."""
    statistics = config["statistics"]
    fitted = (statistics[key] for key in ("recalibration", "conformal", "mask_control"))
    return config["selection"]["rule"] not in ("fixed", "paper") or any(fitted)


def check_across_keys(config):
    """Refuse values that are right alone and wrong together."""
    check_rising("rates", config["rates"])
    check_rising("sampling.passes", config["sampling"]["passes"])
    if config.get("predictions"):
        return
    check_limits(config["preprocessing"]["quality"]["limits"])
    check_cohort(config["cohort"])
    check_networks(config["networks"])
    check_sampling(config["sampling"], config["seeds"])
    check_selection(config)
    check_mask_control(config)


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
