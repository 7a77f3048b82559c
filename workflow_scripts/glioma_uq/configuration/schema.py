"""Validate a configuration against the schema before the first job, and fill in its defaults."""

from os.path import isfile
from pathlib import Path

from glioma_uq.configuration.datasets import add_preprocessing
from glioma_uq.configuration.documents import (
    CHECKOUT,
    CONFIG_SCHEMA,
    check_extent,
    fill_defaults,
    read_yaml,
    sentence,
    validator_of,
)
from glioma_uq.configuration.paths import write_out_home
from glioma_uq.configuration.validation import check_across_keys
from glioma_uq.errors import BadInput
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.label_values import read_keys_as_text
from glioma_uq.machine import HD_BET

COHORT_KEYS = ("cohort", "preprocessing")
VALIDATION_PASSES = 5


def check_config(config, schema=CONFIG_SCHEMA):
    """Check `config` against the schema at path `schema`, complete it in place and return it.

    A `cohort` that is a path is replaced by the content of that file. Defaults are filled in, and
    nulls that depend on the grid.

    Raises:
        BadInput: one sentence about the first error.
    """
    check_extent(config, "the config")
    given = set(config)
    check_keys(config, schema)
    write_out_home(config)
    check_kind(config, given)
    if config.get("cohort"):
        add_preprocessing(config)
    fill_defaults(config, validator_of(schema).schema)
    read_keys_as_text(config)
    choose_cell(config)
    check_across_keys(config)
    return config


def check_keys(config, schema=CONFIG_SCHEMA):
    """Raise BadInput for a key or a value that the schema does not know; see `check_config`.

    Reads nothing but the file of the cohort, which takes the place of its path.
    """
    read_cohort(config)
    check_not_brats(config.get("cohort"))
    check_not_of_machine(config.get("preprocessing"))
    errors = sorted(validator_of(schema).iter_errors(config), key=lambda e: list(map(str, e.path)))
    if errors:
        raise BadInput(sentence(errors[0], config))


def read_cohort(config):
    """Replace the path of a cohort's file by its cohort and preprocessing.

    The path is relative to the working directory, or else to the checkout.
    """
    path = config.get("cohort")
    if not isinstance(path, str):
        return
    path = Path(path).expanduser()
    path = path if isfile(path) else CHECKOUT / path
    if not isfile(path):
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


def check_not_brats(cohort):
    """Raise BadInput for a cohort of the source brats, which is one of the datasets now."""
    if isinstance(cohort, dict) and cohort.get("source") == "brats":
        old = cohort.get("brats") if isinstance(cohort.get("brats"), dict) else {}
        path, release = old.get("path", "data/brats"), old.get("release", 2021)
        raise BadInput(
            "expected BraTS among the datasets, found cohort.source brats: write source: datasets "
            f"and datasets: [{{name: brats, version: {release}, path: {path}}}] instead of brats "
            "and labels."
        )


def check_not_of_machine(preprocessing):
    """Raise BadInput for a program, or the hash of its weights, which a study may not decide."""
    given = preprocessing.get("hd_bet") if isinstance(preprocessing, dict) else None
    for name in HD_BET if isinstance(given, dict) else ():
        if name in given:
            raise BadInput(
                f"expected {name} of HD-BET among the settings of this machine, found it in the "
                f"config as preprocessing.hd_bet.{name}: leave it out there, and export "
                f"{HD_BET[name][0]}, since a config from somebody else must not choose programs."
            )


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
