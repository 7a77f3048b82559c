"""The cases of case_gallery and the viewer: selection, scans, truth and maps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.images import is_empty, read_image, read_mask
from glioma_uq.statistics.rank_tests import one_row_per_case
from glioma_uq.statistics.selected_cell import at_cell
from glioma_uq.tables import read_table
from glioma_uq.volumes import volume_path

MAPS = ("mean", "predictive", "aleatoric", "epistemic")
PREFERRED = ("t1ce", "flair")  # they show enhancing tumour and oedema best


@dataclass(frozen=True)
class GalleryCase:
    """One case: name, Dice and uncertainty (nats; NaN without), and Images on one grid.

    `scans` by modality (z-scores), `maps` by kind (probability, then nats), `truth` and
    `brain` masks; `truth` is None without a reference.
    """

    name: str
    dice: float
    uncertainty: float
    scans: dict
    maps: dict
    truth: object
    brain: object


def spread_over(segmentation, number):
    """Return at most `number` rows of a cell's table, spread evenly from least to most uncertain.

    Sorted by the mean predictive uncertainty of the predicted tumour, over seeds; cases
    without a predicted tumour come last.
    """
    cases = one_row_per_case(segmentation).sort_values(["tumour_predictive", "case"])
    places = np.linspace(0, len(cases) - 1, min(number, len(cases))).round().astype(int)
    return cases.iloc[places]


def shown_modalities(modalities, most=2):
    """Return at most `most` of the study's modalities, those that show a glioma best first."""
    preferred = [name for name in PREFERRED if name in modalities]
    return (preferred + [name for name in modalities if name not in preferred])[:most]


def read_gallery_cases(tables, selected, number, *, network, maps, mapped, volumes, modalities):
    """Return (at most `number` `GalleryCase`s, least uncertain first; their T; n of all).

    Args:
        tables: paths of the segmentation tables of all cells.
        selected: (rate, passes) of the selected cell.
        number: number of cases to show.
        network: name of the network.
        maps: folders of maps of all rates, folds and seeds.
        mapped: the T that have maps; the one nearest to the selected T is shown.
        volumes: path of the manifest of the normalised volumes.
        modalities: the study's.
    """
    rate, passes = selected[0], min(mapped, key=lambda t: abs(t - selected[1]))
    (table,) = map(read_table, at_cell(tables, network, rate, passes))
    of_rate = [folder for folder in maps if f"/dropout-{format_rate(rate)}/" in str(folder)]
    cases = [
        read_gallery_case(row, volumes=volumes, maps=of_rate, passes=passes,
                        modalities=shown_modalities(modalities))
        for row in spread_over(table, number).itertuples()
    ]  # fmt: skip
    return cases, passes, table["case"].nunique()


def read_gallery_case(row, *, volumes, maps, passes, modalities):
    """Return the `GalleryCase` of a row of a cell's segmentation table.

    Args:
        row: with case, dice and tumour_predictive.
        volumes: path of the manifest of the normalised volumes.
        maps: folders of maps, one for each fold and seed; the first with the case is used.
        passes: the T of the maps.
        modalities: names of the scans to read.
    """
    case = str(row.case)
    found = [Path(folder) / case / f"passes-{format_passes(passes)}" for folder in maps]
    found = [folder for folder in found if folder.is_dir()]
    if not found:
        raise BadInput(
            f"expected voxel maps of {case} at T = {passes}, found none; add {passes} to "
            "sampling.maps"
        )
    truth = volume_path(volumes, case, "segmentation")
    return GalleryCase(
        name=case,
        dice=row.dice,
        uncertainty=row.tumour_predictive,
        scans={name: read_image(volume_path(volumes, case, name)) for name in modalities},
        maps={kind: read_image(found[0] / f"{kind}.nii.gz") for kind in MAPS},
        truth=None if is_empty(truth) else read_mask(truth),
        brain=read_mask(volume_path(volumes, case, "brain_mask")),
    )


def through_tumour(case):
    """Return the voxel [3] whose three planes hold the most of the true tumour.

    Without a true tumour, the mean probability of tumour is used, which is never empty.
    """
    has_truth = case.truth is not None and case.truth.data.any()
    weight = (case.truth if has_truth else case.maps["mean"]).data
    axes = (1, 2), (0, 2), (0, 1)
    return [int(np.argmax(weight.sum(axis=others))) for others in axes]
