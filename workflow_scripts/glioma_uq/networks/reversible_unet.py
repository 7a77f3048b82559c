"""Reversible U-Net: blocks whose input follows from their output, so that none is kept.

Source: Brügger, Baumgartner and Konukoglu, A Partially Reversible U-Net for Memory-Efficient
Volumetric Image Segmentation, MICCAI 2019. With four inputs, `width=60` and three outputs it
has 12,365,283 parameters.
"""

from itertools import pairwise

from torch import nn

from glioma_uq.layers.blocks import dropout, feature_maps
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded
from glioma_uq.layers.reversible import ReversibleBlock, ReversibleSequence

MULTIPLES = (1, 2, 4, 6, 8)  # of `width`: the channels of the five levels


def residual(channels, groups):
    """Return F or G: group normalisation, leaky ReLU, one 3³ convolution without bias."""
    return nn.Sequential(
        nn.GroupNorm(groups, channels),
        nn.LeakyReLU(inplace=True),
        nn.Conv3d(channels, channels, 3, padding=1, bias=False),
    )


class ReversibleUNet(nn.Module):
    """Every level of encoder and decoder is a sequence of reversible blocks; 1³ convolutions
    change the channels, skip connections are sums.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, even; the levels below have 2, 4, 6, 8 times as
            many. Half of it is the number of groups of each normalisation.
        depth: reversible blocks at each level.
        reversal: compute activations again in the backward pass instead of keeping them:
            less memory, equal gradients.
    """

    def __init__(
        self, modalities=4, width=60, rate=0.0, classes=3, tasks=(), depth=1, reversal=True
    ):
        super().__init__()
        check_outlines_only("reversible-unet", tasks, width, 2)
        c = [width * multiple for multiple in MULTIPLES]

        def reversible(channels):
            half = channels // 2
            pairs = [[residual(half, width // 2) for _ in "fg"] for _ in range(depth)]
            return ReversibleSequence([ReversibleBlock(*pair) for pair in pairs], reversal)

        self.stem = nn.Conv3d(modalities, c[0], 3, padding=1, bias=False)
        self.encoder = nn.ModuleList([reversible(c[0])])
        for above, here in pairwise(c):
            down = [nn.MaxPool3d(2), nn.Conv3d(above, here, 1)]
            self.encoder.append(nn.Sequential(*down, reversible(here)))
        self.deepest = nn.Sequential(*dropout(rate))
        self.decoder = nn.ModuleList()
        for here, above in pairwise(c[::-1]):
            up = nn.Upsample(scale_factor=2, mode="trilinear")
            layers = [reversible(here), nn.Conv3d(here, above, 1), *dropout(rate), up]
            self.decoder.append(nn.Sequential(*layers))
        self.decoder.append(nn.Sequential(reversible(c[0]), *dropout(rate)))
        self.segmentation = nn.Conv3d(c[0], classes, 1)

    @padded(16)
    def forward(self, images):
        skips = feature_maps(self.encoder, self.stem(images))
        x = self.deepest(skips.pop())
        for level in self.decoder[:-1]:
            x = level(x) + skips.pop()
        return self.segmentation(self.decoder[-1](x))


NETWORK = ReversibleUNet
