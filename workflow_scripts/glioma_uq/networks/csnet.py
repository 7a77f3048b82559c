"""CSNet: one encoder-decoder that outlines a glioma and names its subtype.

Source: the public code of Mosquera Rojas et al. (Monte Carlo dropout for multi-task glioma
subtyping), after van der Voort et al., Neuro-Oncology 25(2), 2023. With `width=32`, four
inputs and the three subtyping tasks it has 25,534,121 parameters.
"""

import math

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from glioma_uq.layers.options import check_above_zero, check_choice, known_tasks
from glioma_uq.layers.standardisation import RunningStandardisation
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


@torch.no_grad()
def initialise_he(module):
    """Draw uniform weights of a convolution, of variance 2 / n, n the terms of an output voxel."""
    if not isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
        return
    terms = module.in_channels * math.prod(module.kernel_size)
    if isinstance(module, nn.ConvTranspose3d):
        terms /= math.prod(module.stride)  # each voxel lies under that share of the kernel
    bound = math.sqrt(3 * 2 / terms)
    nn.init.uniform_(module.weight, -bound, bound)
    nn.init.zeros_(module.bias)


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

    `segmentation` has shape (B, classes, X, Y, Z), `idh` and `1p19q` (B, 2), `grade` (B, 3).
    Every feature map passes a dropout layer of the same `rate` (the probability of
    dropping). The heads read the global maximum of each feature map, after dropout and
    before batch normalisation.

    Args:
        width: channels of the first layer; each of the four levels below has twice as many.
        classes: number of classes of the segmentation; 0 leaves out the decoder, and the heads
            read the encoder.
        tasks: names of the subtyping tasks; without any there are no heads.
        dropout: `channel` drops whole channels, `element` single ones (the 2023 original).
        heads: `shared`, one hidden layer for all tasks, or `separate`, one for each (2023).
        feature_standardisation: bring the pooled features to zero mean and unit variance by
            running statistics, which the papers do not do and narrow networks need.
        normalisation_epsilon: what batch normalisation and standardisation add to a variance. In
            narrow networks channels die; where one fires after all, it grows 1 / sqrt(epsilon)
            times. The papers' is torch's 1e-5.
        initialisation: `torch`, its layers' own, as the papers', or `he` (He et al., ICCV 2015): it
            keeps the variance from layer to layer, so that epsilon is small beside it.
        activation_checkpointing: compute the convolutions again in the backward pass
            instead of keeping what lies between them: less memory, equal gradients.
    """

    def __init__(
        self,
        modalities=4,
        width=32,
        rate=0.25,
        classes=2,
        tasks=tuple(TASKS),
        dropout="channel",
        heads="shared",
        feature_standardisation=False,
        normalisation_epsilon=1e-5,
        initialisation="torch",
        activation_checkpointing=False,
    ):
        super().__init__()
        check_choice("csnet", "dropout", dropout, DROPOUTS)
        check_choice("csnet", "heads", heads, ("shared", "separate"))
        check_choice("csnet", "initialisation", initialisation, ("torch", "he"))
        check_above_zero("csnet", "normalisation_epsilon", normalisation_epsilon)
        tasks = known_tasks(tasks)
        self.classification_only = classification_only = classes == 0
        self.activation_checkpointing = activation_checkpointing
        c = [width * 2**level for level in range(5)]
        features = sum(c) if classification_only else 2 * sum(c[:4]) + c[4]
        self.dropout = nn.ModuleList(
            DROPOUTS[dropout](rate) for _ in range(5 if classification_only else 9)
        )
        self.build_encoder(modalities, c)
        if not classification_only:
            self.build_decoder(c, classes)
        self.standardise = nn.Identity()
        if feature_standardisation:
            self.standardise = RunningStandardisation(features, normalisation_epsilon)
        self.build_heads(features, c[4], rate, heads == "shared", tasks)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.eps = normalisation_epsilon
            elif initialisation == "he":
                initialise_he(module)

    def build_encoder(self, modalities, c):
        """Add the layers from the images down to the bottleneck, `c` channels at each level."""
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

    def build_decoder(self, c, classes):
        """Add the layers from the bottleneck up to the segmentation."""
        self.normalise_bottleneck = nn.BatchNorm3d(c[4])
        self.decoder4 = Decoder(c[4], c[3], nn.ConvTranspose3d(c[4], c[3], 2, stride=2))
        self.normalise4 = nn.BatchNorm3d(c[3])
        self.decoder3 = Decoder(c[3], c[2], nn.ConvTranspose3d(c[3], c[2], 2, stride=2))
        self.normalise3 = nn.BatchNorm3d(c[2])
        self.decoder2 = Decoder(c[2], c[1], nn.ConvTranspose3d(c[2], c[1], 2, stride=2))
        self.normalise2 = nn.BatchNorm3d(c[1])
        self.decoder1 = Decoder(c[1], c[0], nn.ConvTranspose3d(c[1], c[0], 9, stride=3))
        self.normalise1 = nn.BatchNorm3d(c[0])
        self.segmentation = nn.Conv3d(c[0], classes, 1)

    def build_heads(self, features, width, rate, shared, tasks):
        """Add the layers from the pooled features to the logits of the subtyping tasks."""

        def hidden():
            return nn.Linear(features, width), nn.ReLU()

        self.head = nn.Sequential(nn.Dropout(rate), *(hidden() if shared and tasks else ()))
        self.subtypes = nn.ModuleDict()
        for task in tasks:
            before, last = () if shared else hidden(), nn.Linear(width, len(TASKS[task]))
            self.subtypes[task] = last if shared else nn.Sequential(*before, last)

    def convolve(self, block, *inputs):
        """Return block(*inputs); only blocks without dropout and batch normalisation may come."""
        if self.activation_checkpointing and torch.is_grad_enabled():
            return checkpoint(block, *inputs, use_reentrant=False, preserve_rng_state=False)
        return block(*inputs)

    def encode(self, images, drop):
        """Return the feature maps of the five levels, full resolution first, after dropout."""
        a1 = next(drop)(self.convolve(self.encoder1, images))
        a2 = next(drop)(self.convolve(self.encoder2, self.down1(a1)))
        a3 = next(drop)(self.convolve(self.encoder3, self.down2(a2)))
        a4 = next(drop)(self.convolve(self.encoder4, self.down3(a3)))
        return a1, a2, a3, a4, next(drop)(self.convolve(self.bottleneck, self.down4(a4)))

    def decode(self, a1, a2, a3, a4, b, drop):
        """Return the decoder's feature maps, full resolution last, after dropout."""
        d4 = next(drop)(self.convolve(self.decoder4, self.normalise_bottleneck(b), a4))
        d3 = next(drop)(self.convolve(self.decoder3, self.normalise4(d4), a3))
        d2 = next(drop)(self.convolve(self.decoder2, self.normalise3(d3), a2))
        return d4, d3, d2, next(drop)(self.convolve(self.decoder1, self.normalise2(d2), a1))

    def classify(self, features):
        """Return the logits of the subtyping tasks from all feature maps."""
        if not self.subtypes:
            return {}
        pooled = torch.cat([x.amax(dim=(2, 3, 4)) for x in features], dim=1)
        shared = self.head(self.standardise(pooled))
        return {task: layer(shared) for task, layer in self.subtypes.items()}

    def forward(self, images):
        drop = iter(self.dropout)
        encoded = self.encode(images, drop)
        if self.classification_only:
            return self.classify(encoded)
        decoded = self.decode(*encoded, drop)
        segmentation = self.segmentation(self.normalise1(decoded[-1]))
        return {"segmentation": segmentation, **self.classify(encoded + decoded)}


NETWORK = CSNet
