"""Faster versions of trained networks, equal to the originals up to rounding.

Layers are replaced in any network. A network that drops whole channels may also have special
passes for Monte Carlo dropout, with the same masks as its plain passes.
"""

import copy
import ctypes
import platform

from torch import nn

from glioma_uq.layers.convolutions import (
    convolve_strided,
    convolve_transposed,
    fold_strided,
    fold_transposed,
)
from glioma_uq.sampling.csnet_passes import CSNetPasses

# By name: imports would make the fingerprint of every network's samples depend on all of them.
PASSES = {"CSNet": CSNetPasses}

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


class Folded(nn.Module):
    """A convolution whose kernel is a multiple of its stride, as a cheaper one with stride 1.

    A strided one becomes space to depth, then a smaller convolution. A transposed one becomes a
    smaller convolution to the voxels of each block, then depth to space.
    """

    def __init__(self, layer, fold, convolve, *sizes):
        super().__init__()
        self.weight = nn.Parameter(fold(layer.weight.detach(), layer.stride[0]))
        self.bias, self.convolve, self.sizes = layer.bias, convolve, sizes

    def forward(self, x):
        return self.convolve(x, self.weight, self.bias, *self.sizes)


def replacement(layer):
    """Return the faster equivalent of a layer, or None."""
    if not isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
        return None
    plain = layer.groups == 1 and set(layer.dilation) == {1} and layer.padding_mode == "zeros"
    cubic = all(len(set(x)) == 1 for x in (layer.kernel_size, layer.stride, layer.padding))
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    if not (plain and cubic and stride > 1 and kernel % stride == 0 and kernel > stride):
        return None
    if isinstance(layer, nn.Conv3d):
        return Folded(layer, fold_strided, convolve_strided, kernel, stride, layer.padding[0])
    unpadded = layer.padding[0] == 0 and set(layer.output_padding) == {0}
    return Folded(layer, fold_transposed, convolve_transposed, stride) if unpadded else None


def accelerate(network):
    """Return a copy of a trained network that is faster on the CPU, and equal up to rounding.

    Layers with a faster equivalent are replaced. If the network has special passes for Monte
    Carlo dropout, `active_dropout` uses them: the masks stay those of the plain network.
    """
    network = copy.deepcopy(network).eval()
    passes = PASSES.get(type(network).__name__)
    if passes and passes.serves(network):
        network.passes = passes(network)
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if faster := replacement(child):
                setattr(parent, name, faster)
    return network


def keep_freed_memory():
    """Make this process keep the memory it frees, with glibc; without glibc do nothing.

    Otherwise every volume above 32 MB gets new pages, which the system has to clear:
    a sixth of the time of a full-width pass at 96³.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt and platform.libc_ver()[0] == "glibc":
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
