"""Configs of tests and their plans: the demo's or a study's, with changes."""

import copy
import gc

import yaml
from bad_input import ROOT

from glioma_uq.configuration.schema import check_config
from glioma_uq.plans import make_plans


def read(path):
    """Return the config in a file, the cohort that it names in its place."""
    config = yaml.safe_load((ROOT / path).read_text())
    if isinstance(config.get("cohort"), str):
        config |= yaml.safe_load((ROOT / config["cohort"]).read_text())
    return config


DEMO = read("config.yaml")
# The same with one seed and everything that can be fitted, and without its reasons for departures,
# since a change may bring a setting back to the paper's.
DEFAULT = DEMO | {"departures": {}, "seeds": [1], "statistics": {}}


def merge(config, override):
    """Merge as Snakemake merges config files: mappings into mappings, all else replaced."""
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            merge(config[key], value)
        else:
            config[key] = value
    return config


def checked(override, base=DEFAULT):
    """Return a config, the demo's unless given, with `override` as the workflow checks it."""
    return check_config(merge(copy.deepcopy(base), copy.deepcopy(override)))


def planned(override, base=DEFAULT):
    """Return the plans (of a cohort, of a study) of `base` with `override`, None for none."""
    threshold = gc.get_threshold()
    try:
        return make_plans(merge(copy.deepcopy(base), copy.deepcopy(override)), first=False)
    finally:  # as before: a plan of Snakemake's lives to the end, those of tests do not
        gc.unfreeze()
        gc.set_threshold(*threshold)
