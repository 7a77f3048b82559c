"""No New-Net: a plain U-Net, well trained.

Source: Isensee et al., No New-Net, MICCAI Brainlesion Workshop 2018, as Brügger et al. (2019)
built it for their comparison: group normalisation, and skip connections that are sums. With
four inputs, `width=30` and three outputs it has 12,425,253 parameters.
"""

from functools import partial
from itertools import pairwise

from torch import nn

from glioma_uq.layers.blocks import convolved, dropout, feature_maps
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded


class NoNewNet(nn.Module):
    """Two units of 3³ convolution, group normalisation and leaky ReLU at each level; at the
    bottom one leads down and one back.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, doubled at each of the four levels below; also
            the number of groups of each normalisation.
    """

    def __init__(self, modalities=4, width=30, rate=0.0, classes=3, tasks=()):
        super().__init__()
        check_outlines_only("no-new-net", tasks, width)
        c = [width * 2**level for level in range(5)]

        unit = partial(convolved, norm=partial(nn.GroupNorm, width), activation=nn.LeakyReLU)

        def units(*channels):
            return [layer for pair in pairwise(channels) for layer in unit(*pair)]

        def up():
            return [*dropout(rate), nn.Upsample(scale_factor=2, mode="trilinear")]

        down = nn.MaxPool3d(2)
        self.encoder = nn.ModuleList([nn.Sequential(*units(modalities, c[0], c[0]))])
        for above, here in pairwise(c[:4]):
            self.encoder.append(nn.Sequential(down, *units(above, here, here)))
        self.bottom = nn.Sequential(
            down, *units(c[3], c[4]), *dropout(rate), *units(c[4], c[3]), *up()
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(*units(here, here, above), *up()) for here, above in pairwise(c[3::-1])
        )
        self.decoder.append(nn.Sequential(*units(c[0], c[0], c[0]), *dropout(rate)))
        self.segmentation = nn.Conv3d(c[0], classes, 1)

    @padded(16)
    def forward(self, images):
        skips = feature_maps(self.encoder, images)
        x = self.bottom(skips[-1])
        for level in self.decoder:
            x = level(x + skips.pop())
        return self.segmentation(x)


NETWORK = NoNewNet
