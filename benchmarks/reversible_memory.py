"""Peak memory of one training step of the reversible U-Net, with and without reversal.

One forward and one backward pass on random volumes, with activations stored by plain autograd
or recomputed by reversal, each in a new process. `depth` is the number of blocks at each level,
1 in the publication. The ratio is that of the two peaks. Freed arrays are returned to the system
(MALLOC_MMAP_THRESHOLD_): by default glibc keeps those below 32 MiB, and the peak would measure
its heap instead of live tensors.

    python benchmarks/reversible_memory.py [--depth 1] [--edge 96] [--width 24] [--quick]

Last line: `ratio 0.816`
"""

import os
import time

import harness


def step(reversal, depth, edge, width):
    """Run one step; return the peak memory before and after in MiB, and CPU seconds."""
    import torch

    from glioma_uq.devices import set_threads
    from glioma_uq.networks import build_network

    set_threads(1)
    torch.manual_seed(0)
    network = build_network("reversible-unet", width=width, depth=depth, reversal=reversal).train()
    images = torch.randn(1, 4, edge, edge, edge)
    before, began = harness.peak_mb(), time.process_time()
    network(images)["segmentation"].square().mean().backward()
    return before, harness.peak_mb(), time.process_time() - began


def main():
    """Print both peaks, their increase in the step, and the ratio of the peaks."""
    sizes = {"depth": (1, 1), "edge": (96, 32), "width": (24, 8)}
    options = harness.parser_of(__doc__, **sizes).parse_args()
    sizes = [getattr(options, name) for name in sizes]
    os.environ["MALLOC_MMAP_THRESHOLD_"] = str(2**20)
    peaks = {}
    for reversal in (False, True):
        before, peaks[reversal], seconds = harness.in_a_new_process(step, reversal, *sizes)
        print(
            f"{'reversal' if reversal else 'plain autograd'}: peak {peaks[reversal]:.0f} MiB, "
            f"{peaks[reversal] - before:.0f} MiB of it in the step; {seconds:.1f} s of CPU",
            flush=True,
        )
    print(f"ratio {peaks[True] / peaks[False]:.3f}")


if __name__ == "__main__":
    harness.run(main)
