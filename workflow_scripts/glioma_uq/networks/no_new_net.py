"""No New-Net: a plain U-Net, well trained.

Source: Isensee et al., No New-Net, MICCAI Brainlesion Workshop 2018, as Brügger et al. (2019)
built it for their comparison: group normalisation, and skip connections that are sums. With
four inputs, `width=30` and three outputs it has 12,425,253 parameters.
"""

from itertools import pairwise

from torch import nn

from glioma_uq.layers.dropout import dropout
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import crop, pad


class NoNewNet(nn.Module):
    """Map volumes (B, modalities, X, Y, Z) to {"segmentation": logits (B, classes, X, Y, Z)}.

    Two units of 3³ convolution, group normalisation and leaky ReLU at each level; at the
    bottom one leads down and one back. Axes are padded to multiples of 16.

    Args:
        modalities: number of input volumes.
        width: channels of the full resolution, doubled at each of the four levels below; also
            the number of groups of each normalisation.
        rate: probability of dropping a channel after the bottom and each level of the decoder.
        classes: outputs of the segmentation; the original has one for each of three regions.
        tasks: subtyping heads, of which it has none.
    """

    def __init__(self, modalities=4, width=30, rate=0.0, classes=3, tasks=()):
        super().__init__()
        check_outlines_only("no-new-net", tasks, width)
        c = [width * 2**level for level in range(5)]

        def units(*channels):
            layers = []
            for i, o in pairwise(channels):
                convolution = nn.Conv3d(i, o, 3, padding=1, bias=False)
                layers += [convolution, nn.GroupNorm(width, o), nn.LeakyReLU(inplace=True)]
            return layers

        def up():
            return [*dropout(rate), nn.Upsample(scale_factor=2, mode="trilinear")]

        down = nn.MaxPool3d(2)
        self.encoder = nn.ModuleList(
            [
                nn.Sequential(*units(modalities, c[0], c[0])),
                nn.Sequential(down, *units(c[0], c[1], c[1])),
                nn.Sequential(down, *units(c[1], c[2], c[2])),
                nn.Sequential(down, *units(c[2], c[3], c[3])),
            ]
        )
        self.bottom = nn.Sequential(
            down, *units(c[3], c[4]), *dropout(rate), *units(c[4], c[3]), *up()
        )
        self.decoder = nn.ModuleList(
            [
                nn.Sequential(*units(c[3], c[3], c[2]), *up()),
                nn.Sequential(*units(c[2], c[2], c[1]), *up()),
                nn.Sequential(*units(c[1], c[1], c[0]), *up()),
                nn.Sequential(*units(c[0], c[0], c[0]), *dropout(rate)),
            ]
        )
        self.segmentation = nn.Conv3d(c[0], classes, 1)

    def forward(self, images):
        x, skips = pad(images, 16), []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
        x = self.bottom(x)
        for level in self.decoder:
            x = level(x + skips.pop())
        return {"segmentation": crop(self.segmentation(x), images.shape[2:])}


NETWORK = NoNewNet
