"""One file for each image of a case; none or several are an error that names the candidates.

Names on disk may have composed or decomposed letters, as a zip from macOS has: these are the same.
"""

import os
import re
import sys
from difflib import get_close_matches
from fnmatch import fnmatchcase
from os.path import isdir
from pathlib import Path, PurePath

from glioma_uq.errors import BadCase
from glioma_uq.texts import composed

ENDINGS = (".nii.gz", ".nii")
# In small letters, of images that are not read, but whose presence is not passed over in silence.
OTHER_ENDINGS = (*ENDINGS, ".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".mgh", ".img", ".hdr")
# Words of file names that say which series they hold, as t1n, T1pre, T2w and t2f.
NAMED_AS = {
    "t1": r"(?<![a-z0-9])t1(?![0-9])(?!\W?(ce|c|gd|post|km)(?![a-z]))",
    "t2": r"(?<![a-z0-9])t2(?![0-9])(?!\W?(f|star|\*))",
    "flair": r"flair|(?<![a-z0-9])t2\W?f(?![a-z])|(?<![a-z0-9])fl(?![a-z0-9])",
}
OPTIONAL = ("segmentation", "brain_mask")


class NoSuchCase(BadCase):
    """The case does not exist; its name may be misspelt."""


def check_folder_there(place):
    """Raise NoSuchCase unless `place`, the folder of a case, exists."""
    if not isdir(place):
        raise NoSuchCase(f"expected the case's folder, found no {place}, add it or remove its row")


def name_on_disk(root, name):
    """Return how an entry of the folder `root` is spelt there; `name` itself if there is none."""
    if name.isascii() or not Path(root).is_dir():
        return name
    found = sorted(each for each in os.listdir(root) if composed(each) == composed(name))
    if len(found) > 1:
        raise BadCase(
            f"expected one folder {name} in {root}, found {len(found)}, with composed and with "
            "decomposed letters, remove one"
        )
    return found[0] if found else name


def matching(root, pattern):
    """Return the paths below `root` that match a pattern, sorted, in any spelling of letters."""
    if pattern.isascii():
        return sorted(root.glob(pattern))
    found = [root]
    for step in PurePath(pattern).parts:
        places = [place for place in found if place.is_dir()]
        found = [path for place in places for path in _matching_step(place, step)]
    return sorted(set(found))


def _matching_step(place, step):
    if step.isascii():
        return place.glob(step)
    return [path for path in place.iterdir() if fnmatchcase(composed(path.name), composed(step))]


def is_there(path):
    """Return whether a path is a file, or a link that leads nowhere."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def is_image(path):
    """Return whether a path is a file with a NIfTI extension, or a link that leads nowhere.

    Such a link, as datalad leaves it for content that was not fetched, is an image that is broken.
    """
    return path.name.endswith(ENDINGS) and is_there(path)


def images_in(folder):
    """Return the paths of the NIfTI images in a folder, sorted; [] without the folder."""
    folder = Path(folder)
    return sorted(filter(is_image, folder.iterdir())) if folder.is_dir() else []


def files_in(folder):
    """Return what may be an image in a folder, in any format, sorted; [] without the folder."""
    folder = Path(folder)
    there = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in there if path.name.lower().endswith(OTHER_ENDINGS))


def folders_of(root, patterns):
    """Return the folders below `root` in which files of some patterns may lie."""
    parents = {str(PurePath(pattern).parent) for pattern in patterns} - {"."}
    found = [path for parent in sorted(parents) for path in matching(root, parent)]
    return [root, *filter(Path.is_dir, found)]


def folders_in(folder):
    """Return the sub-folders of a folder except hidden ones, sorted; [] without the folder."""
    folder = Path(folder)
    return sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if not path.name.startswith(".") and path.is_dir()
    )


def folders_below(folder):
    """Return the same of a folder that may be closed to this user, as lost+found; [] if it is."""
    try:
        return folders_in(folder)
    except PermissionError:
        print(f"{folder} cannot be read and is passed over", file=sys.stderr)
        return []


def only_one(part, candidates, place, advice):
    """Return the one candidate for a part, or None; raise BadCase for more, naming two.

    `advice` tells how to select one in the config, as "name it in cohort.folder.names".
    """
    if len(candidates) > 1:
        first, second = (path.relative_to(place) for path in candidates[:2])
        more = f" and {len(candidates) - 2} more" if len(candidates) > 2 else ""
        raise BadCase(
            f"expected one file for {part} in {place}, found {first} and {second}{more}, "
            f"remove one or {advice}"
        )
    return candidates[0] if candidates else None


def found_of(chosen, expected, place, may_lack=(), folders=(), case=""):
    """Return `chosen`, {part: path or None}, without absent parts that a case may lack.

    These are segmentation, brain mask and the modalities `may_lack`. `expected`: {part: name of
    its file}, for the error about any other. A mask, or a modality of `may_lack`, by
    another name or in another format, in `place` or one of the `folders` where its files lie, is
    an error too, or it would be lost silently; where a folder is that of other cases too, only
    if the file's name has `case` in it.
    """
    found = {part: path for part, path in chosen.items() if path is not None}
    if len(found) == len(chosen):
        return found
    mine = re.compile(rf"(?<![A-Za-z0-9]){re.escape(case)}(?![A-Za-z0-9])")
    left = [
        path.name
        for folder in dict.fromkeys((Path(place), *folders))
        for path in files_in(folder)
        if path not in found.values()
        and (path.is_relative_to(place) or (case and mine.search(composed(path.name))))
        and is_there(path)
    ]
    parts = [part for part in chosen if part not in (*found, *OPTIONAL, *may_lack)]
    if missing := [expected[part] for part in parts]:
        lacking = "" if "t1ce" in parts else ", or set cohort.missing to impute-zero"
        near = get_close_matches(missing[0], left, 2, cutoff=0.3)
        hint = f" (nearest: {', '.join(near)})" if near else ""
        raise BadCase(
            f"expected {', '.join(missing)} in {place}, found no such file{hint}, add or rename "
            f"it{lacking}"
        )
    for part in (part for part in (*OPTIONAL, *may_lack) if part in chosen.keys() - found):
        others = [name for name in left if is_named_as(part, name)]
        if others:
            raise BadCase(
                f"expected the {part} as {expected[part]} in {place}, found "
                f"{others[0]}, rename it or move it out of the folder"
            )
    return found


def is_named_as(part, name):
    """Return whether a file's name says that it is a mask of this kind, or a modality as a word."""
    if part == "segmentation":
        return "seg" in name.lower()
    if part == "brain_mask":
        return "brain" in name.lower() and "mask" in name.lower()
    return bool(re.search(NAMED_AS[part], name.lower()))
