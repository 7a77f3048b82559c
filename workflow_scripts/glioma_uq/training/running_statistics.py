"""Running statistics of their own for inference with dropout inactive.

Those of training are statistics of what dropout leaves. Dropout of single elements and a global
maximum shift features by more than a standard deviation once dropout is inactive.
"""

import copy

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from glioma_uq.devices import autocast
from glioma_uq.layers.standardisation import RunningStandardisation
from glioma_uq.training.health import layers_of


@torch.no_grad()
def statistics_without_dropout(network, batches):
    """Return the buffers of a network, its running statistics estimated with dropout inactive.

    They are the mean of those of the batches: first of batch normalisation, which normalises by
    the batch meanwhile, as in training, then of the standardisation of what these statistics give.

    Args:
        network: a trained network; it stays as it was.
        batches: function without arguments -> iterable of volumes (B, modalities, X, Y, Z).

    Returns:
        dict of tensors, a part of the network's state dict.
    """
    network = copy.deepcopy(network).eval()
    for kind in (_BatchNorm, RunningStandardisation):
        layers = layers_of(network, kind)
        for layer in layers:
            layer.train()
        for number, images in enumerate(batches() if layers else (), 1):
            for layer in layers:
                layer.momentum = 1 / number
            with autocast(images.device):
                network(images)
        for layer in layers:
            layer.eval()
    return dict(network.named_buffers())
