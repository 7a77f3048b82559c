"""Trained networks made faster, and equal to what they were but for rounding.

Layers are rewritten in any network; a network that drops whole channels may also have passes
of its own for Monte Carlo dropout, with the masks that it would draw itself.
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

# By name: importing the classes would make the samples of every network depend on them all.
PASSES = {"CSNet": CSNetPasses}

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


class StridedConvolution(nn.Module):
    """A convolution whose kernel is a multiple of its stride, as space-to-depth and a small one."""

    def __init__(self, layer):
        super().__init__()
        self.sizes = layer.kernel_size[0], layer.stride[0], layer.padding[0]
        self.weight = nn.Parameter(fold_strided(layer.weight.detach(), layer.stride[0]))
        self.bias = layer.bias

    def forward(self, x):
        return convolve_strided(x, self.weight, self.bias, *self.sizes)


class TransposedConvolution(nn.Module):
    """A transposed convolution, its kernel a multiple of its stride, as a small convolution to
    the voxels of each block and depth-to-space."""

    def __init__(self, layer):
        super().__init__()
        self.stride = layer.stride[0]
        self.weight = nn.Parameter(fold_transposed(layer.weight.detach(), self.stride))
        self.bias = layer.bias

    def forward(self, x):
        return convolve_transposed(x, self.weight, self.bias, self.stride)


def replacement(layer):
    """Return the faster equal of a layer, None where there is none."""
    if not isinstance(layer, nn.Conv3d | nn.ConvTranspose3d):
        return None
    plain = layer.groups == 1 and set(layer.dilation) == {1} and layer.padding_mode == "zeros"
    cubic = all(len(set(x)) == 1 for x in (layer.kernel_size, layer.stride, layer.padding))
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    if not (plain and cubic and stride > 1 and kernel % stride == 0 and kernel > stride):
        return None
    if isinstance(layer, nn.Conv3d):
        return StridedConvolution(layer)
    unpadded = layer.padding[0] == 0 and set(layer.output_padding) == {0}
    return TransposedConvolution(layer) if unpadded else None


def accelerate(network):
    """Return a copy of a trained network that is faster on the CPU, and equal but for rounding.

    Its layers are replaced where there is a faster equal. Where there are passes of its own
    for Monte Carlo dropout, `active_dropout` takes them: the masks stay those of the plain network.
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
    """Let this process keep the memory it frees, where the C library is glibc: nothing elsewhere.

    Else every volume above 32 MB comes as new pages from the system, which clears each of them:
    a sixth of the time of a full-width pass at 96³.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt and platform.libc_ver()[0] == "glibc":
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
