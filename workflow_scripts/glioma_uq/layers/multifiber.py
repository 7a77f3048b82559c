"""The units of the multi-fiber networks: residual, in groups of channels, cheap.

Source: Chen et al., 3D dilated multi-fiber network for real-time brain tumor segmentation in
MRI, MICCAI 2019, and its public code. Every convolution comes after its own batch
normalisation and ReLU and has no bias; nothing follows the sum with the shortcut.
"""

from functools import reduce
from operator import add

import torch
from torch import nn


def convolution(channels_in, channels_out, kernel=1, stride=1, groups=1, dilation=1):
    """Return batch normalisation, ReLU and a convolution that keeps the size at stride 1.

    Args:
        kernel: one size for all axes, or one for each of x, y, z. A kernel of 2 is not padded.
    """
    kernel = (kernel,) * 3 if isinstance(kernel, int) else kernel
    padding = tuple((size - 1) // 2 * dilation for size in kernel)
    return nn.Sequential(
        nn.BatchNorm3d(channels_in),
        nn.ReLU(inplace=True),
        nn.Conv3d(channels_in, channels_out, kernel, stride, padding, dilation, groups, bias=False),
    )


class DilatedConvolutions(nn.Module):
    """The weighted sum of three 3³ convolutions in groups, dilated by 1, 2 and 3 voxels.

    The weights are learned from 1 on and are neither bounded nor normalised. The arguments are
    those of `convolution`.
    """

    def __init__(self, *arguments):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(3))
        self.branches = nn.ModuleList(convolution(*arguments, dilation=d) for d in (1, 2, 3))

    def forward(self, x):
        pairs = zip(self.weights, self.branches, strict=True)
        return reduce(add, (weight * branch(x) for weight, branch in pairs))


class MultiFiber(nn.Module):
    """A residual unit whose 3³ convolution runs in separate groups of channels, the fibers.

    Two 1³ convolutions before it (`exchange`) carry information from fiber to fiber; one of
    3 x 3 x 1 follows it. Where the stride is 2, the size of an axis must be even.

    Args:
        channels_in, channels_out: both divisible by `groups`.
        groups: number of fibers.
        stride: 1, or 2 to halve the size.
    """

    build_spatial = staticmethod(convolution)

    def __init__(self, channels_in, channels_out, groups, stride=1):
        super().__init__()
        middle, narrow = min(channels_in, channels_out), channels_in // 4
        self.exchange = nn.Sequential(convolution(channels_in, narrow), convolution(narrow, middle))
        self.spatial = self.build_spatial(middle, channels_out, 3, stride, groups)
        self.in_plane = convolution(channels_out, channels_out, (3, 3, 1), groups=groups)
        kept = channels_in == channels_out and stride == 1
        self.shortcut = (
            nn.Identity() if kept else convolution(channels_in, channels_out, stride, stride)
        )

    def forward(self, x):
        return self.in_plane(self.spatial(self.exchange(x))) + self.shortcut(x)


class DilatedMultiFiber(MultiFiber):
    """A multi-fiber unit that sees three sizes at once: its 3³ step is `DilatedConvolutions`."""

    build_spatial = DilatedConvolutions
