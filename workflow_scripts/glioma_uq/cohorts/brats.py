"""The BraTS challenges: file names and label codings by the year of the release.

Sources: the data pages of BraTS 2018-2021 (1 necrosis and non-enhancing core, 2 oedema,
4 enhancing; until 2015 non-enhancing core was 3) and of 2023 (3 enhancing).
"""

from glob import escape
from pathlib import Path

from glioma_uq.cohorts.file_matching import (
    ENDINGS,
    NoSuchCase,
    folders_in,
    found_of,
    images_in,
    only_one,
)
from glioma_uq.errors import BadCase

UNDERSCORES = {
    "t1": "_t1", "t1ce": "_t1ce", "t2": "_t2", "flair": "_flair", "segmentation": "_seg",
}  # fmt: skip
HYPHENS = {"t1": "-t1n", "t1ce": "-t1c", "t2": "-t2w", "flair": "-t2f", "segmentation": "-seg"}
CODINGS = {
    2013: {"core": [1, 3], "oedema": [2], "enhancing": [4]},
    **{year: {"core": [1], "oedema": [2], "enhancing": [4]} for year in range(2018, 2023)},
    2023: {"core": [1], "oedema": [2], "enhancing": [3]},
}


def find_images(options, case, parts, may_lack=()):
    """Return {part: path} of a case; see glioma_uq.cohorts.sources.

    `options`: `path`, the folder of the cases or of HGG and LGG that hold them, and
    `release`, a year. BraTS gives no brain mask.
    """
    place = _folder_of(Path(options["path"]), case)
    suffixes = HYPHENS if options["release"] >= 2023 else UNDERSCORES
    stems = {part: case + suffixes[part] for part in parts if part in suffixes}
    chosen = {}
    for part, stem in stems.items():
        candidates = [place / (stem + ending) for ending in ENDINGS]
        candidates = [path for path in candidates if path.is_file()]
        chosen[part] = only_one(part, candidates, place, "move it out of the folder")
    expected = {part: f"{stem}.nii.gz" for part, stem in stems.items()}
    return found_of(chosen, expected, place, may_lack)


def cases_there(options):
    """Return the names of the folders of cases, including those in HGG and LGG."""
    names = []
    for place in folders_in(options["path"]):
        inner = [] if images_in(place) else folders_in(place)
        names += [path.name for path in inner] or [place.name]
    return sorted(names)


def _folder_of(root, case):
    if (root / case).is_dir():
        return root / case
    places = sorted(path for path in root.glob(f"*/{escape(case)}") if path.is_dir())
    if not places:
        raise NoSuchCase(
            f"expected the case's folder, found no {root / case} or {root / '*' / case}, "
            "add it or remove its row"
        )
    if len(places) > 1:
        raise BadCase(
            f"expected one folder for {case}, found {places[0]} and {places[1]}, remove one"
        )
    return places[0]
