"""The paths that a config names: written out, and such as rules and submit commands can hold.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import os
import shlex
import sys
from pathlib import Path

from glioma_uq.configuration.faults import values_of
from glioma_uq.errors import BadInput
from glioma_uq.texts import IN_RULES, IN_SHELLS, quoted

OF_COHORT = (
    ("labels", "table"), ("folder", "path"), ("bids", "path"), ("dicom", "path"),
    ("dicom", "series"), ("idc", "series"), ("tcia", "series"),
)  # fmt: skip


def paths_of(config):
    """Yield (mapping, its key, the whole key) of each path in a config that fits the schema."""
    cohort, preprocessing = config.get("cohort") or {}, config.get("preprocessing") or {}
    places = [(cohort.get(part), name, f"cohort.{part}.{name}") for part, name in OF_COHORT]
    for number, dataset in enumerate(cohort.get("datasets", ())):
        places += [
            (dataset, name, f"cohort.datasets.{number}.{name}") for name in ("path", "table")
        ]
        if Path(dataset["name"]).suffix:
            places.append((dataset, "name", f"cohort.datasets.{number}.name"))
    heads = "preprocessing.head_templates"
    places += [(preprocessing.get("head_templates"), t, f"{heads}.{t}") for t in ("t1", "t2")]
    places.append((config.get("predictions"), "path", "predictions.path"))
    return [place for place in places if place[0] and place[0].get(place[1])]


def write_out_home(config):
    """Write a ~ at the beginning of paths out, in place, as a shell does."""
    for part, name, _ in paths_of(config):
        if part[name].startswith("~"):
            part[name] = str(Path(part[name]).expanduser())


def faults_of_paths(config):
    """Find paths with braces, in which Snakemake sees wildcards."""
    for part, name, key in paths_of(config):
        if set(part[name]) & set(IN_RULES):
            yield (
                f"expected a path without braces for {key}, found {part[name]!r}: rename that "
                "folder or file."
            )


def check_commands(config, workflow):
    """Raise BadInput for a path or setting that a shell changes or runs in a submit command.

    Executors of clusters put the paths of a job's inputs, those of a config among them, and
    `words_of_commands` into the text of a command. Others start no shell.

    Args:
        config: a checked config.
        workflow: Snakemake's, when it is about to start the first job.
    """
    if not workflow.non_local_exec:
        return
    if shlex.quote(sys.executable) != sys.executable:
        raise BadInput(
            "expected a path of Python without spaces and signs of the shell, for jobs of a "
            f"cluster, found {sys.executable!r}: install it elsewhere."
        )
    named = {key: [part[name]] for part, name, key in paths_of(config)}
    for what, texts in (named | words_of_commands(workflow)).items():
        for text in map(str, texts):
            if set(text) & set(IN_SHELLS):
                raise BadInput(
                    f"expected no {' '.join(IN_SHELLS)} in {what}, which the shell of a submit "
                    f"host reads, found {quoted(text, 200)}: rename it, or write the setting into "
                    "a config file."
                )


def words_of_commands(workflow):
    """Return {what they are: texts} that Snakemake puts into a submit command besides the job."""
    return {
        "the path of the checkout": [workflow.main_snakefile],
        "the path of the folder of the run": [workflow.workdir_init, os.getcwd()],
        "the path of a config file": workflow.overwrite_configfiles,
        "--config": [value for _, value in values_of(workflow.config_settings.config)],
        "the path of Snakemake's cache": [workflow.sourcecache.runtime_cache_path],
    }
