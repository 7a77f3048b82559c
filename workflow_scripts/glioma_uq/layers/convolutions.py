"""Convolutions rewritten into cheaper, equal ones. Volumes are (B, C, X, Y, Z), channels last."""

import torch
from torch.nn import functional


def convolve(x, weight, bias=None, padding=0):
    """Return the convolution with stride 1 by oneDNN on the CPU, by torch elsewhere.

    torch itself takes a slow path on the CPU for one volume of few channels or voxels.
    """
    if x.device.type == "cpu" and torch.backends.mkldnn.is_available():
        weight = weight.contiguous(memory_format=torch.channels_last_3d)
        return torch.mkldnn_convolution(x, weight, bias, [padding] * 3, [1] * 3, [1] * 3, 1)
    return functional.conv3d(x, weight, bias, padding=padding)


def last(x):
    """Return (B, C, X, Y, Z) as (B, X, Y, Z, C), without a copy where channels are last."""
    return x.permute(0, 2, 3, 4, 1).contiguous()


def first(x):
    """Return (B, X, Y, Z, C) as (B, C, X, Y, Z), channels last."""
    return x.permute(0, 4, 1, 2, 3)


def space_to_depth(x, factor):
    """Make channels (phase x, y, z, channel) of the voxels of each block of `factor`³."""
    batch, channels, *shape = x.shape
    blocks = [n // factor for n in shape]
    split = [part for n in blocks for part in (n, factor)]
    x = last(x).reshape(batch, *split, channels).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return first(x.reshape(batch, *blocks, factor**3 * channels))


def depth_to_space(x, factor):
    """Undo `space_to_depth`."""
    batch, channels, *blocks = x.shape
    x = last(x).reshape(batch, *blocks, factor, factor, factor, channels // factor**3)
    x = x.permute(0, 1, 4, 2, 5, 3, 6, 7)
    return first(x.reshape(batch, *[n * factor for n in blocks], -1))


def fold_strided(weight, stride):
    """Return the kernel (O, stride³ C, m, m, m) that a strided one (O, C, k, k, k), k = m stride,
    becomes on `space_to_depth(x, stride)`."""
    outputs, channels, kernel = weight.shape[:3]
    split = [part for _ in range(3) for part in (kernel // stride, stride)]
    weight = weight.reshape(outputs, channels, *split).permute(0, 3, 5, 7, 1, 2, 4, 6)
    return weight.reshape(outputs, stride**3 * channels, *[kernel // stride] * 3)


def fold_transposed(weight, stride):
    """Return the kernel (stride³ O, C, m, m, m) that gives, before `depth_to_space`, what the
    transposed convolution of a kernel (C, O, k, k, k), k = m stride, gives."""
    channels, outputs, kernel = weight.shape[:3]
    split = [part for _ in range(3) for part in (kernel // stride, stride)]
    weight = weight.reshape(channels, outputs, *split).permute(3, 5, 7, 1, 0, 2, 4, 6)
    weight = weight.reshape(stride**3 * outputs, channels, *[kernel // stride] * 3)
    return weight.flip(2, 3, 4)


def affine_of(norm):
    """Return scale and shift (C,) of a batch normalisation in evaluation mode."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale


def fold_norm(weight, norm, inputs):
    """Fold a normalisation into the kernel after it, of which axis `inputs` is the channels'.

    The shift becomes one more input channel of ones: right at the borders too, where the
    kernel meets padding, and the same whatever channels are dropped.
    """
    scale, shift = affine_of(norm)
    shape = [-1 if axis == inputs else 1 for axis in range(weight.dim())]
    ones = (weight * shift.reshape(shape)).sum(inputs, keepdim=True)
    return torch.cat([weight * scale.reshape(shape), ones], inputs)


def convolve_strided(x, folded, bias, kernel, stride, padding):
    """Return the strided convolution of kernel size `kernel`, a multiple of the stride."""
    blocks = [(n + 2 * padding - kernel) // stride + kernel // stride for n in x.shape[2:]]
    pads = [(padding, stride * b - n - padding) for n, b in zip(x.shape[2:], blocks, strict=True)]
    padded = functional.pad(x, [end for pair in reversed(pads) for end in pair])
    return convolve(space_to_depth(padded, stride), folded, bias)


def convolve_transposed(x, folded, bias, stride):
    """Return the transposed convolution without padding, of a kernel folded to stride 1.

    `folded` comes from `fold_transposed`, `bias` has one value for each output channel.
    """
    bias = None if bias is None else bias.repeat(stride**3)
    phases = convolve(x, folded, bias, folded.shape[2] - 1)
    return depth_to_space(phases, stride)
