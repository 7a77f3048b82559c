"""DMFNet, the dilated multi-fiber network, and MFNet, the same without dilation.

Source: Chen et al., 3D dilated multi-fiber network for real-time brain tumor segmentation in
MRI, MICCAI 2019, and its public code. With `width=32`, four inputs and four classes it has
3,875,890 parameters, MFNet 3,194,784.
"""

from itertools import pairwise

import torch
from torch import nn

from glioma_uq.layers.blocks import double, dropout, feature_maps
from glioma_uq.layers.multifiber import DilatedMultiFiber, MultiFiber
from glioma_uq.layers.options import check_choice, check_width
from glioma_uq.layers.padding import crop, pad
from glioma_uq.layers.subtyping import SubtypingHeads


def upsample_to(skip, coarse):
    """Return the channels of `skip` and, after them, those of `coarse` at twice their size."""
    return torch.cat([skip, double(coarse)], dim=1)


def initialise(network, official):
    """Draw all kernels from He's normal distribution.

    Where `official`, those of the dilated units keep PyTorch's default, as in the public code,
    which puts these units in after it has initialised the others.
    """
    dilated = [m for m in network.modules() if isinstance(m, DilatedMultiFiber)] if official else []
    kept = {layer for unit in dilated for layer in unit.modules()}
    for layer in network.modules():
        if isinstance(layer, nn.Conv3d) and layer not in kept:
            nn.init.kaiming_normal_(layer.weight)


def halving(unit, groups, *channels):
    """Return units from each number of channels to the next, the first of which halves the size."""
    units = [unit(*pair, groups, 1 if at else 2) for at, pair in enumerate(pairwise(channels))]
    return nn.Sequential(*units)


class DMFNet(nn.Module):
    """Map volumes (B, modalities, X, Y, Z) to a dict of logits by task.

    `segmentation` has shape (B, classes, X, Y, Z). Sizes that 16 does not divide are padded
    with zeros at the end. The subtyping heads read the global maximum of the encoder's four
    feature maps, the deepest after its dropout.

    Args:
        rate: probability of dropping a channel after the deepest unit of the encoder and
            after every unit of the decoder, or one of the heads' features; 0 for none.
        width: channels of the first layer, even and at least 4. Everything scales with it: the
            units have 4, 8 and 12 times as many channels, in half as many groups.
        dilated: whether the six units of the second and third level are dilated; else MFNet.
        init: `kaiming`, He's for every kernel, or `official`, see `initialise`.
    """

    def __init__(
        self, modalities=4, rate=0.0, classes=4, tasks=(), width=32, dilated=True, init="kaiming"
    ):
        super().__init__()
        check_choice("dmfnet", "init", init, ("kaiming", "official"))
        check_width("dmfnet", width, 2, 4)
        n, c, g = self.width, self.channels, self.groups = width, 4 * width, width // 2
        unit = DilatedMultiFiber if dilated else MultiFiber
        self.encoder1 = nn.Conv3d(modalities, n, 3, stride=2, padding=1, bias=False)
        self.encoder2 = halving(unit, g, n, c, c, c)
        self.encoder3 = halving(unit, g, c, 2 * c, 2 * c, 2 * c)
        self.encoder4 = halving(MultiFiber, g, 2 * c, 3 * c, 3 * c, 2 * c).extend(dropout(rate))
        self.decoder1 = nn.Sequential(MultiFiber(2 * c + 2 * c, 2 * c, g), *dropout(rate))
        self.decoder2 = nn.Sequential(MultiFiber(c + 2 * c, c, g), *dropout(rate))
        self.decoder3 = nn.Sequential(MultiFiber(n + c, n, g), *dropout(rate))
        self.segmentation = nn.Conv3d(n, classes, 1, bias=False)
        initialise(self, official=init == "official")
        self.subtypes = SubtypingHeads(n + 5 * c, 2 * c, rate, tasks)

    def encode(self, images):
        """Return the feature maps at 1/2, 1/4, 1/8 and 1/16 of the padded images' size."""
        levels = self.encoder1, self.encoder2, self.encoder3, self.encoder4
        return feature_maps(levels, pad(images, 16))

    def logits_of(self, maps, shape):
        """Return the logits by task of images of `shape` from the encoder's feature maps."""
        x1, x2, x3, x4 = maps
        y3 = self.decoder1(upsample_to(x3, x4))
        y2 = self.decoder2(upsample_to(x2, y3))
        y1 = self.decoder3(upsample_to(x1, y2))
        segmentation = crop(self.segmentation(double(y1)), shape)
        return {"segmentation": segmentation, **self.subtypes(maps)}

    def forward(self, images):
        return self.logits_of(self.encode(images), images.shape[2:])


NETWORK = DMFNet
