"""S3D-UNet: a U-Net of separable convolutions, reimplemented from its description.

Source: Chen et al., S3D-UNet: Separable 3D U-Net for Brain Tumor Segmentation, MICCAI
Brainlesion Workshop 2018. From the publication: each convolution is three parallel branches,
one for each of the axial, sagittal and coronal views, and blocks are residual inceptions. How
many channels go where is our choice, and so the number of parameters, 3,260,612 with four
inputs, `width=32` and four classes, differs from the original's, about 3.3 million.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.layers.dropout import dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import crop, pad

AXES = range(3)


def activated(channels_in, channels_out, kernel):
    """Return a convolution, instance normalisation and leaky ReLU; the size stays."""
    padding = [n // 2 for n in kernel]
    return nn.Sequential(
        nn.Conv3d(channels_in, channels_out, kernel, padding=padding, bias=False),
        nn.InstanceNorm3d(channels_out),
        nn.LeakyReLU(inplace=True),
    )


def pointwise(channels_in, channels_out):
    """Return a 1³ convolution, instance normalisation and leaky ReLU."""
    return activated(channels_in, channels_out, (1, 1, 1))


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
        self.join = nn.Sequential(
            nn.Conv3d(3 * inner, channels, 1, bias=False), nn.InstanceNorm3d(channels)
        )

    def forward(self, x):
        joined = self.join(torch.cat([branch(x) for branch in self.branches], dim=1))
        return functional.leaky_relu(x + joined)


class S3DUNet(nn.Module):
    """Map volumes (B, modalities, X, Y, Z) to {"segmentation": logits (B, classes, X, Y, Z)}.

    Axes are padded to multiples of 16.

    Args:
        modalities: number of input volumes.
        width: channels of the full resolution, a multiple of 8, doubled at each of the four
            levels below.
        rate: probability of dropping a channel after the bottom and each level of the decoder.
        classes: outputs of the segmentation.
        tasks: subtyping heads, of which it has none.
    """

    def __init__(self, modalities=4, width=32, rate=0.0, classes=4, tasks=()):
        super().__init__()
        check_outlines_only("s3d-unet", tasks, width, 8)
        c = [width * 2**level for level in range(5)]
        self.encoder = nn.ModuleList(
            [nn.Sequential(activated(modalities, width, (3, 3, 3)), Inception(width))]
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

    def forward(self, images):
        x, skips = pad(images, 16), []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
        x = self.bottom(skips.pop())
        for level in self.decoder:
            x = level(torch.cat([skips.pop(), self.up(x)], dim=1))
        return {"segmentation": crop(self.segmentation(x), images.shape[2:])}


NETWORK = S3DUNet
