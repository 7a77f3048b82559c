"""Where and how the networks run: device, memory layout, precision, threads."""

from contextlib import nullcontext

import numpy as np
import torch

SMALLEST_NORMAL = torch.finfo(torch.float32).tiny  # 1.2e-38; what is nearer to 0 is denormal
CHUNK = 2**15  # torch gives a thread no fewer elements than these


def choose_device(name):
    """Return the torch device: `auto` is CUDA where available, else the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def set_threads(threads):
    """Make torch use exactly `threads` CPU threads; more than the free cores is slow.

    They take denormal numbers as 0, as does the calling thread and every thread that it starts:
    processors are up to a hundred times slower on them. Call it before anything else of torch: a
    thread that torch has started already keeps what it had. What does not flush is printed.
    """
    np.finfo(np.float32), np.finfo(np.float64)  # numpy warns if it measures them later
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    if not flushes_denormals():
        print(
            "denormal numbers are not taken as 0: the processor cannot, or torch's threads ran "
            "before; networks may be slow"
        )


def flushes_denormals():
    """Return whether all of torch's CPU threads and this one give 0 for a denormal result."""
    numbers = torch.full((CHUNK * torch.get_num_threads(),), SMALLEST_NORMAL)
    halves = (numbers / 2).view(torch.int32)  # bits: a thread that flushes reads 0 in any case
    return not halves.any()


def autocast(device):
    """Return the context of mixed precision: bfloat16 on CUDA, float32 elsewhere."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def to_device(tensor, device):
    """Copy volumes (B, C, X, Y, Z) to `device`, channels last, which is faster to convolve."""
    return tensor.to(device, memory_format=torch.channels_last_3d, non_blocking=True)
