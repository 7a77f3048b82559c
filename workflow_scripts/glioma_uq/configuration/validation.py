"""Checks of a config beyond its schema: texts, numbers, and values that contradict each other.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import math
import re
from collections import Counter
from pathlib import PurePath

from glioma_uq.cohorts.collection import check_skull_stripping
from glioma_uq.cohorts.recognition import merged
from glioma_uq.configuration.departures import check_reasons
from glioma_uq.configuration.network_options import check_options
from glioma_uq.configuration.preflight import check_classes, check_phantom
from glioma_uq.errors import BadInput, closest
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.networks import list_networks
from glioma_uq.quality.metrics import names_with_limits
from glioma_uq.tasks import TASKS

FREE = ("departures",)  # free text
WITH_LOGIN = re.compile(r"://[^/\s]*@")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", re.ASCII)
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


def check_across_keys(config):
    """Raise BadInput for values that the schema accepts and that cannot be used together."""
    check_values(config)
    if config["cohort"]:
        check_cohort_config(config)
    if config["study"]:
        check_study_config(config)


def check_cohort_config(config):
    """Check a cohort independently of any study."""
    cohort, preprocessing = config["cohort"], config["preprocessing"]
    check_limits(preprocessing["quality"]["limits"])
    check_cohort(cohort)
    check_source(cohort)
    check_labels_columns(cohort.get("labels", {}))
    check_clip(preprocessing["clip"])
    check_variant(preprocessing, cohort)


def check_study_config(config):
    """Check a study, and whether its cohort suits it."""
    check_rate_digits(config["rates"])
    check_rising("rates", config["rates"])
    check_rising("sampling.passes", config["sampling"]["passes"])
    check_reasons(config)
    if config["predictions"]:
        check_prediction_columns(config["predictions"]["columns"])
        return
    check_folds(config["folds"])
    check_networks(config["networks"], config["network_options"])
    check_subregions(config)
    check_rates(config["rates"], config["sampling"]["samplers"])
    check_selection(config)  # before the maps, which may take its passes
    check_sampling(config["sampling"], config["seeds"])
    check_mask_control(config)
    check_phantom(config)
    check_classes(config)


def check_values(config):
    """Refuse control characters, logins in addresses, NaN and infinity."""
    for key, value in values_of({k: v for k, v in config.items() if k not in FREE}):
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"expected a number for {key}, found {value}: change it in the config.")
        if not isinstance(value, str):
            continue
        if WITH_LOGIN.search(value):
            raise BadInput(
                f"expected an address without a login for {key}, found one before its @: remove "
                "it, since provenance and report contain the config."
            )
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
            raise BadInput(
                f"expected text without line breaks and control characters for {key}, found "
                f"{value!r}: change it in the config."
            )


def number_meant(value):
    """Return a number that was read as text in a form that YAML reads as a number, "" for others.

    In YAML 1.1, which PyYAML reads, 1e-5 is text and 1.0e-5 a number.
    """
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        return ""
    digits, exponent, power = value.lower().partition("e")
    return digits if not exponent else f"{digits}{'' if '.' in digits else '.0'}e{power}"


def values_of(part, above=""):
    """Yield (key, value) of every scalar in a config; keys are also yielded as texts."""
    if isinstance(part, dict | list):
        pairs = part.items() if isinstance(part, dict) else enumerate(part)
        for key, value in pairs:
            yield from values_of(value, f"{above}.{key}" if above else str(key))
            if isinstance(key, str):
                yield f"{above}.{key!r}" if above else repr(key), key
    else:
        yield above, part


def check_labels_columns(labels):
    """Refuse a labels table in which one column has two meanings."""
    columns = [name for name in (labels.get("columns") or {}).values() if name]
    name, times = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if times > 1:
        raise BadInput(
            f"expected a different column for each of cohort.labels.columns, found {name!r} "
            f"{times} times: give each its own, or null if it is unknown."
        )


def check_source(cohort):
    """Refuse paths outside a case's folder, invalid patterns, and passwords in the config."""
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
                "variable here, never its value."
            )


def check_file_name(key, name):
    """Refuse a path or pattern that leads out of a case's folder."""
    path = PurePath(name or "x")
    stars = any("**" in step and step != "**" for step in path.parts)
    if path.is_absolute() or ".." in path.parts or not path.parts or stars:
        raise BadInput(
            f"expected a file name or pattern inside the folder for {key}, found {name!r}: write "
            "it relative to that folder, as T1.nii.gz or anat/*_T1w.nii.gz."
        )


def check_rate_digits(rates):
    """Refuse a rate with more than the two decimals of paths."""
    for rate in rates:
        if round(rate, 2) != rate:
            raise BadInput(
                f"expected rates with at most two decimals, as in paths, found {rate}: "
                f"write {round(rate, 2)}."
            )


def check_prediction_columns(columns):
    """Refuse a number of columns other than a task's classes, and a column with two meanings."""
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
            "expected a different column for each label and class under predictions.columns, "
            f'found "{name}" {times} times; give each its own'
        )


def check_rising(key, values):
    """Refuse a list that is not strictly ascending."""
    if sorted(set(values)) != values:
        raise BadInput(
            f"expected {key} in ascending order without duplicates, found {values}: "
            f"write {sorted(set(values))}."
        )


def check_limits(limits):
    """Refuse limits of unknown metrics, and limits in the wrong order."""
    known = names_with_limits()
    for name, (low, high) in limits.items():
        if name not in known:
            raise BadInput(
                "expected a quality metric under preprocessing.quality.limits, "
                f"found {name!r}: {closest(name, known)}"
            )
        if None not in (low, high) and low > high:
            raise BadInput(
                f"expected the lower limit of preprocessing.quality.limits.{name} first, "
                f"found [{low:g}, {high:g}]: write [{high:g}, {low:g}]."
            )


def check_cohort(cohort):
    """Refuse a source without its options or labels, and a label value with two meanings."""
    source = cohort["source"]
    for key in (source,) if source == "phantom" else (source, "labels"):
        if key not in cohort:
            do = "give the location of the cases and the table of their labels."
            do = "describe it, as cohorts/phantom.yaml does." if source == "phantom" else do
            raise BadInput(f"expected cohort.{key} for cohort.source {source}, found none: {do}")
    coding = cohort.get("segmentation_labels") or {}
    numbers = [number for part in coding.values() for number in part]
    if len(numbers) != len(set(numbers)) or (coding and not numbers):
        raise BadInput(
            "expected each number once among the subregions of cohort.segmentation_labels, found "
            f"{coding}: give each number to one subregion."
        )


def check_folds(folds):
    """Refuse a number of folds or a test share that does not fit the scheme."""
    number, share = folds["number"], folds["test_share"]
    if folds["scheme"] == "cross_validation":
        if number < 2:
            raise BadInput(
                f"expected at least 2 for folds.number, found {number}: raise it, or set "
                "folds.scheme to holdout for a single split."
            )
        if share is not None:
            raise BadInput(
                f"expected no folds.test_share for folds.scheme cross_validation, found {share}: "
                "remove it, or set folds.scheme to holdout."
            )
        return
    if number != 1:
        raise BadInput(
            f"expected folds.number 1 for folds.scheme holdout, found {number}: "
            "a holdout is one split."
        )
    if share is None:
        raise BadInput(
            "expected folds.test_share for folds.scheme holdout, found none: set it, 0.2 is usual."
        )


def check_networks(networks, options):
    """Refuse an unknown network, and options that a network does not have."""
    for name in options:
        if name not in list_networks():
            raise BadInput(
                f"expected a network under network_options, found {name!r}: "
                f"{closest(name, list_networks())}"
            )
    for name in networks:
        if name not in list_networks():
            raise BadInput(
                f"expected networks among {', '.join(list_networks())}, found {name!r}: "
                f"{closest(name, list_networks())}"
            )
        check_options(name, options.get(name, {}))


def check_rates(rates, samplers):
    """Refuse a rate of 0 with dropout active."""
    active = [sampler for sampler in samplers if sampler in WITH_DROPOUT]
    if 0 in rates and active:
        raise BadInput(
            f"expected rates above 0 for the sampler {active[0]}, found 0: remove that rate, or "
            "set sampling.samplers to [deterministic]."
        )


def check_clip(clip):
    """Refuse percentiles in the wrong order."""
    if clip is not None and clip[0] >= clip[1]:
        raise BadInput(
            f"expected the lower percentile of preprocessing.clip first, found {clip}: "
            f"write {sorted(clip)}."
        )


def check_subregions(config):
    """Refuse settings of subregions that the study or its cohort does not have."""
    crop = config["training"].get("crop", {})
    if config["segmentation"] == "subregions":
        coding = config["cohort"].get("segmentation_labels") or {}
        empty = [part for part, numbers in coding.items() if not numbers]
        if empty:
            raise BadInput(
                f"expected labels of {empty[0]} in cohort.segmentation_labels for segmentation "
                "subregions, found none: set segmentation to tumour."
            )
        if not config["sampling"]["maps"]:
            raise BadInput(
                "expected a T in sampling.maps for segmentation subregions, whose labels are kept "
                f"with the maps, found none: name one of {config['sampling']['passes']}."
            )
    elif crop.get("enhancing_share"):
        raise BadInput(
            "expected segmentation subregions for training.crop.enhancing_share, found tumour: "
            "set one to subregions or the other to 0."
        )


def check_sampling(sampling, seeds):
    """Refuse maps of a T that is not sampled, and members with unequal numbers of passes."""
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
            f"mc-dropout-ensemble, found {uneven[0]}: give each member the same number of passes."
        )


def check_selection(config):
    """Refuse a fixed cell outside the grid, and a selection by tasks in a study without any."""
    selection = config["selection"]
    if not config["tasks"] and selection["rule"] != "fixed":
        raise BadInput(
            f"expected selection.rule fixed for a study without tasks, found {selection['rule']}: "
            "name the rate and the passes."
        )
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
    """Refuse mask control without the histograms that it reads."""
    if config["statistics"]["mask_control"] and not config["sampling"]["voxel_histograms"]:
        raise BadInput(
            "expected sampling.voxel_histograms true for statistics.mask_control, found false: "
            "set one to true or the other to null."
        )


def check_variant(preprocessing, cohort):
    """Raise BadInput for settings of `preprocessing` that cannot be combined.

    `cohort`: the config's cohort. The authors' variant uses the template's brain mask and the
    bias field of the T1; the template's mask needs a head template with a skull.
    """
    method, source = preprocessing["skull_stripping"], cohort["source"]
    authors = preprocessing["variant"] == "authors"
    if authors:
        _check_authors(method, cohort["modalities"], preprocessing["bias_field"])
    if method == "none" and source == "phantom":
        raise BadInput(
            "expected stripped scans for preprocessing.skull_stripping none, found the phantom, "
            "whose heads have skulls, set it to template"
        )
    heads = preprocessing["head_templates"]
    if heads["t1"] is None or (authors and heads["t2"] is None):
        check_skull_stripping(method, source)


def _check_authors(method, modalities, bias_field):
    if method != "template":
        raise BadInput(
            "expected preprocessing.skull_stripping template for variant authors, which uses "
            f"one mask for all cases, found {method}, set it to template"
        )
    if "t1" not in modalities and bias_field is not None:
        raise BadInput(
            "expected t1 among cohort.modalities for preprocessing.variant authors, whose bias "
            f"field is that of the T1, found {', '.join(modalities)}, add it or set "
            "preprocessing.bias_field to null"
        )
