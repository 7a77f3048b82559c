"""The U-Net of Kao et al.: one member of their ensemble.

Source: Kao et al., Brain Tumor Segmentation and Tractographic Feature Extraction from
Structural MR Images for Overall Survival Prediction, MICCAI Brainlesion Workshop 2018. Their
published result is the mean of 26 networks, DeepMedics and U-Nets, some of which read a brain
parcellation besides the images; this is one U-Net that reads the images alone. Its layers and
their initial weights are those of the public code, but for one line that leaves a convolution of
each level without use, see `KaoUNet`. Its five outputs are the labels 0 to 4 of BraTS, of which 3
never occurs. With four inputs and `width=16` it has 9,451,567 parameters.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.layers.blocks import convolved, double, dropout
from glioma_uq.layers.initialisation import draw_he_fan_out
from glioma_uq.layers.options import check_outlines_only
from glioma_uq.layers.padding import padded

normalised = partial(convolved, norm=partial(nn.GroupNorm, 4))
activated = partial(normalised, activation=nn.ReLU)


class Down(nn.Module):
    """Change the channels, then add what two convolutions make of the result.

    Where `as_published`, only the second of them: the first is there, and used by nothing.
    """

    def __init__(self, channels_in, channels_out, as_published):
        super().__init__()
        self.as_published = as_published
        self.change = normalised(channels_in, channels_out)
        self.residual = nn.Sequential(
            activated(channels_out, channels_out), normalised(channels_out, channels_out)
        )

    def forward(self, x):
        x = self.change(x)
        residual = self.residual[1] if self.as_published else self.residual
        return functional.relu(x + residual(x))


class Up(nn.Module):
    """Double the resolution, halve the channels, and merge with the encoder's features."""

    def __init__(self, channels, bottom, rate):
        super().__init__()
        self.first = nn.Identity() if bottom else activated(2 * channels, channels)
        self.halve = activated(channels, channels // 2, 1)
        self.merge = nn.Sequential(activated(channels, channels), *dropout(rate))

    def forward(self, x, skip):
        return self.merge(torch.cat([skip, self.halve(double(self.first(x)))], dim=1))


class KaoUNet(nn.Module):
    """The logits are the sum of those of three resolutions, brought to the finest.

    Args, besides those of every network that only outlines (see the package):
        width: channels of the full resolution, a multiple of 8, doubled at each of the four
            levels below.
        as_published: whether the residual of each level of the encoder is that of the public code,
            bn3(conv3(x)), which computes y = relu(bn2(conv2(x))) and leaves it unused. By default
            it is what must be meant, bn3(conv3(y)).
    """

    def __init__(self, modalities=4, width=16, rate=0.0, classes=5, tasks=(), as_published=False):
        super().__init__()
        check_outlines_only("kao-unet", tasks, width, 8)
        c = [width * 2**level for level in range(5)]
        self.down = nn.MaxPool3d(2)
        pairs = zip([modalities, *c], c, strict=False)
        self.encoder = nn.ModuleList(Down(*pair, as_published) for pair in pairs)
        self.bottom = nn.Sequential(*dropout(rate))
        self.decoder = nn.ModuleList(Up(n, n == c[4], rate) for n in c[:0:-1])
        self.segmentation = nn.ModuleList(nn.Conv3d(n, classes, 1) for n in c[3:0:-1])
        draw_he_fan_out(self)

    @padded(16)
    def forward(self, images):
        skips = [self.encoder[0](images)]
        for level in self.encoder[1:]:
            skips.append(level(self.down(skips[-1])))
        x = self.decoder[0](self.bottom(skips.pop()), skips.pop())
        logits = []
        for level, head in zip(self.decoder[1:], self.segmentation, strict=True):
            x = level(x, skips.pop())
            logits.append(head(x))
        coarse, middle, fine = logits
        return fine + double(middle + double(coarse))


NETWORK = KaoUNet
