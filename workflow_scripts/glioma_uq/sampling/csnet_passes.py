"""Monte Carlo dropout passes of CSNet that compute only what dropout keeps.

With dropout of whole channels, it is known before a pass which feature maps are zero. The
convolution before such a layer skips them, the one after it does not read them. What is the same
in all passes of a case is computed once. Equal to the plain pass up to rounding.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from glioma_uq.layers.convolutions import (
    affine_of,
    convolve,
    convolve_strided,
    convolve_transposed,
    first,
    fold_norm,
    fold_strided,
    fold_transposed,
    last,
)
from glioma_uq.sampling.mc_dropout import draw_mask


class Kept(NamedTuple):
    """A feature map after dropout, with only the channels that it keeps."""

    values: torch.Tensor  # (1, kept, X, Y, Z)
    channels: torch.Tensor  # (kept,), their indices


class Constants(NamedTuple):
    """What all passes of a case share: C channels of the first feature map a1, before dropout."""

    images: torch.Tensor  # (1, modalities, X, Y, Z)
    a1: torch.Tensor  # (1, C, X, Y, Z)
    maxima: torch.Tensor  # (C,), those of a1
    down1: torch.Tensor  # (C, voxels C), what each channel of a1 adds to the first downsampling
    shape1: tuple  # (1, X, Y, Z, C), the shape of that map
    skip1: torch.Tensor  # (1, C, X, Y, Z), what all of a1 adds to the last decoder


def kept_by(mask):
    """Return the indices of the channels that a mask (C,) keeps; channel 0 if it drops all.

    In that case the result stays correct, since the factor of channel 0 is 0.
    """
    channels = mask.nonzero().flatten()
    return channels if len(channels) else torch.zeros(1, dtype=torch.long)


def with_ones(kept, of):
    """Return values and indices of `kept` with a channel of ones, the last of `of` + 1."""
    ones = torch.ones_like(kept.values[:, :1])
    channels = torch.cat([kept.channels, torch.tensor([of])])
    values = torch.cat([kept.values, ones], 1).contiguous(memory_format=torch.channels_last_3d)
    return values, channels


def fold_upsampling(upsampling, norm):
    """Return the kernel of a decoder's upsampling with the normalisation before it."""
    return fold_transposed(fold_norm(upsampling.weight, norm, 0), upsampling.stride[0])


class CSNetPasses:
    """Passes of a trained `CSNet` with channel dropout on the CPU; see the module.

    Args:
        network: the network, in evaluation mode; its weights must not change afterwards.
    """

    @torch.no_grad()
    def __init__(self, network):
        self.network, self.constants = network, None
        n = network
        self.width = n.segmentation.in_channels
        self.first_down = fold_strided(n.down1[0].weight, 3)
        levels = ((n.encoder3, *n.down2), (n.encoder4, *n.down3), (n.bottleneck, *n.down4))
        self.encoders = [
            (fold_norm(block[0].weight, norm, 1), block[0].bias, block[2], pool)
            for block, pool, norm in levels
        ]
        decoders = (n.decoder4, n.decoder3, n.decoder2, n.decoder1)
        norms = (n.normalise_bottleneck, n.normalise4, n.normalise3, n.normalise2)
        self.decoders = [
            (fold_upsampling(decoder.upsampling[0], norm), decoder.upsampling[0].stride[0], decoder)
            for decoder, norm in zip(decoders, norms, strict=True)
        ]
        scale, shift = affine_of(n.normalise1)
        weight = n.segmentation.weight
        self.last_weight = weight * scale.reshape(1, -1, 1, 1, 1)
        self.last_bias = n.segmentation.bias + weight.flatten(1) @ shift

    @staticmethod
    def serves(network):
        """Return whether a network drops whole channels, segments, and is on the CPU."""
        return (
            all(isinstance(layer, nn.Dropout3d) for layer in network.dropout)
            and not network.classification_only
            and network.segmentation.weight.device.type == "cpu"
        )

    @torch.no_grad()
    def __call__(self, images, seeds):
        """Return the logits by task of image b of the batch with the masks of seed b."""
        passes = [self.one(images[b : b + 1], seed) for b, seed in enumerate(seeds)]
        return {task: torch.cat([logits[task] for logits in passes]) for task in passes[0]}

    def masks(self, seed):
        """Return the factors of all dropout layers, in the order in which a plain pass draws."""
        generator = [torch.Generator().manual_seed(seed)]
        levels = [self.width * 2**level for level in (0, 1, 2, 3, 4, 3, 2, 1, 0)]
        layers = zip(self.network.dropout, levels, strict=True)
        masks = [draw_mask(layer, (1, c, 1, 1, 1), generator).flatten() for layer, c in layers]
        return masks, draw_mask(self.network.head[0], (1, sum(levels)), generator)

    def prepare(self, images):
        """Return the `Constants` of a case; those of the last case are cached."""
        if self.constants is None or not torch.equal(self.constants.images, images):
            self.constants = None  # never keep two cases in memory
            images = images.contiguous(memory_format=torch.channels_last_3d).clone()
            convolution, width = self.network.encoder1[0], self.width
            a1 = convolve(images, convolution.weight, convolution.bias, 1).relu_()
            down1, shape = self.first_downsampling(a1)
            skip = self.network.decoder1.merging[0].weight[:, width:]
            skip1 = convolve(a1, skip, padding=1)
            self.constants = Constants(images, a1, a1.amax((0, 2, 3, 4)), down1, shape, skip1)
        return self.constants

    def first_downsampling(self, a1):
        """Return what each channel of a1 adds to the first downsampling, see `Constants`."""
        weight = self.first_down
        weight = weight.reshape(len(weight), 27, self.width, *weight.shape[2:])
        parts = [
            last(convolve_strided(a1[:, c : c + 1], weight[:, :, c], None, 9, 3, 4))
            for c in range(self.width)
        ]
        return torch.cat(parts).flatten(1), parts[0].shape

    def one(self, images, seed):
        """Return the logits of one pass of one case (1, modalities, X, Y, Z)."""
        masks, of_head = self.masks(seed)
        constants = self.prepare(images)
        encoded = self.encode(constants, masks[:5])
        decoded = self.decode(constants, encoded, masks)
        d1 = decoded[-1]
        segmentation = convolve(d1.values, self.last_weight[:, d1.channels], self.last_bias)
        pooled = [constants.maxima * masks[0]]
        for kept, mask in zip([*encoded, *decoded], masks[1:], strict=True):
            pooled.append(torch.zeros_like(mask))
            pooled[-1][kept.channels] = kept.values.amax((0, 2, 3, 4))
        features = self.network.standardise(torch.cat(pooled)[None])
        shared = self.network.head[1:](features * of_head)
        of_tasks = {task: layer(shared) for task, layer in self.network.subtypes.items()}
        return {"segmentation": segmentation, **of_tasks}

    @staticmethod
    def produce(x, convolution, mask):
        """Return what dropout by `mask` keeps of relu(convolution(x)).

        The factors go into the kernel, since relu(s x) = s relu(x) for s >= 0.
        """
        channels = kept_by(mask)
        factors = mask[channels]
        weight = convolution.weight[channels] * factors.reshape(-1, 1, 1, 1, 1)
        bias = convolution.bias[channels] * factors
        return Kept(convolve(x, weight, bias, 1).relu_(), channels)

    def encode(self, constants, masks):
        """Return the feature maps of the levels below the first."""
        x = (masks[0] @ constants.down1).reshape(constants.shape1)
        x = first(x) + self.network.down1[0].bias.reshape(1, -1, 1, 1, 1)
        x = self.network.down1[2](x.relu_())
        block = self.network.encoder2
        x = convolve(x, block[0].weight, block[0].bias, 1).relu_()
        levels = [self.produce(x, block[2], masks[1])]
        for (weight, bias, second, pool), mask in zip(self.encoders, masks[2:], strict=True):
            pooled = levels[-1]._replace(values=pool(levels[-1].values))
            x, inputs = with_ones(pooled, weight.shape[1] - 1)
            x = convolve(x, weight[:, inputs], bias, 1).relu_()
            levels.append(self.produce(x, second, mask))
        return levels

    def decode(self, constants, encoded, masks):
        """Return the feature maps of the decoders, full resolution last."""
        a2, a3, a4, coarse = encoded
        maps = []
        for (upsampling, stride, decoder), skip, mask in zip(
            self.decoders, (a4, a3, a2, None), masks[5:], strict=True
        ):
            shape = (skip.values if skip else constants.a1).shape[2:]
            up = self.upsample(coarse, upsampling, decoder.upsampling[0].bias, stride, shape)
            convolution = decoder.merging[0]
            if skip:
                x = self.merge(up, skip, convolution)
            else:
                x = self.merge_first(up, constants, masks[0], convolution)
            coarse = self.produce(x.relu_(), decoder.merging[2], mask)
            maps.append(coarse)
        return maps

    @staticmethod
    def upsample(coarse, folded, bias, stride, shape):
        """Return `coarse`, normalised, upsampled by a decoder's layer to `shape`."""
        x, inputs = with_ones(coarse, folded.shape[1] - 1)
        x = convolve_transposed(x, folded[:, inputs], bias, stride).relu_()
        if x.shape[2:] == shape:
            return x
        return functional.interpolate(x, shape, mode="trilinear", align_corners=False)

    @staticmethod
    def merge(up, skip, convolution):
        """Return the convolution of [up, skip]."""
        channels = torch.cat([torch.arange(up.shape[1]), up.shape[1] + skip.channels])
        x = torch.cat([up, skip.values], 1)
        return convolve(x, convolution.weight[:, channels], convolution.bias, 1)

    def merge_first(self, up, constants, mask, convolution):
        """Return the same for the first feature map, whose sum over all channels is known.

        If more channels are kept than dropped, the dropped ones are subtracted from that sum.
        """
        kept, scale = mask > 0, mask.max()
        subtract = bool(kept.float().mean() > 0.5)
        channels = (kept != subtract).nonzero().flatten()
        sign = -scale if subtract else scale
        picked = torch.zeros(len(kept), len(channels))
        picked[channels, torch.arange(len(channels))] = sign
        a1 = Kept(first(last(constants.a1) @ picked), channels)
        x = self.merge(up, a1, convolution)
        return x.add_(constants.skip1, alpha=float(scale)) if subtract else x
