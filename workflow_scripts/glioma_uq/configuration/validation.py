"""Values of a config that its schema cannot judge, refused in one sentence each.

Bad texts and numbers, and values that are right alone and wrong together. Snakemake reads this
module while it plans, so it imports nothing heavy.
"""

import math
import re
from collections import Counter
from pathlib import PurePath

from glioma_uq.cohorts import check_skull_stripping
from glioma_uq.cohorts.recognition import merged
from glioma_uq.configuration.departures import check_reasons
from glioma_uq.configuration.network_options import check_options
from glioma_uq.configuration.preflight import check_classes, check_phantom
from glioma_uq.errors import BadInput, closest
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.networks import list_networks
from glioma_uq.quality.metrics import names_with_limits
from glioma_uq.tasks import TASKS

FREE = ("departures",)  # text for people
WITH_LOGIN = re.compile(r"://[^/\s]*@")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", re.ASCII)
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)


def check_across_keys(config):
    """Refuse values that are right alone and wrong together."""
    check_values(config)
    if config["cohort"]:
        check_cohort_config(config)
    if config["study"]:
        check_study_config(config)


def check_cohort_config(config):
    """Refuse what is wrong about a cohort, whatever a study wants of it."""
    cohort, preprocessing = config["cohort"], config["preprocessing"]
    check_limits(preprocessing["quality"]["limits"])
    check_cohort(cohort)
    check_source(cohort)
    check_labels_columns(cohort.get("labels", {}))
    check_clip(preprocessing["clip"])
    check_variant(preprocessing, cohort)


def check_study_config(config):
    """Refuse what is wrong about a study, and about its cohort for this study."""
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
    check_selection(config)  # before its passes are looked for among those of the maps
    check_sampling(config["sampling"], config["seeds"])
    check_mask_control(config)
    check_phantom(config)
    check_classes(config)


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
    for key in (source,) if source == "phantom" else (source, "labels"):
        if key not in cohort:
            do = "name where the cases lie and the table of their labels."
            do = "describe it, as cohorts/phantom.yaml does." if source == "phantom" else do
            raise BadInput(f"expected cohort.{key} for cohort.source {source}, found none: {do}")
    coding = cohort.get("segmentation_labels") or {}
    numbers = [number for part in coding.values() for number in part]
    if len(numbers) != len(set(numbers)) or (coding and not numbers):
        raise BadInput(
            "expected each number once among the parts of cohort.segmentation_labels, found "
            f"{coding}: give each number to one part."
        )


def check_folds(folds):
    """Refuse a number of folds and a share of tests that do not fit the scheme."""
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
                "leave it out, or set folds.scheme to holdout."
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
    """Refuse a network that has no file, and options that a network does not have."""
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
    """Refuse to keep dropout awake at a rate of 0."""
    awake = [sampler for sampler in samplers if sampler in WITH_DROPOUT]
    if 0 in rates and awake:
        raise BadInput(
            f"expected rates above 0 for the sampler {awake[0]}, found 0: leave that rate out, or "
            "set sampling.samplers to [deterministic]."
        )


def check_clip(clip):
    """Refuse percentiles between which nothing lies."""
    if clip is not None and clip[0] >= clip[1]:
        raise BadInput(
            f"expected the lower percentile of preprocessing.clip first, found {clip}: "
            f"write {sorted(clip)}."
        )


def check_subregions(config):
    """Refuse to tell parts of a tumour apart that the study or its cohort does not."""
    crop = config["training"].get("crop", {})
    if config["segmentation"] == "subregions":
        coding = config["cohort"].get("segmentation_labels") or {}
        empty = [part for part, numbers in coding.items() if not numbers]
        if empty:
            raise BadInput(
                f"expected labels of {empty[0]} in cohort.segmentation_labels for segmentation "
                "parts, found none: set segmentation to tumour."
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
    """Refuse a fixed choice that is not in the grid, and to choose by tasks that are not there."""
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
    """Refuse a control of masks without the histograms that it reads."""
    if config["statistics"]["mask_control"] and not config["sampling"]["voxel_histograms"]:
        raise BadInput(
            "expected sampling.voxel_histograms true for statistics.mask_control, found false: "
            "set one to true or the other to null."
        )


def check_variant(preprocessing, cohort):
    """Raise BadInput for choices of a config's `preprocessing` that do not go together.

    `cohort`: the config's part of that name. The authors' variant strips by the template
    and corrects the bias by the T1; the template's mask needs a template with a skull.
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
            "expected preprocessing.skull_stripping template for variant authors, which has one "
            f"mask for all, found {method}, set it to template"
        )
    if "t1" not in modalities and bias_field is not None:
        raise BadInput(
            "expected t1 among cohort.modalities for preprocessing.variant authors, whose bias "
            f"field is that of the T1, found {', '.join(modalities)}, add it or set "
            "preprocessing.bias_field to null"
        )
