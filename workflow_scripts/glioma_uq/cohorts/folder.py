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
    matching,
    name_on_disk,
    only_one,
)
from glioma_uq.texts import composed

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
    return [composed(place.name) for place in folders_in(options["path"])]


def folder_of(options, case):
    """Return the folder of a case."""
    return Path(options["path"], name_on_disk(options["path"], case))


def _file(part, place, name):
    literal = name.replace("{case}", place.name)
    if is_there(place / literal):
        return place / literal
    if set(name) & WILD:
        candidates = filter(is_image, matching(place, name.replace("{case}", escape(place.name))))
    else:
        candidates = filter(is_there, matching(place, escape(literal)))
    return only_one(part, list(candidates), place, f"narrow cohort.folder.names.{part}")
