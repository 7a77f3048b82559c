"""3D-ESPNet: pyramids of dilated convolutions in few channels.

Source: Nuechterlein and Mehta, 3D-ESPNet with Pyramidal Refinement for Volumetric Brain Tumor
Image Segmentation, MICCAI Brainlesion Workshop 2018. With four inputs, `width=16` and four
classes it has 3,626,584 parameters. As in the authors' code, kernels are drawn from He's normal
distribution and batch normalisation has an epsilon of 1e-3, at the end of a pyramid of 1e-5. It
has torch's own momentum: the authors' code passes 0.95, which in torch keeps little but the last
batch.
"""

from functools import partial
from itertools import accumulate

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.layers.blocks import convolved, dropout, feature_maps
from glioma_uq.layers.initialisation import draw_he_fan_out
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded

DILATIONS = (1, 1, 2, 2)
KERNELS = (3, 5, 7, 9)
SCALES = (0.2, 0.4, 0.6, 0.8)

normalised = partial(convolved, norm=partial(nn.BatchNorm3d, eps=1e-3))
activated = partial(normalised, activation=nn.ReLU)


def resize(x, size):
    """Return volumes (B, C, ...) of `size` by trilinear interpolation."""
    return functional.interpolate(x, size, mode="trilinear")


class Pyramid(nn.Module):
    """Efficient spatial pyramid: reduce to a quarter, convolve at four dilations, and join.

    Each dilated branch is added to the sum of those before it, which hides the grid that
    dilation leaves; the input is added where it has the output's shape.
    """

    def __init__(self, channels_in, channels_out, stride=1):
        super().__init__()
        quarter = channels_out // 4
        self.add_input = channels_in == channels_out and stride == 1
        self.reduce = activated(channels_in, quarter, 1)
        self.branches = nn.ModuleList(
            nn.Conv3d(quarter, quarter, 3, stride, padding=d, dilation=d, bias=False)
            for d in DILATIONS
        )
        self.normalise = nn.BatchNorm3d(channels_out)

    def forward(self, x):
        reduced = self.reduce(x)
        first, *others = (branch(reduced) for branch in self.branches)
        joined = self.normalise(torch.cat([first, *accumulate(others)], dim=1))
        return functional.relu(x + joined if self.add_input else joined)


def pyramids(channels_in, channels_out, number, stride=1):
    """Return so many pyramids one after the other, the first of which may halve the size."""
    first = Pyramid(channels_in, channels_out, stride)
    return [first, *(Pyramid(channels_out, channels_out) for _ in range(number - 1))]


class Kernels(nn.Module):
    """The sum of the input and of its convolutions with kernels of 3³ to 9³, for few channels."""

    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList(normalised(channels, channels, k) for k in KERNELS)

    def forward(self, x):
        return functional.relu(x + sum(branch(x) for branch in self.branches))


class Refinement(nn.Module):
    """Join the input and what convolutions make of it at four coarser resolutions."""

    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList(activated(channels, channels) for _ in SCALES)

    def forward(self, x):
        sizes = [[max(1, int(n * scale)) for n in x.shape[2:]] for scale in SCALES]
        coarse = (functional.adaptive_avg_pool3d(x, size) for size in sizes)
        branches = zip(self.branches, coarse, strict=True)
        return torch.cat([x, *(resize(branch(c), x.shape[2:]) for branch, c in branches)], dim=1)


class ESPNet3D(nn.Module):
    """Pyramids at a half, a quarter and an eighth of the resolution, and refinement at a half.

    Args, besides those of every network that only outlines (see the package):
        width: channels at half resolution, a multiple of 2; twice as many leave that level,
            8 and 16 times as many the two below.
    """

    def __init__(self, modalities=4, width=16, rate=0.0, classes=4, tasks=()):
        super().__init__()
        check_outlines_only("espnet3d", tasks, width, 2)
        c1, c2, c3 = 2 * width, 8 * width, 16 * width
        self.encoder1 = nn.Sequential(activated(modalities, width, 7, 2), *pyramids(width, c1, 2))
        self.encoder2 = nn.Sequential(*pyramids(c1, c2, 3, stride=2))
        self.encoder3 = nn.Sequential(*pyramids(c2, c3, 4, stride=2), *dropout(rate))
        self.up2 = activated(c3, c2)
        self.decoder2 = nn.Sequential(*pyramids(2 * c2, c2, 3), *dropout(rate))
        self.up1 = activated(c2, c1)
        self.decoder1 = nn.Sequential(*pyramids(2 * c1, c1, 3), *dropout(rate))
        self.refine = nn.Sequential(
            activated(c1, classes),
            Kernels(classes),
            Refinement(classes),
            activated((len(SCALES) + 1) * classes, classes),
            Kernels(classes),
        )
        self.segmentation = nn.Sequential(
            nn.Upsample(scale_factor=2),
            activated(classes, classes, 7),
            nn.Conv3d(classes, classes, 1, bias=False),
        )
        draw_he_fan_out(self)

    @padded(8)
    def forward(self, images):
        x1, x2, x3 = feature_maps([self.encoder1, self.encoder2, self.encoder3], images)
        up = resize(self.up2(x3), x2.shape[2:])
        x2 = self.decoder2(torch.cat([up, x2], dim=1))
        up = resize(self.up1(x2), x1.shape[2:])
        x1 = self.decoder1(torch.cat([up, x1], dim=1))
        return self.segmentation(self.refine(x1))


NETWORK = ESPNet3D
