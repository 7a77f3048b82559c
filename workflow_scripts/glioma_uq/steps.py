"""How a step, a script of Snakemake, enters its `main`: with everything its rule names, by name."""

import inspect

from glioma_uq.logs import log_to

FOR_RERUNS = ("library", "depends_on")  # they decide whether a job runs again, not what it does
DICT = "__"  # between the name of a dict and a key of it


def run(main, snakemake):
    """Call `main` with the arguments of this job; what it prints goes to the job's log."""
    with log_to(snakemake.log[0]):
        main(**arguments(main, snakemake))


def arguments(main, snakemake):
    """Return the keyword arguments of `main` in a job.

    All named inputs, params and outputs of the rule, and of its wildcards, its threads and
    `FOR_RERUNS` those that `main` asks for. A rule's only output is `output` to a `main` that
    asks for that. Names such as scans__t1 and scans__t2 become one dict, scans = {"t1": ..., ...}.

    Raises:
        TypeError: two of the rule's inputs, params and outputs have one name.
    """
    asked = inspect.signature(main).parameters
    outputs = dict(snakemake.output.items())
    if "output" in asked and len(outputs) == 1:
        outputs = {"output": snakemake.output[0]}
    named = {}
    for part in (snakemake.input, snakemake.params, outputs):
        for name, value in part.items():
            if name in named:
                raise TypeError(f"{snakemake.rule} uses the name {name} twice")
            if name in asked or name not in FOR_RERUNS:
                named[name] = value
    offered = dict(snakemake.wildcards.items()) | {"threads": snakemake.threads}
    return {name: value for name, value in offered.items() if name in asked} | with_dicts(named)


def with_dicts(given):
    """Return `given` with all names a__b gathered in a dict a."""
    nested = {}
    for name, value in given.items():
        group, separator, key = name.partition(DICT)
        if separator:
            nested.setdefault(group, {})[key] = value
        else:
            nested[name] = value
    return nested
