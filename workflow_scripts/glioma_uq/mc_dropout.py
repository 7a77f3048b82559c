"""Monte Carlo dropout: keep dropout awake at test time and record how the samples disagree.

Sample t of a case is a function of (weights, case, seed, t) alone, so one run of T_max
passes gives every smaller T as a prefix, and neither the order of the cases nor a restart
changes a number. Sums are kept in float64 and updated in place: memory holds the network
and a few volumes, whatever the number of passes or cases.
"""

from contextlib import contextmanager
from typing import NamedTuple

import torch

from glioma_uq.devices import autocast, to_device
from glioma_uq.errors import BadInput
from glioma_uq.overlap import dice
from glioma_uq.seeds import seed_for
from glioma_uq.tasks import TASKS

KINDS = ("predictive", "aleatoric", "epistemic")


def draw_mask(module, shape, generators):
    """Return the factors of a dropout layer, 0 or 1/(1-p), one row for each generator.

    `shape` is that of the layer's input, (B, channels, ...): channel dropout draws one
    factor for each channel, element dropout one for each element.
    """
    by_channel = not isinstance(module, torch.nn.Dropout)
    one = (shape[1], *[1] * (len(shape) - 2)) if by_channel else shape[1:]
    kept = torch.stack([torch.rand(one, generator=g) >= module.p for g in generators])
    return kept.float() / (1 - module.p)


@contextmanager
def awake_dropout(network):
    """Put the network into evaluation mode with only its dropout layers awake.

    Yields a function (images, seeds) -> logits that passes image b of the batch through the
    network with the dropout masks of seed b: a sample depends on its own seed, whatever
    else is in the batch. Masks are drawn on the CPU, so every device gets the same.
    Batch normalisation keeps its running statistics. The network is restored on exit.

    Raises:
        BadInput: the network has no dropout layer with a rate above 0.
    """
    modes = {module: module.training for module in network.modules()}
    dropouts = [m for m in modes if isinstance(m, torch.nn.modules.dropout._DropoutNd)]
    if not any(module.p > 0 for module in dropouts):
        raise BadInput(
            "expected a network with dropout layers of a rate above 0 for Monte Carlo "
            f"dropout, found {len(dropouts)} dropout layers and none with such a rate: "
            "choose another network or rate."
        )
    generators = []

    def forward_of(module):
        return lambda x: x * draw_mask(module, x.shape, generators).to(x.device)

    @torch.no_grad()
    def forward(images, seeds):
        generators[:] = [torch.Generator().manual_seed(seed) for seed in seeds]
        with autocast(images.device):
            return network(images)

    network.eval()
    for module in dropouts:
        module.forward = forward_of(module)
    try:
        yield forward
    finally:
        for module in dropouts:
            del module.forward
        for module, mode in modes.items():
            module.training = mode


def draw_samples(awake, images, seeds):
    """Yield the probabilities by task of one stochastic pass for each seed, float32.

    Args:
        awake: what `awake_dropout` yields.
        images: (1, modalities, X, Y, Z), one case on the network's device.
        seeds: integers; they go through the network as one batch.

    Yields:
        dicts with `segmentation` (classes, X, Y, Z) and the subtyping tasks (classes,).
    """
    batch = images.expand(len(seeds), *images.shape[1:])
    logits = awake(batch.contiguous(memory_format=torch.channels_last_3d), seeds)
    probabilities = {task: torch.softmax(x.float(), dim=1) for task, x in logits.items()}
    for sample in range(len(seeds)):
        yield {task: values[sample] for task, values in probabilities.items()}


class VoxelUncertainty:
    """Running sums over the passes of one case, from which every T can be read.

    Predictive H(mean_t p_t), aleatoric mean_t H(p_t), epistemic their difference, in nats.
    """

    def __init__(self):
        self.passes, self.probability, self.entropy = 0, None, None

    def add(self, probability):
        """Take in one pass, (classes, X, Y, Z)."""
        probability = probability.double()
        entropy = torch.special.entr(probability).sum(0)
        if self.passes == 0:
            self.probability, self.entropy = probability.clone(), entropy
        else:
            self.probability += probability
            self.entropy += entropy
        self.passes += 1

    def mean(self):
        """Return the mean probabilities, (classes, X, Y, Z)."""
        return self.probability / self.passes

    def maps(self):
        """Return the predictive, aleatoric and epistemic maps, each (X, Y, Z), >= 0.

        The epistemic map is clipped at 0, below which only rounding can bring it.
        """
        predictive = torch.special.entr(self.mean()).sum(0)
        aleatoric = self.entropy / self.passes
        return dict(
            zip(KINDS, (predictive, aleatoric, (predictive - aleatoric).clamp_min(0)), strict=True)
        )


class Sampled(NamedTuple):
    """The rows that the passes of one case leave for the tables."""

    probabilities: list
    segmentation: list


def region_means(maps, regions):
    """Return the mean of each map in each region as {region_kind: value}; NaN where empty."""
    return {
        f"{name}_{kind}": float(values[region].mean())
        for name, region in regions.items()
        for kind, values in maps.items()
    }


def summarise(sums, case, brain):
    """Return one row of the segmentation table: what T passes say of one case."""
    predicted = sums.mean().argmax(0) > 0
    row = {"case": case.name, "passes": sums.passes}
    row["dice"] = float("nan")
    row["tumour_volume_mm3"] = float("nan")
    if case.tumour is not None:
        tumour = case.tumour[0].to(predicted.device) > 0
        row["dice"] = dice(predicted, tumour)
        row["tumour_volume_mm3"] = float(tumour.sum()) * case.voxel_volume_mm3
    row["predicted_volume_mm3"] = float(predicted.sum()) * case.voxel_volume_mm3
    row |= region_means(sums.maps(), {"brain": brain, "tumour": predicted})
    row["tumour_reason"] = "" if predicted.any() else "the predicted tumour is empty"
    return row


def sample_case(awake, case, passes, seed, device, batch_size):
    """Draw max(passes) samples of one case.

    Args:
        awake: what `awake_dropout` yields for a network on `device`.
        case: a `Case`.
        passes: the numbers of passes T at which the segmentation is summarised, ascending.
        seed: integer; pass t uses `seed_for(seed, case.name, t)`.
        device: torch device.
        batch_size: how many passes go through the network at once. Batches are always full,
            so that a larger number of passes repeats the smaller one's samples to the last bit.

    Returns:
        `Sampled`: `probabilities`, one row (dict) for each pass with the class probabilities
        of each subtyping task, and `segmentation`, one row for each T of `passes`.
    """
    images, brain = to_device(case.images[None], device), case.brain.to(device)
    sums, sampled = VoxelUncertainty(), Sampled([], [])
    for start in range(1, max(passes) + 1, batch_size):
        numbers = range(start, start + batch_size)
        seeds = [seed_for(seed, case.name, number) for number in numbers]
        for number, sample in zip(numbers, draw_samples(awake, images, seeds), strict=True):
            if number <= max(passes):
                sums.add(sample["segmentation"])
                sampled.probabilities.append(subtype_row(case, number, sample))
            if number in passes:
                sampled.segmentation.append(summarise(sums, case, brain))
    return sampled


def subtype_row(case, number, sample):
    """Return one row of the probability table: what one pass says of one case."""
    row = {"case": case.name, "pass": number}
    for task, classes in TASKS.items():
        values = sample[task].tolist()
        row |= {f"{task}_{label}": p for label, p in zip(classes, values, strict=True)}
    return row
