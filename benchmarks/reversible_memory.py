"""What reversal saves: the peak memory of one training step of the reversible U-Net.

One forward and one backward pass on random volumes, with activations kept by plain autograd
and computed again by reversal, each in a process of its own. `depth` is the number of blocks
at each level, 1 in the publication. The last line is the ratio of both peaks. Large arrays
go back to the system when they are freed (MALLOC_MMAP_THRESHOLD_): left to itself, glibc keeps
those below 32 MiB, and the peak would tell of its heap instead of the tensors that live.

    python benchmarks/reversible_memory.py [depth]
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EDGE, WIDTH = 96, 24  # voxels, channels at full resolution


def resident():
    """Return the peak resident memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step(reversal, depth):
    """Take one step; print the peak memory before and after, and the seconds of CPU."""
    import torch

    from glioma_uq.networks import build_network

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build_network("reversible-unet", width=WIDTH, depth=depth, reversal=reversal).train()
    images = torch.randn(1, 4, EDGE, EDGE, EDGE)
    before, began = resident(), time.process_time()
    network(images)["segmentation"].square().mean().backward()
    print(before, resident(), time.process_time() - began)


def measure(reversal, depth):
    """Return what `step` prints in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "workflow_scripts"),
        "MALLOC_MMAP_THRESHOLD_": str(2**20),
    }
    command = [sys.executable, __file__, str(depth), str(int(reversal))]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [float(number) for number in done.stdout.split()]


def main(depth):
    """Print both peaks, what of them the step took, and the ratio of the peaks."""
    peaks = {}
    for reversal in (False, True):
        before, peaks[reversal], seconds = measure(reversal, depth)
        print(
            f"{'reversal' if reversal else 'plain autograd'}: peak {peaks[reversal]:.0f} MiB, "
            f"{peaks[reversal] - before:.0f} MiB of it in the step; {seconds:.1f} s of CPU",
            flush=True,
        )
    print(f"ratio {peaks[True] / peaks[False]:.3f}")


if __name__ == "__main__":
    depth, *child = [int(argument) for argument in sys.argv[1:] or [1]]
    step(bool(child[0]), depth) if child else main(depth)
