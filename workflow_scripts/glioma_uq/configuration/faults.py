"""Checks that configs and the files of datasets share. Each function yields sentences, one a fault.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from collections import Counter
from itertools import chain
from pathlib import PurePath

from glioma_uq.cohorts.labels import columns_of
from glioma_uq.errors import BadInput
from glioma_uq.subregions import CLASSES, SUBREGIONS, regions_of
from glioma_uq.texts import has_control


def refuse(faults):
    """Raise BadInput with the first of the sentences `faults`, if there is any."""
    for sentence in faults:
        raise BadInput(sentence)


def faults_of_coding(coding, key):
    """Find a number with two meanings, and a coding without any subregion."""
    if not coding:
        return
    numbers = [number for part in coding.values() for number in part]
    if len(numbers) != len(set(numbers)) or not any(coding[part] for part in SUBREGIONS):
        yield (
            f"expected each number once among the subregions, the cavity and the background of "
            f"{key}, found {coding}: give each number to one."
        )


def faults_of_cavity(segmentation, codings):
    """Find a study of the resection cavity with a cohort of which no coding has numbers of it."""
    if "rc" in regions_of(CLASSES[segmentation]) and not any(c.get("cavity") for c in codings):
        yield (
            "expected labels of the cavity in segmentation_labels for segmentation "
            f"{segmentation}, found none: name them, or set segmentation to subregions."
        )


def faults_of_labels(labels, key="cohort.labels"):
    """Find a column with two meanings and ids that cannot be rewritten as said."""
    yield from faults_of_ids(labels.get("ids"), key)
    named = labels.get("columns", {}).values()
    name, times = most_common(chain.from_iterable(map(columns_of, named)))
    if times > 1:
        yield (
            f"expected a different column for each of {key}.columns, found {name!r} "
            f"{times} times: give each its own, or null if it is unknown."
        )


def faults_of_ids(ids, key):
    """Find a regular expression that is none, and a replacement with a group that it lacks."""
    if not ids:
        return
    try:
        re.compile(ids["pattern"])
        re.sub(ids["pattern"] + "|", ids["as"], "")
    except (re.error, IndexError) as error:
        yield (
            f"expected a regular expression and its replacement as {key}.ids, found "
            f"{ids['pattern']!r} and {ids['as']!r} ({error}): correct them."
        )


def is_inside(name):
    """Return whether a file name or pattern does not lead out of a case's folder."""
    path = PurePath(name or "x")
    stars = any("**" in step and step != "**" for step in path.parts)
    return bool(path.parts) and not (path.is_absolute() or ".." in path.parts or stars)


def most_common(names):
    """Return the most frequent of some names, nulls left out, and its number of times."""
    return next(iter(Counter(filter(None, names)).most_common(1)), ("", 0))


def faults_of_texts(content, place):
    """Find texts of a config, or of the file at `place`, with line breaks or control characters."""
    for key, value in values_of(content):
        if isinstance(value, str) and has_control(value):
            yield (
                f"expected text without line breaks and control characters for {key}, found "
                f"{value!r}: change it in {place}."
            )


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
