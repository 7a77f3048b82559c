"""What is kept of the samples of one case for the tables, at every number of passes T.

One run of T_max passes gives every T: the cells of a study are prefixes of one sequence of
samples. Memory holds the network and a few volumes, for any number of passes or cases.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from glioma_uq.devices import to_device
from glioma_uq.errors import BadInput
from glioma_uq.overlap.masks import dice, hd95
from glioma_uq.regions import REGIONS, find_regions, missed_mass, region_means
from glioma_uq.sampling.voxel_histograms import case_histograms
from glioma_uq.sampling.voxel_uncertainty import VoxelUncertainty, is_tumour
from glioma_uq.subregions import CLASSES
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

NOT_SEGMENTED = "the network does not segment"


@dataclass
class Record:
    """What is kept of the passes of one case so far.

    Attributes:
        probabilities: a row (dict) for each pass with the probabilities of the subtyping tasks.
        segmentation: a row for each T.
        histograms: if requested, the voxels of each T counted by probability, a list of
            dicts, see `voxel_histograms.case_histograms`.
        maps: by T, {mean, predictive, aleatoric, epistemic: (X, Y, Z) float32}, and for a
            network that segments subregions {labels: (X, Y, Z) uint8}.
        sums: the `VoxelUncertainty` to continue from, if known.
    """

    probabilities: list = field(default_factory=list)
    segmentation: list = field(default_factory=list)
    histograms: list = field(default_factory=list)
    maps: dict = field(default_factory=dict)
    sums: VoxelUncertainty | None = None

    @property
    def passes(self):
        """How many passes have been drawn."""
        return len(self.probabilities)

    def missing(self, passes, mapped=()):
        """Return those T of `passes` that have no row yet, and of `mapped` that have no maps."""
        done = {row["passes"] for row in self.segmentation}
        return [t for t in passes if t not in done or (t in mapped and t not in self.maps)]

    def only(self, passes, mapped):
        """Return the record of these T alone, without the sums."""
        return Record(
            [row for row in self.probabilities if row["pass"] <= max(passes)],
            [row for row in self.segmentation if row["passes"] in passes],
            [row for row in self.histograms if row["passes"] in passes],
            {t: self.maps[t] for t in mapped if t in passes},
        )


def sample_case(sampler, case, passes, device, batch_size, mapped=(), record=None, extras=()):
    """Draw the samples of one case that `passes` need.

    Args:
        sampler: an open `Sampler`.
        case: a `Case`.
        passes: numbers of passes T, ascending. Each takes the first T samples, or all that
            samples of the sampler if it has fewer.
        device: torch device of the sampler's networks.
        batch_size: how many passes go through the network at once. Batches are always full
            and start at the same passes, so that more passes, or a continued run, give
            bit-identical samples.
        mapped: those T whose voxel maps are kept.
        record: the `Record` of earlier passes to continue from, with its sums.
        extras: optional measures: "hd95", "histograms".

    Returns:
        the `Record`, with rows for all of `passes`.
    """
    record = record or Record()
    record.sums = record.sums or VoxelUncertainty(sampler.members)
    images = to_device(case.images[None], device)
    last = min(max(passes), sampler.distinct)
    first = record.passes - record.passes % batch_size + 1
    for start in range(first, last + 1, batch_size):
        numbers = range(start, int(min(start + batch_size, sampler.distinct + 1)))
        samples = sampler.draw(images, case.name, numbers)
        for number, sample in zip(numbers, samples, strict=True):
            if record.passes < number <= last:
                add_pass(record, case, sample, sampler.members)
                for t in record.missing(passes, mapped):
                    if min(t, sampler.distinct) == number:
                        summarise_passes(record, case, t, t in mapped, extras)
    if sampler.reconstruction_error:
        error = sampler.reconstruction_error(images)
        for row in record.segmentation:
            row["reconstruction_error"] = error
    return record


def add_pass(record, case, sample, members):
    """Add one pass to the sums and to the rows of `record`."""
    row = {"case": case.name, "pass": record.passes + 1}
    if members > 1:
        row["member"] = record.passes % members + 1
    for task in TASKS:
        if task in sample:
            values = sample[task].tolist()
            row |= {f"{task}_{label}": p for label, p in zip(TASKS[task], values, strict=True)}
    volume = float("nan")
    if "segmentation" in sample:
        record.sums.add(sample["segmentation"])
        volume = float(is_tumour(sample["segmentation"]).sum()) * case.voxel_volume_mm3
    record.probabilities.append(row | {"predicted_volume_mm3": volume})


def volume_variation(volumes):
    """Return standard deviation / mean of the tumour volumes; NaN for one sample or if all 0."""
    if len(volumes) < 2 or np.mean(volumes) == 0:
        return float("nan")
    return float(np.std(volumes, ddof=1) / np.mean(volumes))


def summarise_passes(record, case, passes, keep_maps, extras=()):
    """Add the row of one T to `record`, and with `keep_maps` its maps."""
    if record.sums.passes == 0:
        if keep_maps:
            raise BadInput(
                "expected a network that segments for sampling.maps, found none: leave it empty."
            )
        record.segmentation.append(row_without_segmentation(case, passes, extras))
        return
    mean = record.sums.mean().cpu()
    maps, clipped = record.sums.maps()
    maps = {kind: values.cpu() for kind, values in maps.items()}
    row = {"case": case.name, "passes": passes}
    described, histograms = describe_segmentation(mean, maps, case, extras)
    row |= described
    record.histograms += [{"case": case.name, "passes": passes, **h} for h in histograms]
    volumes = [row["predicted_volume_mm3"] for row in record.probabilities]
    row["pairwise_dice"] = record.sums.pairwise_dice()
    row["volume_variation"] = volume_variation(volumes)
    row["epistemic_clipped"] = clipped
    record.segmentation.append(row)
    if keep_maps:
        kept = {"mean": mean[1:].sum(0)} | maps
        record.maps[passes] = {kind: values.float() for kind, values in kept.items()}
        if len(mean) == CLASSES["subregions"]:
            record.maps[passes]["labels"] = mean.argmax(0).to(torch.uint8)


def describe_segmentation(mean, maps, case, extras=()):
    """Return (row, histograms) of a case from mean probabilities (classes, X, Y, Z) and maps.

    The row is a dict; the histograms are those of `case_histograms`, none without a reference.
    """
    predicted = is_tumour(mean)
    row, histograms = agreement(predicted, case, extras), []
    row["predicted_volume_mm3"] = float(predicted.sum()) * case.voxel_volume_mm3
    masks = predicted.numpy(), case.brain.numpy()
    regions = find_regions(*masks, maps["predictive"].numpy(), case.voxel_sizes_mm)
    if "histograms" in extras and case.tumour is not None:
        histograms = case_histograms(mean[1:].sum(0).numpy(), case.tumour[0].numpy() > 0, regions)
    row |= region_means(maps, regions)
    return row | missed_mass(mean[1:].sum(0), regions, case.voxel_volume_mm3), histograms


def agreement(predicted, case, extras=()):
    """Return Dice, the reference's volume and, if in `extras`, HD95; NaN without a reference."""
    row = {"dice": float("nan")} | ({"hd95_mm": float("nan")} if "hd95" in extras else {})
    row["tumour_volume_mm3"] = float("nan")
    if case.tumour is not None:
        tumour = case.tumour[0] > 0
        row["dice"] = dice(predicted, tumour)
        row["tumour_volume_mm3"] = float(tumour.sum()) * case.voxel_volume_mm3
        if "hd95" in extras:
            row["hd95_mm"] = hd95(predicted.numpy(), tumour.numpy(), case.voxel_sizes_mm)
    return row


def row_without_segmentation(case, passes, extras=()):
    """Return the row of a network that only classifies: NaNs, and the reason why."""
    distance = ["hd95_mm"] if "hd95" in extras else []
    volumes = ["dice", *distance, "tumour_volume_mm3", "predicted_volume_mm3"]
    row = {"case": case.name, "passes": passes} | dict.fromkeys(volumes, float("nan"))
    for region in REGIONS:
        row |= {f"{region}_{kind}": float("nan") for kind in UNCERTAINTY_COMPONENTS}
        row[f"{region}_reason"] = NOT_SEGMENTED
    rest = ("rim_mass_mm3", "outside_mass_mm3", "pairwise_dice", "volume_variation")
    return row | dict.fromkeys(rest, float("nan")) | {"epistemic_clipped": 0}
