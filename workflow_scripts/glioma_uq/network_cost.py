"""What a network costs: its parameters, and the multiplications of its convolutions.

Networks are built on torch's meta device, where tensors have shapes and no values: a count
takes neither memory nor time.
"""

import math
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from glioma_uq.networks import build_network, list_networks


class Cost(NamedTuple):
    """The cost of a network.

    Attributes:
        parameters: number of trained values.
        inference_parameters: those that logits need, without heads that only training has.
        macs: multiply-accumulates of all convolutions in one pass in evaluation mode.
    """

    parameters: int
    inference_parameters: int
    macs: int


def macs_of(layer, given, returned):
    """Return the multiply-accumulates of one call of a convolution, padding included.

    A convolution takes one kernel of inputs for each value that it returns, a transposed one
    gives one kernel of outputs for each value that it is given.
    """
    transposed = isinstance(layer, nn.ConvTranspose3d)
    values, channels = (given, layer.out_channels) if transposed else (returned, layer.in_channels)
    return values.numel() * channels // layer.groups * math.prod(layer.kernel_size)


@torch.no_grad()
def count_macs(network, images):
    """Return the multiply-accumulates of all 3D convolutions, transposed ones too, in one pass.

    The network is put into evaluation mode. Convolutions that are no layers of their own
    (torch.nn.functional) are not seen.
    """
    macs = []

    def count(layer, inputs, output):
        macs.append(macs_of(layer, inputs[0], output))

    layers = [m for m in network.modules() if isinstance(m, nn.Conv3d | nn.ConvTranspose3d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        network.eval()(images)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(macs)


def count_parameters(network):
    """Return the number of parameters in training, and of those that logits need."""
    everything = sum(p.numel() for p in network.parameters())
    at_inference = getattr(network, "inference_parameters", lambda: everything)
    return everything, at_inference()


def cost_of(name, shape=(128, 128, 128), modalities=4, **options):
    """Return the `Cost` of one pass of one case.

    Args:
        name, modalities, options: of the network, as `build_network` takes them.
        shape: (X, Y, Z) of the images.
    """
    with torch.device("meta"):
        network = build_network(name, modalities=modalities, **options)
        images = torch.empty(1, modalities, *shape)
        return Cost(*count_parameters(network), count_macs(network, images))


def cost_table(shape=(128, 128, 128)):
    """Return the costs of all networks with the defaults of their options, one row for each."""
    rows = {name: cost_of(name, shape)._asdict() for name in list_networks()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("network")
