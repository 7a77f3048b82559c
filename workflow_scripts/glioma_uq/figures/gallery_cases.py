"""The cases of galleries and of the viewer: selection, scans, truth and maps."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.images import read_image, read_mask, read_tumour
from glioma_uq.statistics.rank_tests import one_row_per_case
from glioma_uq.statistics.selected_cell import at_cell
from glioma_uq.tables import read_table
from glioma_uq.volumes import Manifest

MAPS = ("mean", "predictive", "aleatoric", "epistemic")
PREFERRED = ("t1ce", "flair")  # they show enhancing tumour and oedema best


@dataclass(frozen=True)
class CaseImages:
    """The Images of one case on one grid.

    `scans` by modality (z-scores), `maps` by kind (probability, then nats) or labels by network,
    `truth` a mask or labels, None without a reference, `brain` a mask, `imputed` the modalities
    that the case lacks, whose scans are zeros.
    """

    name: str
    scans: dict
    maps: dict
    truth: object
    brain: object
    imputed: list = field(default_factory=list, kw_only=True)


@dataclass(frozen=True)
class GalleryCase(CaseImages):
    """One case with the predicted mask, and its Dice and uncertainty (nats), NaN without."""

    predicted: object
    dice: float
    uncertainty: float


def spread_over(segmentation, number):
    """Return at most `number` rows of a cell's table, spread evenly from least to most uncertain.

    Sorted by the mean predictive uncertainty of the predicted tumour, over seeds; cases
    without a predicted tumour come last.
    """
    cases = one_row_per_case(segmentation).sort_values(["tumour_predictive", "case"])
    return spread(cases, number)


def spread(table, number):
    """Return at most `number` rows of a table or series, spread evenly from first to last."""
    places = np.linspace(0, len(table) - 1, min(number, len(table))).round().astype(int)
    return table.iloc[places]


def shown_modalities(modalities, most=2):
    """Return at most `most` of the study's modalities, those that show a glioma best first."""
    preferred = [name for name in PREFERRED if name in modalities]
    return (preferred + [name for name in modalities if name not in preferred])[:most]


def read_gallery_cases(tables, selected, number, *, network, maps, mapped, volumes, modalities):
    """Return (at most `number` `GalleryCase`s, least uncertain first; their T; n of all).

    Args:
        tables: paths of the segmentation tables of all cells.
        selected: (rate, passes) of the selected cell.
        maps: folders of maps of all rates, folds and seeds.
        mapped: the T that have maps; the one nearest to the selected T is shown.
        volumes: path of the manifest of the normalised volumes.
    """
    rate, passes = selected[0], min(mapped, key=lambda t: abs(t - selected[1]))
    (table,) = map(read_table, at_cell(tables, network, rate, passes))
    manifest, cases = Manifest(volumes), []
    for row in spread_over(table, number).itertuples():
        case = str(row.case)
        folder = find_maps(maps, network, rate, passes, case)
        known = manifest.has(case, "segmentation")
        cases.append(
            GalleryCase(
                name=case,
                dice=row.dice,
                uncertainty=row.tumour_predictive,
                predicted=read_tumour(folder / "labels.nii.gz"),
                maps={kind: read_image(folder / f"{kind}.nii.gz") for kind in MAPS},
                truth=read_tumour(manifest.file(case, "segmentation")) if known else None,
                **read_scans(manifest, case, shown_modalities(modalities)),
            )
        )
    return cases, passes, table["case"].nunique()


def read_scans(manifest, case, modalities):
    """Return the `scans`, the `brain` and what is `imputed` of a case of a `Manifest`."""
    scans = {name: read_image(manifest.file(case, name)) for name in modalities}
    brain = read_mask(manifest.file(case, "brain_mask"))
    return {"scans": scans, "brain": brain, "imputed": manifest.imputed(case)}


def find_maps(maps, network, rate, passes, case):
    """Return the folder of a case's maps, the first in the folders `maps` of all networks."""
    for folder in maps:
        found = Path(folder) / case / f"passes-{format_passes(passes)}"
        if f"/{network}/dropout-{format_rate(rate)}/" in str(folder) and found.is_dir():
            return found
    raise BadInput(
        f"expected voxel maps of {case} by {network} at T = {passes}, found none; add {passes} to "
        "sampling.maps"
    )


def through_tumour(case):
    """Return the voxel [3] whose three planes hold the most of the true tumour.

    Without a true tumour, the mean probability of tumour in the brain is used, which is never 0.
    """
    has_truth = case.truth is not None and case.truth.data.any()
    weight = case.truth.data if has_truth else case.maps["mean"].data * (case.brain.data > 0)
    axes = (1, 2), (0, 2), (0, 1)
    return [int(np.argmax(weight.sum(axis=others))) for others in axes]
