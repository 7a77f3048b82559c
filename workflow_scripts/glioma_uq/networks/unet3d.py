"""3D U-Net: the first U-Net on volumes.

Source: Çiçek et al., 3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation,
MICCAI 2016, with padded convolutions, so that the output has the input's size. With four
inputs, `width=32` and four classes it has 19,076,452 parameters.
"""

from functools import partial

import torch
from torch import nn

from glioma_uq.layers.blocks import convolved, dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded

activated = partial(convolved, norm=nn.BatchNorm3d, activation=nn.ReLU, bias=True)


def double_convolution(channels_in, between, channels_out):
    """Return two 3³ convolutions, each followed by batch normalisation and ReLU."""
    return nn.Sequential(*activated(channels_in, between), *activated(between, channels_out))


class UNet3D(nn.Module):
    """Channels double before each max pooling; transposed convolutions of 2³ keep them.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the first layer; 2, 4, 8 and 16 times as many leave the four levels.
    """

    def __init__(self, modalities=4, width=32, rate=0.0, classes=4, tasks=()):
        super().__init__()
        check_outlines_only("unet3d", tasks, width)
        c = [width * 2**level for level in range(5)]
        self.down = nn.MaxPool3d(2)
        inputs = [modalities, *c[1:4]]
        self.encoder = nn.ModuleList(map(double_convolution, inputs, c[:4], c[1:]))
        self.bottom = nn.Sequential(*dropout(rate))
        self.up = nn.ModuleList(nn.ConvTranspose3d(n, n, 2, stride=2) for n in c[:1:-1])
        self.decoder = nn.ModuleList(
            nn.Sequential(double_convolution(3 * n, n, n), *dropout(rate)) for n in c[3:0:-1]
        )
        self.segmentation = nn.Conv3d(c[1], classes, 1)

    @padded(8)
    def forward(self, images):
        skips = [self.encoder[0](images)]
        for level in self.encoder[1:]:
            skips.append(level(self.down(skips[-1])))
        x = self.bottom(skips.pop())
        for up, level in zip(self.up, self.decoder, strict=True):
            x = level(torch.cat([skips.pop(), up(x)], dim=1))
        return self.segmentation(x)


NETWORK = UNet3D
