"""One file for each part of a case: none is refused with the nearest names, two with both."""

from difflib import get_close_matches
from pathlib import Path

from glioma_uq.errors import BadCase

ENDINGS = (".nii.gz", ".nii")
OPTIONAL = ("segmentation", "brain_mask")


class NoSuchCase(BadCase):
    """Nothing of the case is there: its name may be mistyped."""


def check_folder_there(place):
    """Raise NoSuchCase unless `place`, the folder of a case, is there."""
    if not Path(place).is_dir():
        raise NoSuchCase(f"expected the case's folder, found no {place}, add it or remove its row")


def is_image(path):
    """Say whether a path is a file with an ending of NIfTI."""
    return path.name.endswith(ENDINGS) and path.is_file()


def images_in(folder):
    """Return the paths of the NIfTI images in a folder, sorted; none when there is no folder."""
    folder = Path(folder)
    return sorted(filter(is_image, folder.iterdir())) if folder.is_dir() else []


def folders_in(folder):
    """Return the sub-folders of a folder but hidden ones, sorted; none when it is not there."""
    folder = Path(folder)
    return sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_dir() and not path.name.startswith(".")
    )


def only_one(part, candidates, place, advice):
    """Return the one candidate for a part, or None; raise BadCase for more, naming two.

    `advice` says how the config can choose, as "name it in cohort.folder.names".
    """
    if len(candidates) > 1:
        first, second = (path.relative_to(place) for path in candidates[:2])
        more = f" and {len(candidates) - 2} more" if len(candidates) > 2 else ""
        raise BadCase(
            f"expected one file for {part} in {place}, found {first} and {second}{more}, "
            f"remove one or {advice}"
        )
    return candidates[0] if candidates else None


def found_of(chosen, expected, place):
    """Return `chosen`, {part: path or None}, without the absent segmentation or brain mask.

    `expected`: {part: what its file is called}, for the sentence about an absent modality.
    A segmentation that goes by another name is refused too, or a reference would be lost
    without a sign.
    """
    found = {part: path for part, path in chosen.items() if path is not None}
    left = [path.name for path in images_in(place) if path not in found.values()]
    missing = [expected[part] for part in chosen if part not in (*found, *OPTIONAL)]
    if missing:
        near = get_close_matches(missing[0], left, 2, cutoff=0.3)
        hint = f" (nearest: {', '.join(near)})" if near else ""
        raise BadCase(
            f"expected {', '.join(missing)} in {place}, found no such file{hint}, add or rename it"
        )
    if "segmentation" in chosen and "segmentation" not in found:
        others = [name for name in left if "seg" in name.lower()]
        if others:
            raise BadCase(
                f"expected the segmentation as {expected['segmentation']} in {place}, found "
                f"{others[0]}, rename it or move it out of the folder"
            )
    return found
