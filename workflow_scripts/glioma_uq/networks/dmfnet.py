"""DMFNet, the dilated multi-fiber network, and MFNet, the same without dilation.

Source: Chen et al., 3D dilated multi-fiber network for real-time brain tumor segmentation in
MRI, MICCAI 2019, and its public code. With `width=32`, four inputs and four classes it has
3,875,890 parameters, MFNet 3,194,784.
"""

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.errors import BadInput
from glioma_uq.layers.dropout import dropout
from glioma_uq.layers.multifiber import DilatedMultiFiber, MultiFiber
from glioma_uq.layers.options import check_choice
from glioma_uq.layers.padding import crop, pad
from glioma_uq.layers.subtyping import SubtypingHeads


def upsample(x):
    """Double the size of x (B, C, X, Y, Z) by trilinear interpolation."""
    return functional.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)


def upsample_to(skip, coarse):
    """Return the channels of `skip` and, after them, those of `coarse` at twice their size."""
    return torch.cat([skip, upsample(coarse)], dim=1)


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


class DMFNet(nn.Module):
    """Map volumes (B, modalities, X, Y, Z) to a dict of logits by task.

    `segmentation` has shape (B, classes, X, Y, Z). Sizes that 16 does not divide are padded
    with zeros at the end. The subtyping heads read the global maximum of the encoder's four
    feature maps, the deepest after its dropout.

    Args:
        modalities: number of input volumes.
        rate: probability of dropping a channel after the deepest unit of the encoder and
            after every unit of the decoder, or one of the heads' features; 0 for none.
        classes: number of classes of the segmentation.
        tasks: names of the subtyping tasks.
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
        if width < 4 or width % 2:
            raise BadInput(
                "expected an even number of at least 4 for the option width of dmfnet, found "
                f"{width}: correct network_options."
            )
        self.width, self.channels, self.groups = width, 4 * width, width // 2
        self.build_encoder(modalities, DilatedMultiFiber if dilated else MultiFiber, rate)
        self.build_decoder(classes, rate)
        initialise(self, official=init == "official")
        self.subtypes = SubtypingHeads(width + 5 * self.channels, 2 * self.channels, rate, tasks)

    def build_encoder(self, modalities, unit, rate):
        """Add the layers from the images down to a sixteenth of their size."""
        n, c, g = self.width, self.channels, self.groups
        self.encoder1 = nn.Conv3d(modalities, n, 3, stride=2, padding=1, bias=False)
        self.encoder2 = nn.Sequential(unit(n, c, g, 2), unit(c, c, g), unit(c, c, g))
        self.encoder3 = nn.Sequential(
            unit(c, 2 * c, g, 2), unit(2 * c, 2 * c, g), unit(2 * c, 2 * c, g)
        )
        self.encoder4 = nn.Sequential(
            MultiFiber(2 * c, 3 * c, g, 2),
            MultiFiber(3 * c, 3 * c, g),
            MultiFiber(3 * c, 2 * c, g),
            *dropout(rate),
        )

    def build_decoder(self, classes, rate):
        """Add the layers from the deepest feature map up to the segmentation."""
        n, c, g = self.width, self.channels, self.groups
        self.decoder1 = nn.Sequential(MultiFiber(2 * c + 2 * c, 2 * c, g), *dropout(rate))
        self.decoder2 = nn.Sequential(MultiFiber(c + 2 * c, c, g), *dropout(rate))
        self.decoder3 = nn.Sequential(MultiFiber(n + c, n, g), *dropout(rate))
        self.segmentation = nn.Conv3d(n, classes, 1, bias=False)

    def encode(self, images):
        """Return the feature maps at 1/2, 1/4, 1/8 and 1/16 of the padded images' size."""
        maps = [self.encoder1(pad(images, 16))]
        for level in (self.encoder2, self.encoder3, self.encoder4):
            maps.append(level(maps[-1]))
        return maps

    def decode(self, x1, x2, x3, x4):
        """Return the logits of the segmentation, of the padded images' size."""
        y3 = self.decoder1(upsample_to(x3, x4))
        y2 = self.decoder2(upsample_to(x2, y3))
        y1 = self.decoder3(upsample_to(x1, y2))
        return self.segmentation(upsample(y1))

    def logits_of(self, maps, shape):
        """Return the logits by task of images of `shape` from the encoder's feature maps."""
        return {"segmentation": crop(self.decode(*maps), shape), **self.subtypes(maps)}

    def forward(self, images):
        return self.logits_of(self.encode(images), images.shape[2:])


NETWORK = DMFNet
