"""The cases of the gallery of tumour parts: scans, the true parts and those of each network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.images import read_image, read_mask
from glioma_uq.parts import PARTS
from glioma_uq.statistics.overlap_groups import et_volumes

SCANS = ("flair", "t1ce", "t1")  # the paper's columns


@dataclass(frozen=True)
class ShownParts:
    """One case: name, volume of enhancing tumour (ET) in ml, and Images on one grid.

    `scans` by modality (z-scores), `truth` canonical labels, `predicted` labels by network,
    `dice` of ET by network, `brain` a mask.
    """

    name: str
    et_ml: float
    scans: dict
    truth: object
    predicted: dict
    dice: dict
    brain: object


def spread_over_sizes(overlap, number):
    """Return {case: volume of ET in mm3} of at most `number` cases that have some.

    They are spread evenly in the order of that volume, the smallest first.
    """
    volume = et_volumes(overlap).sort_index()
    volume = volume[volume > 0].sort_values(kind="stable")
    places = np.linspace(0, len(volume) - 1, min(number, len(volume))).round().astype(int)
    return volume.iloc[places].to_dict()


def read_shown_parts(tables, number, *, maps, rate, passes, volumes, modalities):
    """Return (at most `number` `ShownParts`, smallest ET first; how many cases have ET).

    Args:
        tables: {network: its cell's table of overlap}, all of the same cases.
        number: how many cases to show.
        maps: folders of maps of all networks, rates and folds, of one seed each.
        rate, passes: of the cell.
        volumes: folder with a folder of normalised images for each case.
        modalities: the study's; of them `SCANS` are shown.
    """
    first = next(iter(tables.values()))
    cases = [
        read_case(case, volume / 1000, tables, maps=maps, rate=rate, passes=passes,
                  volumes=volumes, scans=[name for name in SCANS if name in modalities])
        for case, volume in spread_over_sizes(first, number).items()
    ]  # fmt: skip
    return cases, int((et_volumes(first) > 0).sum())


def read_case(case, et_ml, tables, *, maps, rate, passes, volumes, scans):
    """Return the `ShownParts` of one case."""
    here = Path(volumes) / case
    found = {network: find_labels(maps, network, rate, passes, case) for network in tables}
    return ShownParts(
        name=case,
        et_ml=et_ml,
        scans={name: read_image(here / f"{name}.nii.gz") for name in scans},
        truth=read_image(here / "segmentation.nii.gz", np.uint8),
        predicted={network: read_image(path, np.uint8) for network, (path, _) in found.items()},
        dice={
            network: dice_of(tables[network], case, seed) for network, (_, seed) in found.items()
        },
        brain=read_mask(here / "brain_mask.nii.gz"),
    )


def find_labels(maps, network, rate, passes, case):
    """Return (path of the predicted labels of a case, name of the seed that they are of)."""
    for folder in map(Path, maps):
        *_, of, dropout, _fold, seed, _samples, _maps = folder.parts
        path = folder / case / f"passes-{format_passes(passes)}" / "labels.nii.gz"
        if (of, dropout) == (network, f"dropout-{format_rate(rate)}") and path.is_file():
            return path, seed.removeprefix("seed-")
    raise BadInput(
        f"expected labels of {case} by {network} at T = {passes}, found none; add {passes} to "
        "sampling.maps"
    )


def dice_of(overlap, case, seed):
    """Return the Dice of ET of one case and seed, without a rule."""
    mine = (overlap["region"] == "et") & (overlap["rule"] == "none") & (overlap["case"] == case)
    return float(overlap.loc[mine & (overlap["seed"].astype(str) == seed), "dice"].iloc[0])


def through_enhancing(truth):
    """Return the number of the axial slice that holds most of the true enhancing tumour."""
    return int(np.argmax((truth.data == PARTS["enhancing"]).sum(axis=(0, 1))))
