"""Runs a step's `main` with the named inputs, params and outputs of its Snakemake rule.

A step imports this module first: an import behind it that fails leaves a log of the job.
"""

import inspect
import sys

from glioma_uq.environment import check_checkout
from glioma_uq.errors import Sentence
from glioma_uq.logs import log_crash_to, log_to

FOR_RERUNS = ("library", "depends_on")  # they affect whether a job reruns, not what it does
DICT = "__"  # between the name of a dict and its key


if job := getattr(sys.modules["__main__"], "snakemake", None):
    log_crash_to(job.log[0])


def run(main, snakemake):
    """Call `main` with the arguments of this job; its output goes to the job's log.

    A sentence about bad input or a bad case ends the job, on the terminal and in its log; only
    bugs and faults of the machine have a traceback.
    """
    sys.excepthook = sys.__excepthook__  # log_to writes exceptions from here on
    try:
        with log_to(snakemake.log[0]):
            if snakemake.scriptdir:
                check_checkout(snakemake.scriptdir)
            main(**arguments(main, snakemake))
    except Sentence as error:
        sys.exit("\n".join((str(error), *error.__notes__)))


def arguments(main, snakemake):
    """Return the keyword arguments of `main` in a job.

    All named inputs, params and outputs of the rule are passed. Wildcards, threads and
    `FOR_RERUNS` are passed only if `main` has an argument of that name. A single output is
    passed as `output` if `main` has that argument. Names such as scans__t1 and scans__t2
    become one dict, scans = {"t1": ..., ...}.

    Raises:
        TypeError: two of the rule's inputs, params and outputs have the same name.
    """
    accepted = inspect.signature(main).parameters
    outputs = dict(snakemake.output.items())
    if "output" in accepted and len(outputs) == 1:
        outputs = {"output": snakemake.output[0]}
    named = {}
    for items in (snakemake.input, snakemake.params, outputs):
        for name, value in items.items():
            if name in named:
                raise TypeError(f"{snakemake.rule} uses the name {name} twice")
            if name in accepted or name not in FOR_RERUNS:
                named[name] = value
    optional = dict(snakemake.wildcards.items()) | {"threads": snakemake.threads}
    return {name: value for name, value in optional.items() if name in accepted} | with_dicts(named)


def with_dicts(given):
    """Return `given` with all names a__b gathered in one dict a."""
    nested = {}
    for name, value in given.items():
        group, separator, key = name.partition(DICT)
        if separator:
            nested.setdefault(group, {})[key] = value
        else:
            nested[name] = value
    return nested


def arguments_of(function, given):
    """Return those of `given` that are keyword-only parameters of `function`.

    Raises TypeError if one is missing.
    """
    parameters = inspect.signature(function).parameters.values()
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    missing = [name for name in named if name not in given]
    if missing:
        raise TypeError(
            f"expected {', '.join(missing)} for {function.__module__}.{function.__name__}, found "
            f"{', '.join(given) or 'nothing'}; add it to the input or params of its rule"
        )
    return {name: given[name] for name in named}
