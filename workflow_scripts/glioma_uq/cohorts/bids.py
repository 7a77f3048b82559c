"""A raw BIDS tree: sub-*/[ses-*/]anat, with segmentations and brain masks from derivatives.

Source: BIDS 1.10, https://bids-specification.readthedocs.io. A contrast-enhanced series has
the entity `ce`, as in sub-01_ce-gadolinium_T1w.nii.gz.
"""

from itertools import pairwise
from pathlib import Path

from glioma_uq.case_names import natural, tells_order
from glioma_uq.cohorts.file_matching import (
    ENDINGS,
    check_folder_there,
    folders_in,
    found_of,
    images_in,
    name_on_disk,
    only_one,
)
from glioma_uq.errors import BadCase
from glioma_uq.texts import composed

SUFFIXES = {"t1": "T1w", "t1ce": "T1w", "t2": "T2w", "flair": "FLAIR"}
NAMES = {
    "t1": "a T1w image",
    "t1ce": "a T1w image with the entity ce (as ce-gadolinium)",
    "t2": "a T2w image",
    "flair": "a FLAIR image",
    "segmentation": "a dseg image",
    "brain_mask": "a brain mask (desc-brain or label-brain)",
}


def find_images(options, case, parts, may_lack=()):
    """Return {part: path} of a case, "sub-" in its name or not; see glioma_uq.cohorts.sources.

    `options`: `path`, the tree; `session`, "first", "last" or a name; `entities`,
    {part: {entity: value}} that select one of several series; `derivatives`,
    {"segmentation" or "brain_mask": folder inside the tree with the same sub-folders}.
    """
    root, subject = Path(options["path"]), f"sub-{case.removeprefix('sub-')}"
    place = folder_of(options, case)
    check_folder_there(place)
    session = _session(place, options["session"])
    trees = dict.fromkeys(SUFFIXES, "") | options["derivatives"]
    chosen = {}
    for part in (part for part in parts if part in trees):
        place = _anat(root / trees[part], subject, session)
        wanted = options["entities"].get(part, {})
        wanted = {"sub": subject.removeprefix("sub-")} | wanted
        candidates = [path for path in images_in(place) if _is_part(path, part, wanted)]
        chosen[part] = only_one(part, candidates, place, f"set cohort.bids.entities.{part}")
    folders = [_anat(root / trees[part], subject, session) for part in chosen]
    return found_of(chosen, NAMES, _anat(root, subject, session), may_lack, folders, subject)


def cases_there(options):
    """Return the names of the subjects without "sub-"."""
    there = folders_in(options["path"])
    return [composed(p.name).removeprefix("sub-") for p in there if p.name.startswith("sub-")]


def folder_of(options, case):
    """Return the folder of a subject."""
    root, subject = options["path"], f"sub-{case.removeprefix('sub-')}"
    return Path(root, name_on_disk(root, subject))


def is_value(text, wanted):
    """Return whether the value of an entity, None for none, is the one of a config.

    >>> is_value("01", 1), is_value("mprage", "mprage"), is_value(None, 1)
    (True, True, False)

    YAML reads 01 without quotes as 1, and indices are the same with leading zeros.
    """
    both = (text or "", composed(str(wanted)))
    return both[0] == both[1] or (all(map(str.isdecimal, both)) and int(both[0]) == int(both[1]))


def entities_of(name):
    """Return ({entity: value}, suffix) of a BIDS file name: "sub-1_ce-gd_T1w.nii" to .., "T1w"."""
    stem = next(composed(name).removesuffix(end) for end in ENDINGS if name.endswith(end))
    *pairs, suffix = stem.split("_")
    return dict(pair.split("-", 1) for pair in pairs if "-" in pair), suffix


def _is_part(path, part, wanted):
    """Return whether a file is the BIDS image of `part` and has the wanted entities."""
    entities, suffix = entities_of(path.name)
    if not all(is_value(entities.get(name), value) for name, value in wanted.items()):
        return False
    is_brain = "brain" in (entities.get("desc"), entities.get("label"))
    if part == "brain_mask":
        return suffix == "mask" and is_brain
    if part == "segmentation":
        return suffix == "dseg" or (suffix == "mask" and not is_brain)
    enhanced = "ce" in entities
    return suffix == SUFFIXES[part] and enhanced == (part == "t1ce")


def _anat(tree, subject, session):
    """Return the folder of a subject's anatomical images in the tree, there or not."""
    place = tree / name_on_disk(tree, subject)
    return place / name_on_disk(place, session) / "anat"


def _session(subject, wanted):
    """Return the name of the subject's session folder, "" if it has no sessions."""
    sessions = sorted((composed(path.name) for path in subject.glob("ses-*")), key=natural)
    if not sessions:
        return ""
    if wanted in ("first", "last"):
        for one, other in pairwise(sessions):
            if not tells_order(one, other):
                raise BadCase(
                    f"expected sessions in the order of their numbers, to take the {wanted}, found "
                    f"{one} and {other} in {subject}, name one as cohort.bids.session"
                )
        return sessions[0 if wanted == "first" else -1]
    name = composed(f"ses-{wanted.removeprefix('ses-')}")
    if name not in sessions:
        raise BadCase(
            f"expected the session {name} in {subject}, found {', '.join(sessions)}, "
            "correct cohort.bids.session or remove the case's row"
        )
    return name
