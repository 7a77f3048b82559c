"""Pieces that several networks are made of. Volumes are (B, C, X, Y, Z)."""

from itertools import accumulate

from monai.networks.layers.convutils import same_padding
from torch import nn
from torch.nn import functional


def convolved(channels_in, channels_out, kernel=3, stride=1, *, norm, activation=None, bias=False):
    """Return a convolution that keeps the size at stride 1, its normalisation and activation.

    Args:
        kernel: one odd size for all axes, or one for each of x, y, z.
        norm: makes the normalisation of so many channels.
        activation: class of the last layer, in place; None for no such layer.
    """
    padding = same_padding(kernel)
    layers = nn.Sequential(
        nn.Conv3d(channels_in, channels_out, kernel, stride, padding, bias=bias),
        norm(channels_out),
    )
    return layers.append(activation(inplace=True)) if activation else layers


def dropout(rate):
    """Return the layers that drop whole channels with probability `rate`: none at rate 0."""
    return [nn.Dropout3d(rate)] if rate > 0 else []


def add_dropout(blocks, rate):
    """Put dropout at the end of each of these sequences of layers."""
    for block in blocks:
        block.extend(dropout(rate))


def double(x):
    """Return volumes at twice the resolution, by trilinear interpolation."""
    return functional.interpolate(x, scale_factor=2, mode="trilinear")


def feature_maps(levels, x):
    """Return what each level of an encoder makes of the feature map before it, first of x."""
    return list(accumulate(levels, lambda before, level: level(before), initial=x))[1:]
