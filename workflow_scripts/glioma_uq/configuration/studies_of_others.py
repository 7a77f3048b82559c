"""What a study from somebody else would do, learned without running any of it.

Snakemake can run a config as code while it reads it, so this is asked before Snakemake starts. Only
the files of the study and of its cohort are read.
"""

import os
from pathlib import Path

from glioma_uq.cohorts.sources import CONVERTED
from glioma_uq.configuration.datasets import merged
from glioma_uq.configuration.documents import (
    CHECKOUT,
    CONFIG_SCHEMA,
    fill_defaults,
    read_yaml,
    validator_of,
)
from glioma_uq.configuration.faults import refuse, values_of
from glioma_uq.configuration.schema import check_keys
from glioma_uq.configuration.validation import faults_of_cohort, faults_of_values
from glioma_uq.errors import BadInput, printable
from glioma_uq.machine import HD_BET, settings_of_hd_bet

FREE_TEXT = "departures."


def describe_study(paths):
    """Return {what: texts} of what the study in the files `paths` would touch.

    Several files are laid over each other, as `--configfile` does. Raises BadInput for a file that
    could run code, for keys and values that the schema does not know, and for addresses that no
    study may name.
    """
    config = {}
    for path in paths:
        if not Path(path).is_file():
            raise BadInput(f"expected the file of a study in {path}, found none: correct it.")
        content = read_yaml(path)
        if not isinstance(content, dict):
            raise BadInput(f"expected the keys of a study in {path}, found none: correct it.")
        config = merged(config, content)
    cohort = config.get("cohort")
    check_keys(config)  # puts what the cohort's file says in the place of its path
    fill_defaults(config, validator_of(CONFIG_SCHEMA).schema)
    refuse(faults_of_values(config))
    if config["cohort"]:
        refuse(faults_of_cohort(config["cohort"]))
    texts = [
        (key, value)
        for key, value in values_of(config)
        if isinstance(value, str) and not key.endswith("'")  # the names of keys
    ]
    texts += [("cohort", cohort)] if isinstance(cohort, str) else []
    return {
        "files and folders outside of this one": [f"{k}: {v}" for k, v in texts if outside(k, v)],
        "addresses": [f"{key}: {value}" for key, value in texts if "://" in value],
        "links out of a cohort's folder": ["cohort.follow_links: true"] * follows_links(config),
        "environment variables": [f"{key}: {v}" for key, v in texts if ".variables." in key],
        "programs": programs_of(config),
        "results in": results_of(config),
    }


def follows_links(config):
    """Return whether scans may be links to files anywhere."""
    return bool(config["cohort"] and config["cohort"]["follow_links"])


def outside(key, value):
    """Return whether a text, as a path, leads out of the working directory and the checkout."""
    path = Path(os.path.realpath(os.path.expanduser(value)))
    inside = path.is_relative_to(Path.cwd()) or path.is_relative_to(CHECKOUT.resolve())
    return not (inside or key.startswith(FREE_TEXT) or "://" in value)


def results_of(config):
    """Return the folders that a run would write."""
    cohorts = [f"results/cohorts/{config['cohort']['name']}"] if config["cohort"] else []
    return cohorts + ([f"results/studies/{config['study']}"] if config["study"] else [])


def programs_of(config):
    """Return the programs that a study's steps start; none of them is named by the study."""
    cohort, programs = config["cohort"] or {}, []
    if cohort.get("source") in CONVERTED:
        programs.append("dcm2niix, of the package in this environment")
    if config["preprocessing"]["skull_stripping"] == "hd-bet":
        programs.append(
            f"{settings_of_hd_bet()['command']}, by {HD_BET['command'][0]} or `make hd-bet`"
        )
    return programs


def in_words(paths):
    """Return what the study in the files `paths` would touch, as lines for a reader."""
    lines = [f"{' and '.join(map(str, paths))}: settings only, and no code. It names"]
    for what, texts in describe_study(paths).items():
        lines += [f"  {what}: {'' if texts else 'none'}".rstrip(), *(f"    {t}" for t in texts)]
    return [printable(line) if line.strip() else line for line in lines]
