"""S3D-UNet: a U-Net of separable convolutions, reimplemented from its description.

Source: Chen et al., S3D-UNet: Separable 3D U-Net for Brain Tumor Segmentation, MICCAI
Brainlesion Workshop 2018. From the publication: each convolution is three parallel branches,
one for each of the axial, sagittal and coronal views, and blocks are residual inceptions. How
many channels go where is our choice, and so the number of parameters, 3,260,612 with four
inputs, `width=32` and four classes, differs from the original's, about 3.3 million.
"""

from functools import partial
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.layers.blocks import convolved, dropout, feature_maps
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded

AXES = range(3)

normalised = partial(convolved, norm=nn.InstanceNorm3d)
activated = partial(normalised, activation=nn.LeakyReLU)
pointwise = partial(activated, kernel=1)


class Separable(nn.Module):
    """A 3³ convolution as three views: 3x3 in the plane, then 3 across it, a third of the
    channels each."""

    def __init__(self, channels):
        super().__init__()
        third = channels // 3
        plane = [[1 if a == axis else 3 for a in AXES] for axis in AXES]
        line = [[3 if a == axis else 1 for a in AXES] for axis in AXES]
        self.views = nn.ModuleList(
            nn.Sequential(activated(channels, third, p), activated(third, third, n))
            for p, n in zip(plane, line, strict=True)
        )

    def forward(self, x):
        return torch.cat([view(x) for view in self.views], dim=1)


class Inception(nn.Module):
    """Residual inception: the input plus what none, one and two separable convolutions see."""

    def __init__(self, channels):
        super().__init__()
        inner = 3 * channels // 8
        self.branches = nn.ModuleList(
            nn.Sequential(pointwise(channels, inner), *(Separable(inner) for _ in range(depth)))
            for depth in range(3)
        )
        self.join = normalised(3 * inner, channels, 1)

    def forward(self, x):
        joined = self.join(torch.cat([branch(x) for branch in self.branches], dim=1))
        return functional.leaky_relu(x + joined)


class S3DUNet(nn.Module):
    """A U-Net of residual inceptions, which meets its skip connections by concatenation.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, a multiple of 8, doubled at each of the four
            levels below.
    """

    def __init__(self, modalities=4, width=32, rate=0.0, classes=4, tasks=()):
        super().__init__()
        check_outlines_only("s3d-unet", tasks, width, 8)
        c = [width * 2**level for level in range(5)]
        self.encoder = nn.ModuleList(
            [nn.Sequential(activated(modalities, width), Inception(width))]
        )
        for above, here in pairwise(c):
            level = [nn.MaxPool3d(2), pointwise(above, here), Inception(here)]
            self.encoder.append(nn.Sequential(*level))
        self.bottom = nn.Sequential(*dropout(rate))
        self.up = nn.Upsample(scale_factor=2, mode="trilinear")
        self.decoder = nn.ModuleList(
            nn.Sequential(pointwise(3 * n, n), Inception(n), *dropout(rate)) for n in c[-2::-1]
        )
        self.segmentation = nn.Conv3d(width, classes, 1)

    @padded(16)
    def forward(self, images):
        skips = feature_maps(self.encoder, images)
        x = self.bottom(skips.pop())
        for level in self.decoder:
            x = level(torch.cat([skips.pop(), self.up(x)], dim=1))
        return self.segmentation(x)


NETWORK = S3DUNet
