"""Where and how the networks run: device, memory layout, precision, threads."""

from contextlib import nullcontext

import torch


def choose_device(name):
    """Return the torch device: `auto` is CUDA where available, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def set_threads(threads):
    """Make torch use exactly `threads` CPU threads; more than the free cores is slow."""
    torch.set_num_threads(threads)


def autocast(device):
    """Return the context of mixed precision: bfloat16 on CUDA, float32 elsewhere."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def to_device(tensor, device):
    """Copy volumes (B, C, X, Y, Z) to `device`, channels last, which is faster to convolve."""
    return tensor.to(device, memory_format=torch.channels_last_3d, non_blocking=True)
