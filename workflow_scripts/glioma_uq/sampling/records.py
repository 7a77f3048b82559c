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
from glioma_uq.subregions import TUMOUR, in_region
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import CORRECTED, UNCERTAINTY_COMPONENTS


@dataclass
class Record:
    """What is kept of the passes of one case so far."""

    # A row (dict) for each pass with the probabilities of the subtyping tasks, and for each T.
    probabilities: list = field(default_factory=list)
    segmentation: list = field(default_factory=list)
    # On request, the voxels of each T by probability: dicts of `voxel_histograms.case_histograms`.
    histograms: list = field(default_factory=list)
    # By T, {mean, predictive, aleatoric, epistemic: (X, Y, Z) float32} and {labels: (X, Y, Z)
    # uint8}, the class of the largest mean probability: the prediction that all measures judge.
    maps: dict = field(default_factory=dict)
    sums: VoxelUncertainty | None = None  # to continue from, if known

    @property
    def passes(self):
        """How many passes have been drawn."""
        return len(self.probabilities)

    def missing(self, passes, mapped):
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


def sample_case(sampler, case, passes, plan, mapped, record):
    """Draw the samples of one case that `passes` need.

    Args:
        sampler: an open `Sampler`.
        passes: numbers of passes T, ascending. Each takes the first T samples, or all
            samples of a sampler that has fewer.
        plan: the `case_files.Plan`, of which device, batch size and extras are read.
        mapped: those T whose voxel maps are kept.
        record: an empty `Record`, or that of earlier passes with its sums, to continue from.

    Returns:
        the `Record`, with rows for all of `passes`.
    """
    record.sums = record.sums or VoxelUncertainty(sampler.members, sampler.independent)
    images = to_device(case.images[None], plan.device)
    last = min(max(passes), sampler.distinct)
    # Batches are always full and start at the same passes, so that more passes, or a continued
    # run, give bit-identical samples.
    first = record.passes - record.passes % plan.batch_size + 1
    for start in range(first, last + 1, plan.batch_size):
        numbers = range(start, int(min(start + plan.batch_size, sampler.distinct + 1)))
        samples = sampler.draw(images, case.name, numbers)
        for number, sample in zip(numbers, samples, strict=True):
            if record.passes < number <= last:
                add_pass(record, case, sample, sampler.members)
                for t in record.missing(passes, mapped):
                    if min(t, sampler.distinct) == number:
                        summarise_passes(record, case, t, t in mapped, plan.extras)
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


def summarise_passes(record, case, passes, keep_maps, extras):
    """Add the row of one T to `record`, its histograms and, with `keep_maps`, its maps."""
    if record.sums.passes == 0:
        if keep_maps:
            raise BadInput(
                "expected a network that segments for sampling.maps, found none: leave it empty."
            )
        row = row_without_segmentation(case, passes, extras, record.sums.independent)
        record.segmentation.append(row)
        return
    mean = record.sums.mean().cpu()
    maps, clipped = record.sums.maps()
    corrected = {kind: x.cpu() for kind, x in record.sums.corrected(maps).items()}
    maps = {kind: values.cpu() for kind, values in maps.items()}
    predicted, tumour_probability = is_tumour(mean), mean[TUMOUR].sum(0)
    masks = predicted.numpy(), case.brain.numpy()
    regions = find_regions(*masks, maps["predictive"].numpy(), case.voxel_sizes_mm)
    name = {"case": case.name, "passes": passes}
    row = name | agreement(predicted, case, extras)
    row["predicted_volume_mm3"] = float(predicted.sum()) * case.voxel_volume_mm3
    row |= region_means(maps | corrected, regions)
    row |= missed_mass(tumour_probability, regions, case.voxel_volume_mm3)
    row["background_probability"] = background_probability(tumour_probability, case.tumour)
    row["pairwise_dice"] = record.sums.pairwise_dice()
    volumes = [drawn["predicted_volume_mm3"] for drawn in record.probabilities]
    row["volume_variation"] = volume_variation(volumes)
    row["epistemic_clipped"] = clipped
    record.segmentation.append(row)
    if "histograms" in extras and case.tumour is not None:
        reference = in_region(case.tumour[0], "wt").numpy()
        histograms = case_histograms(tumour_probability.numpy(), masks[0], reference, regions)
        record.histograms += [name | histogram for histogram in histograms]
    if keep_maps:
        kept = {"mean": tumour_probability} | maps
        record.maps[passes] = {kind: values.float() for kind, values in kept.items()}
        record.maps[passes]["labels"] = mean.argmax(0).to(torch.uint8)


def no_agreement(extras):
    """Return the columns of `agreement` without numbers."""
    distance = ["hd95_mm"] if "hd95" in extras else []
    return dict.fromkeys(["dice", *distance, "tumour_volume_mm3"], float("nan"))


def agreement(predicted, case, extras):
    """Return Dice, the reference's volume and, if in `extras`, HD95; NaN without a reference."""
    row = no_agreement(extras)
    if case.tumour is not None:
        tumour = in_region(case.tumour[0], "wt")
        row["dice"] = dice(predicted, tumour)
        row["tumour_volume_mm3"] = case.tumour_volume_mm3
        if "hd95" in extras:
            row["hd95_mm"] = hd95(predicted.numpy(), tumour.numpy(), case.voxel_sizes_mm)
    return row


def background_probability(tumour_probability, tumour):
    """Return the mean tumour probability (X, Y, Z) of all voxels outside the reference `tumour`.

    In the brain and around it, since both were trained as background; NaN without a reference.
    """
    if tumour is None:
        return float("nan")
    return float(tumour_probability[~in_region(tumour[0], "wt")].mean())


def row_without_segmentation(case, passes, extras, independent):
    """Return the row of a network that only classifies: NaNs, and the reason why."""
    row = {"case": case.name, "passes": passes} | no_agreement(extras)
    row["predicted_volume_mm3"] = float("nan")
    kinds = (*UNCERTAINTY_COMPONENTS, *(CORRECTED if independent else ()))
    for region in REGIONS:
        row |= {f"{region}_{kind}": float("nan") for kind in kinds}
        row[f"{region}_reason"] = "the network does not segment"
    rest = ("rim_mass_mm3", "outside_mass_mm3", "background_probability", "pairwise_dice",
            "volume_variation")  # fmt: skip
    return row | dict.fromkeys(rest, float("nan")) | {"epistemic_clipped": 0}
