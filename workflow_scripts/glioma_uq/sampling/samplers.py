"""The samplers: Monte Carlo dropout, and the methods that it is compared with.

Every sampler draws sample t of a case as a function of (weights, case, seed, t) alone and
returns probabilities by task, so that all share the same sums, tables and measures.
"""

import math
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np
import torch

from glioma_uq.devices import autocast
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.seeds import seed_for


class Sampler(NamedTuple):
    """Draws the samples of a case.

    Attributes:
        draw: function (images (1, modalities, X, Y, Z), name of the case, numbers of the
            passes) -> list of dicts, one for each pass, with the float32 probabilities of
            `segmentation` (classes, X, Y, Z) and of the subtyping tasks (classes,).
        distinct: how many different samples there are; a larger T uses only these.
        members: number of networks whose disagreement is separated from that of their own
            samples; pass t is from member (t - 1) mod `members`. Otherwise 1.
        independent: whether the samples are independent draws from one distribution.
        reconstruction_error: function images -> the networks' mean reconstruction error
            with dropout inactive, MSE / variance; None for networks without reconstruction.
    """

    draw: Callable
    distinct: float = math.inf
    members: int = 1
    independent: bool = False
    reconstruction_error: Callable | None = None


def probabilities_of(logits):
    """Return the probabilities by task of each pass of a batch, as a list of dicts."""
    of_batch = {task: torch.softmax(x.float(), dim=1) for task, x in logits.items()}
    size = len(next(iter(of_batch.values())))
    return [{task: p[sample] for task, p in of_batch.items()} for sample in range(size)]


def repeat(images, times):
    """Return one case `times` times as a batch, channels last."""
    batch = images.expand(times, *images.shape[1:])
    return batch.contiguous(memory_format=torch.channels_last_3d)


@torch.no_grad()
def predict_deterministic(network, images):
    """Return the probabilities of one pass with dropout inactive."""
    network.eval()
    with autocast(images.device):
        return probabilities_of(network(images))[0]


@contextmanager
def mc_dropout(networks, seed):
    """One network with dropout active; the masks of pass t depend on (seed, case, t)."""
    (network,) = networks
    with active_dropout(network) as forward:

        def draw(images, case, numbers):
            seeds = [seed_for(seed, case, number) for number in numbers]
            return probabilities_of(forward(repeat(images, len(seeds)), seeds))

        yield Sampler(draw, independent=True)


@contextmanager
def deep_ensemble(networks, seed):
    """Networks trained with different seeds (or only one), dropout inactive: a sample of each."""

    def draw(images, case, numbers):
        return [predict_deterministic(networks[number - 1], images) for number in numbers]

    yield Sampler(draw, distinct=len(networks))


@contextmanager
def mc_dropout_ensemble(networks, seed):
    """Networks trained with different seeds, dropout active: samples from each in turn."""
    with ExitStack() as stack:
        members = [stack.enter_context(active_dropout(network)) for network in networks]

        def draw_one(batch, case, number):
            forward = members[(number - 1) % len(members)]
            return probabilities_of(forward(batch, [seed_for(seed, case, number)]))[0]

        def draw(images, case, numbers):
            batch = repeat(images, 1)
            return [draw_one(batch, case, number) for number in numbers]

        yield Sampler(draw, members=len(networks))


SPACE = (-3, -2, -1)  # axes x, y, z of a volume (..., X, Y, Z)
ORIENTATIONS = [
    (axes, flips)
    for axes in permutations(range(3))
    for number in range(4)
    for flips in combinations(range(3), number)
]


def orient(volume, axes, flips):
    """Return a volume (..., X, Y, Z) with its axes in the order `axes`, then flipped."""
    return volume.movedim([axis - 3 for axis in axes], SPACE).flip([axis - 3 for axis in flips])


def orient_back(volume, axes, flips):
    """Undo `orient`."""
    return volume.flip([axis - 3 for axis in flips]).movedim(SPACE, [axis - 3 for axis in axes])


@contextmanager
def test_time_augmentation(networks, seed):
    """One network, dropout inactive, on up to 48 orientations of the case: flips and 90° rotations.

    They are the symmetries of the cube, in a random order of the case's own. The maps are oriented
    back before they are averaged.
    """
    (network,) = networks

    def predict_oriented(images, axes, flips):
        oriented = orient(images, axes, flips).contiguous(memory_format=torch.channels_last_3d)
        sample = predict_deterministic(network, oriented)
        if "segmentation" in sample:
            sample["segmentation"] = orient_back(sample["segmentation"], axes, flips)
        return sample

    def draw(images, case, numbers):
        rng = np.random.default_rng(seed_for(seed, case))
        order = [0, *(1 + rng.permutation(len(ORIENTATIONS) - 1))]  # the original first
        return [predict_oriented(images, *ORIENTATIONS[order[n - 1]]) for n in numbers]

    yield Sampler(draw, distinct=len(ORIENTATIONS))


SAMPLERS = {
    "mc-dropout": mc_dropout,
    "deterministic": deep_ensemble,
    "deep-ensemble": deep_ensemble,
    "mc-dropout-ensemble": mc_dropout_ensemble,
    "test-time-augmentation": test_time_augmentation,
}


def reconstruction_error_of(networks):
    """Return the function images (1, modalities, X, Y, Z) -> mean error, or None, see `Sampler`."""
    if not all(hasattr(network, "reconstruction_error") for network in networks):
        return None

    @torch.no_grad()
    def error(images):
        with autocast(images.device):
            errors = [network.eval().reconstruction_error(images) for network in networks]
        return float(torch.cat(errors).double().mean())

    return error


@contextmanager
def open_sampler(name, networks, seed):
    """Yield a sampler: `with open_sampler(...) as sampler`.

    Args:
        name: one of `SAMPLERS`.
        networks: trained networks on their device, one unless the sampler is an ensemble.
        seed: integer, the source of all randomness.
    """
    with SAMPLERS[name](networks, seed) as sampler:
        yield sampler._replace(reconstruction_error=reconstruction_error_of(networks))
