"""Your own cases: one folder for each case, with files found by name or pattern."""

from glob import escape
from pathlib import Path

from glioma_uq.cohorts.file_matching import (
    check_folder_there,
    folders_in,
    folders_of,
    found_of,
    is_image,
    is_there,
    only_one,
)

WILD = set("*?[")


def find_images(options, case, parts, may_lack=()):
    """Return {part: path} of a case; see glioma_uq.cohorts.sources.

    `options`: `path`, the folder of the cases, and `names`, {part: file name or pattern,
    or None to ignore an image}. "{case}" in a name stands for the case.
    """
    place = folder_of(options, case)
    check_folder_there(place)
    names = {part: options["names"][part] for part in parts if options["names"][part]}
    chosen = {part: _file(part, place, name) for part, name in names.items()}
    expected = {part: name.replace("{case}", case) for part, name in names.items()}
    folders = folders_of(place, [name.replace("{case}", escape(case)) for name in names.values()])
    return found_of(chosen, expected, place, may_lack, folders)


def cases_there(options):
    """Return the names of the folders of cases."""
    return [place.name for place in folders_in(options["path"])]


def folder_of(options, case):
    """Return the folder of a case."""
    return Path(options["path"]) / case


def _file(part, place, name):
    exact = place / name.replace("{case}", place.name)
    if is_there(exact) or not set(name) & WILD:
        return exact if is_there(exact) else None
    pattern = name.replace("{case}", escape(place.name))
    candidates = sorted(filter(is_image, place.glob(pattern)))
    return only_one(part, candidates, place, f"narrow cohort.folder.names.{part}")
