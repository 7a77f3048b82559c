"""Public datasets and others that lie on disk as a file of cohorts/datasets describes.

A dataset is a dict with `path`, `folders` (regular expressions of the cases' folders) and `files`
(patterns of their images); glioma_uq.configuration.datasets reads it from its file.
"""

import os
import re
from functools import cache
from glob import escape
from os.path import isdir
from pathlib import Path
from typing import NamedTuple

from glioma_uq.case_names import natural
from glioma_uq.cohorts.file_matching import (
    NoSuchCase,
    folders_below,
    folders_in,
    folders_of,
    found_of,
    is_image,
    matching,
    only_one,
)
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.patterns import fullmatch
from glioma_uq.texts import composed

GROUPS = ("patient", "session", "case")
FIELDS = ("folder", *GROUPS)


class Place(NamedTuple):
    """A case of a dataset: its names, and its folder relative to the dataset's."""

    case: str
    patient: str
    session: str
    folder: str


def find_images(options, case, parts, may_lack=()):
    """Return {part: path} of a case; see glioma_uq.cohorts.sources.

    `options`: {"datasets": a list of datasets}.
    """
    dataset, place = _found(options["datasets"], case)
    files, folder = dataset["files"], Path(dataset["path"], place.folder)
    chosen = {part: _file(dataset, place, part) for part in parts if part in files}
    expected = {part: patterns_of(files[part], place) for part in chosen}
    inside = f"{place.folder}/"
    expected = {p: " or ".join(n.removeprefix(inside) for n in e) for p, e in expected.items()}
    patterns = [pattern for part in chosen for pattern in patterns_of(files[part], place, escape)]
    folders = folders_of(Path(dataset["path"]), patterns)
    return found_of(chosen, expected, folder, may_lack, folders, place.case)


def cases_there(options):
    """Return the names of all cases of all datasets."""
    return sorted({place.case for dataset in options["datasets"] for place in places(dataset)})


def folder_of(options, case):
    """Return the folder of a case."""
    dataset, place = _found(options["datasets"], case)
    return Path(dataset["path"], place.folder)


def dataset_of(datasets, case):
    """Return the dataset in which a case has its folder."""
    return _found(datasets, case)[0]


def places(dataset):
    """Return the `Place` of every case of a dataset, in the natural order of its folders."""
    return _places(os.path.abspath(dataset["path"]), tuple(dataset["folders"]))


def check_dataset_there(dataset):
    """Raise BadInput unless a dataset's folder is there and holds the folder of a case."""
    path = Path(dataset["path"])
    if not isdir(path):
        raise BadInput(
            f"expected the dataset {dataset['name']} in {path}, found no such folder, correct its "
            "path under cohort.datasets"
        )
    if places(dataset):
        return
    inside = [place.name for place in folders_in(path)]
    nearer = [
        folder
        for folder in (path.parent, *folders_in(path))
        if _places(str(folder), tuple(dataset["folders"]))
    ]
    hint = f", whereas {nearer[0]} has some: write that as its path" if nearer else ""
    advice = "" if nearer else ", correct its path or version under cohort.datasets"
    raise BadInput(
        f"expected folders of cases of {dataset['name']} in {path}, as {dataset['examples'][0]}, "
        f"found {', '.join(inside[:3]) or 'no folder'}{' and more' * (len(inside) > 3)}"
        f"{hint}{advice}"
    )


def place_of(folder, patterns):
    """Return the `Place` of a folder by the first of `patterns` that matches it, else None."""
    for pattern in patterns:
        levels, names = composed(pattern).split("/"), composed(folder).split("/")
        found = [fullmatch(*pair) for pair in zip(levels, names, strict=False)]
        if len(levels) == len(names) and all(found):
            groups = {name: text for match in found for name, text in match.groupdict("").items()}
            return _named(groups, folder)
    return None


def patterns_of(patterns, place, literal=str):
    """Return the patterns of a part of a case, with its names in place of {folder} and others.

    `literal`: what to make of a name, `glob.escape` where a pattern is used as one.
    """
    listed = [patterns] if isinstance(patterns, str) else patterns
    names = {f"{{{field}}}": literal(getattr(place, field)) for field in FIELDS}
    return [re.sub(r"\{\w+\}", lambda match: names[match[0]], pattern) for pattern in listed]


def is_shared(datasets, case, part):
    """Return whether a case shares the file of a part with others, as one brain mask for all."""
    return "{" not in str(dataset_of(datasets, case)["files"][part])


@cache  # a cohort of thousands asks for each of its cases
def _places(path, patterns):
    deepest = max(pattern.count("/") + 1 for pattern in patterns)
    found, level = [], [("", Path(path))]
    for depth in range(deepest):
        starts = [pattern.split("/")[: depth + 1] for pattern in patterns]
        level = [
            (f"{above}{folder.name}", folder)
            for above, parent in level
            for folder in folders_below(parent)
            if any(
                len(start) == depth + 1 and place_of(f"{above}{folder.name}", ["/".join(start)])
                for start in starts
            )
        ]
        found += filter(None, (place_of(name, patterns) for name, _ in level))
        level = [(f"{name}/", folder) for name, folder in level]
    return sorted(found, key=lambda place: natural(place.folder))


@cache
def _places_by_case(path, patterns):
    by_case = {}
    for place in _places(path, patterns):
        by_case.setdefault(place.case, []).append(place)
    return by_case


def _found(datasets, case):
    """Return (dataset, place) of a case, or raise BadCase where it has none or two."""
    found = [
        (dataset, place)
        for dataset in datasets
        for place in _places_by_case(
            os.path.abspath(dataset["path"]), tuple(dataset["folders"])
        ).get(case, ())
    ]
    if not found:
        raise NoSuchCase(
            f"expected the case's folder, found none of {case} in "
            f"{' or '.join(dataset['path'] for dataset in datasets)}, add it or remove its row"
        )
    if len(found) > 1:
        first, second = (f"{dataset['path']}/{place.folder}" for dataset, place in found[:2])
        how = ", once with decomposed letters" if composed(first) == composed(second) else ""
        raise BadCase(
            f"expected one folder for {case}, found {first} and {second}{how}, remove one"
        )
    return found[0]


def _named(groups, folder):
    patient, session = groups.get("patient", ""), groups.get("session", "")
    case = groups.get("case") or "_".join(filter(None, (patient, session)))
    return Place(case, patient or case, session, folder)


def _file(dataset, place, part):
    root = Path(dataset["path"])
    for pattern in patterns_of(dataset["files"][part], place, escape):
        candidates = list(filter(is_image, matching(root, pattern)))
        if candidates:
            return only_one(part, candidates, root, "narrow its pattern in the dataset's file")
    return None
