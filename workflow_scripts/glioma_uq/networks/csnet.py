"""CSNet: one encoder-decoder that outlines a glioma and names its subtype.

Source: the public code of Mosquera Rojas et al. (Monte Carlo dropout for multi-task glioma
subtyping), after van der Voort et al., Neuro-Oncology 25(2), 2023. With `width=32`, four
inputs and the three subtyping tasks it has 25,534,121 parameters.
"""

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.tasks import TASKS

DROPOUTS = {"channel": nn.Dropout3d, "element": nn.Dropout}


def double_convolution(channels_in, channels_out):
    """Return two 3³ convolutions, each followed by ReLU; the size of the volume stays."""
    return nn.Sequential(
        nn.Conv3d(channels_in, channels_out, 3, padding=1),
        nn.ReLU(),
        nn.Conv3d(channels_out, channels_out, 3, padding=1),
        nn.ReLU(),
    )


class Decoder(nn.Module):
    """Double the resolution, meet the encoder's features of that size, and merge both."""

    def __init__(self, channels_in, channels_out, upsampling):
        super().__init__()
        self.upsampling = nn.Sequential(upsampling, nn.ReLU())
        self.merging = double_convolution(channels_in, channels_out)

    def forward(self, coarse, skip):
        upsampled = functional.interpolate(
            self.upsampling(coarse), skip.shape[2:], mode="trilinear", align_corners=False
        )
        return self.merging(torch.cat([upsampled, skip], dim=1))


class CSNet(nn.Module):
    """Map volumes (B, modalities, X, Y, Z) to a dict of logits by task.

    `segmentation` has shape (B, 2, X, Y, Z), `idh` and `1p19q` (B, 2), `grade` (B, 3).
    Every feature map passes a dropout layer of the same `rate` (the probability of
    dropping): whole channels, or single elements as in the 2023 original. The heads read
    the global maximum of each feature map, after dropout and before batch normalisation;
    `feature_standardisation` brings these to zero mean and unit variance by running
    statistics, which the papers do not do and narrow networks need.
    """

    def __init__(
        self, modalities=4, width=32, rate=0.25, dropout="channel", feature_standardisation=False
    ):
        super().__init__()
        c = [width * 2**level for level in range(5)]
        self.dropout = nn.ModuleList(DROPOUTS[dropout](rate) for _ in range(9))

        self.encoder1 = nn.Sequential(nn.Conv3d(modalities, c[0], 3, padding=1), nn.ReLU())
        self.encoder2 = double_convolution(c[0], c[1])
        self.encoder3 = double_convolution(c[1], c[2])
        self.encoder4 = double_convolution(c[2], c[3])
        self.bottleneck = double_convolution(c[3], c[4])
        self.down1 = nn.Sequential(
            nn.Conv3d(c[0], c[0], 9, stride=3, padding=4), nn.ReLU(), nn.BatchNorm3d(c[0])
        )
        self.down2 = nn.Sequential(nn.MaxPool3d(2, 2, padding=1), nn.BatchNorm3d(c[1]))
        self.down3 = nn.Sequential(nn.MaxPool3d(3, 2, padding=1), nn.BatchNorm3d(c[2]))
        self.down4 = nn.Sequential(nn.MaxPool3d(3, 2, padding=1), nn.BatchNorm3d(c[3]))

        self.normalise_bottleneck = nn.BatchNorm3d(c[4])
        self.decoder4 = Decoder(c[4], c[3], nn.ConvTranspose3d(c[4], c[3], 2, stride=2))
        self.normalise4 = nn.BatchNorm3d(c[3])
        self.decoder3 = Decoder(c[3], c[2], nn.ConvTranspose3d(c[3], c[2], 2, stride=2))
        self.normalise3 = nn.BatchNorm3d(c[2])
        self.decoder2 = Decoder(c[2], c[1], nn.ConvTranspose3d(c[2], c[1], 2, stride=2))
        self.normalise2 = nn.BatchNorm3d(c[1])
        self.decoder1 = Decoder(c[1], c[0], nn.ConvTranspose3d(c[1], c[0], 9, stride=3))
        self.normalise1 = nn.BatchNorm3d(c[0])
        self.segmentation = nn.Conv3d(c[0], 2, 1)

        features = 2 * sum(c[:4]) + c[4]
        self.standardise = (
            nn.BatchNorm1d(features, affine=False) if feature_standardisation else nn.Identity()
        )
        self.head = nn.Sequential(nn.Dropout(rate), nn.Linear(features, c[4]), nn.ReLU())
        self.subtypes = nn.ModuleDict(
            {task: nn.Linear(c[4], len(classes)) for task, classes in TASKS.items()}
        )

    def forward(self, images):
        drop = iter(self.dropout)
        a1 = next(drop)(self.encoder1(images))
        a2 = next(drop)(self.encoder2(self.down1(a1)))
        a3 = next(drop)(self.encoder3(self.down2(a2)))
        a4 = next(drop)(self.encoder4(self.down3(a3)))
        b = next(drop)(self.bottleneck(self.down4(a4)))
        d4 = next(drop)(self.decoder4(self.normalise_bottleneck(b), a4))
        d3 = next(drop)(self.decoder3(self.normalise4(d4), a3))
        d2 = next(drop)(self.decoder2(self.normalise3(d3), a2))
        d1 = next(drop)(self.decoder1(self.normalise2(d2), a1))

        pooled = [x.amax(dim=(2, 3, 4)) for x in (a1, a2, a3, a4, b, d4, d3, d2, d1)]
        shared = self.head(self.standardise(torch.cat(pooled, dim=1)))
        logits = {task: layer(shared) for task, layer in self.subtypes.items()}
        return {"segmentation": self.segmentation(self.normalise1(d1)), **logits}
