"""What a trained network makes of training cases: dead channels, and how large activations get.

Where a channel whose variance vanished in training fires after all, batch normalisation in
evaluation mode multiplies it by up to 1 / sqrt(epsilon), in training mode by what the batch asks.
"""

import copy
from contextlib import nullcontext

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from glioma_uq.layers.standardisation import RunningStandardisation
from glioma_uq.sampling.mc_dropout import active_dropout, has_dropout
from glioma_uq.seeds import seed_for

DEAD = 1e-6  # a channel with a smaller running variance is dead


def layers_of(network, kind):
    """Return the layers of a kind in a network."""
    return [module for module in network.modules() if isinstance(module, kind)]


def dead_share(network):
    """Return the share of batch-normalised channels that are dead; NaN without any channel."""
    variances = [norm.running_var for norm in layers_of(network, _BatchNorm)]
    return float((torch.cat(variances) < DEAD).float().mean()) if variances else float("nan")


def largest_outputs(layers, run):
    """Return the largest |output| of some layers, by name, while `run` runs; NaN without layers.

    Args:
        layers: {name: list of modules}.
        run: function without arguments.
    """
    largest = {name: 0.0 if modules else float("nan") for name, modules in layers.items()}
    hooks = []
    for name, modules in layers.items():

        def keep(module, inputs, output, name=name):
            largest[name] = float(np.maximum(largest[name], float(output.abs().max())))

        hooks += [module.register_forward_hook(keep) for module in modules]
    run()
    for hook in hooks:
        hook.remove()
    return largest


@torch.no_grad()
def activation_report(network, images, passes, seed):
    """Return how the normalised layers of a trained network behave on some cases, {name: float}.

    The cases are one batch, as in training. Dropout is active, with the same masks in both modes,
    where its rate is above 0. The network stays as it was.

    Args:
        network: a network of the registry.
        images: iterable of volumes (1, modalities, X, Y, Z) on the device of the network.
        passes: number of passes of each case.
        seed: integer, the source of the masks.

    Returns:
        dead_share: share of the batch-normalised channels with a running variance below 1e-6.
        largest_evaluation: largest |output| of batch normalisation by its running statistics.
        largest_feature: largest |standardised feature| before the heads, in evaluation mode.
        largest_training: largest |output| of batch normalisation by the statistics of the batch.
        Each is NaN for a network without such layers.
    """
    network, batch = copy.deepcopy(network).eval(), torch.cat(list(images))
    norms = layers_of(network, _BatchNorm)
    features = layers_of(network, RunningStandardisation)
    dead = dead_share(network)  # before training mode moves the statistics
    plain = nullcontext(lambda images, seeds: network(images))
    with active_dropout(network) if has_dropout(network) else plain as forward:

        def run():
            for t in range(passes):
                forward(
                    batch, [seed_for(seed, "activations", case, t) for case in range(len(batch))]
                )

        largest = largest_outputs({"largest_evaluation": norms, "largest_feature": features}, run)
        for norm in norms:
            norm.train()
        largest |= largest_outputs({"largest_training": norms}, run)
    return {"dead_share": dead, **largest}
