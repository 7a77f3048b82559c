"""Monte Carlo dropout: activate the dropout layers, and no others, at test time.

The masks of a pass depend on its seed only, so a sample is a function of (weights, case, seed)
alone, independent of the rest of the batch and of earlier passes.
"""

from contextlib import contextmanager
from functools import partial, reduce

import torch

from glioma_uq.devices import autocast
from glioma_uq.errors import BadInput


def draw_mask(module, shape, generators):
    """Return the factors of a dropout layer, 0 or 1/(1-p), one row for each generator.

    `shape` is that of the layer's input, (B, channels, ...): channel dropout draws one
    factor for each channel, element dropout one for each element.
    """
    by_channel = not isinstance(module, torch.nn.Dropout)
    one = (shape[1], *[1] * (len(shape) - 2)) if by_channel else shape[1:]
    kept = torch.stack([torch.rand(one, generator=g) >= module.p for g in generators])
    return kept.float() / (1 - module.p)


def has_dropout(network):
    """Return whether a network has a dropout layer of a rate above 0."""
    layers = (m for m in network.modules() if isinstance(m, torch.nn.modules.dropout._DropoutNd))
    return any(layer.p > 0 for layer in layers)


@contextmanager
def active_dropout(network):
    """Put the network into evaluation mode with dropout active.

    Yields a function (images, seeds) -> logits that passes image b of the batch through the
    network with the dropout masks of seed b, independent of the rest of the batch. Masks are
    drawn on the CPU, so they are the same on every device.
    Batch normalisation uses its running statistics. The network is restored on exit.
    If the network has special `passes` (see `acceleration`), they are the function.

    Raises:
        BadInput: the network has no dropout layer with a rate above 0.
    """
    modes = {module: module.training for module in network.modules()}
    dropouts = [m for m in modes if isinstance(m, torch.nn.modules.dropout._DropoutNd)]
    if not has_dropout(network):
        raise BadInput(
            "expected a network with dropout layers of a rate above 0 for Monte Carlo "
            f"dropout, found {len(dropouts)} dropout layers and none with such a rate: "
            "choose another network or rate."
        )
    generators = []

    def drop(module, x):
        if not generators:  # outside of a pass, as in the reconstruction error
            return x
        return x * draw_mask(module, x.shape, generators).to(x.device)

    @torch.no_grad()
    def forward(images, seeds):
        generators[:] = [torch.Generator().manual_seed(seed) for seed in seeds]
        with autocast(images.device):
            logits = network(images)
        generators.clear()
        return logits

    network.eval()
    for module in dropouts:
        module.forward = partial(drop, module)
    try:
        yield getattr(network, "passes", forward)
    finally:
        for module in dropouts:
            del module.forward
        for module, mode in modes.items():
            module.training = mode


def mean_of_passes(passes):
    """Return the logarithm of the mean probabilities of some passes, which is logits again.

    Args:
        passes: iterable of logits by task, each (B, classes, ...).
    """

    def add(sums, logits):
        return {task: torch.logaddexp(sums[task], x) for task, x in logits.items()}

    logs = ({task: x.float().log_softmax(1) for task, x in logits.items()} for logits in passes)
    sums = reduce(add, logs)
    return {task: x - x.logsumexp(1, keepdim=True) for task, x in sums.items()}
