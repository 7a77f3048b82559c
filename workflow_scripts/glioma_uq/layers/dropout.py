"""Layers that drop whole channels, where a network has them at all."""

from torch import nn


def dropout(rate):
    """Return the layers that drop whole channels with probability `rate`: none at rate 0."""
    return [nn.Dropout3d(rate)] if rate > 0 else []


def add_dropout(blocks, rate):
    """Put dropout at the end of each of these sequences of layers."""
    for block in blocks:
        block.extend(dropout(rate))
