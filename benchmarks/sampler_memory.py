"""Does the sampler's memory grow with cases or passes? It must not.

Each combination runs in a process of its own, on random volumes, and reports its peak
resident memory. The last line is the largest of the four, the smallest, and their ratio.

    python benchmarks/sampler_memory.py
"""

import os
import resource
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES, PASSES = (4, 40), (10, 100)
EDGE = 32  # voxels
BATCH_SIZE = 10


class RandomCases:
    """Cases of noise, made when they are asked for."""

    def load(self, name):
        import torch

        from glioma_uq.dataset import Case

        generator = torch.Generator().manual_seed(int(name))
        shape = (EDGE, EDGE, EDGE)
        images = torch.randn((4, *shape), generator=generator)
        brain = torch.ones(shape, dtype=torch.bool)
        return Case(name, images, brain, (images[:1] > 1).float(), {}, 1.0)


def sample(cases, passes):
    """Sample so many cases as the rule does; print the peak resident memory in MiB."""
    import torch

    from glioma_uq.networks import build_network
    from glioma_uq.sampling.acceleration import accelerate, keep_freed_memory
    from glioma_uq.sampling.case_files import Plan, sample_cases
    from glioma_uq.tables import append_rows

    torch.set_num_threads(1)
    torch.manual_seed(0)
    keep_freed_memory()
    network = accelerate(build_network("csnet", width=1, rate=0.4, dropout="element"))
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan([passes // 2, passes], BATCH_SIZE, torch.device("cpu"), folder, [])
        names = [str(number) for number in range(cases)]
        for _, record in sample_cases("mc-dropout", [network], RandomCases(), names, plan, 1):
            append_rows(record.probabilities, Path(folder, "probabilities.csv"))
            append_rows(record.segmentation, Path(folder, "segmentation.csv"))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak_of(cases, passes):
    """Return the peak resident memory in MiB of a process that samples so much."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow_scripts")}
    command = [sys.executable, __file__, str(cases), str(passes)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main():
    """Print the peak of each combination, and how far the largest is above the smallest."""
    peaks = {}
    for cases, passes in product(CASES, PASSES):
        peaks[cases, passes] = peak_of(cases, passes)
        print(f"{cases:3d} cases, T = {passes:3d}: peak {peaks[cases, passes]:.1f} MiB", flush=True)
    low, high = min(peaks.values()), max(peaks.values())
    print(f"smallest {low:.1f} MiB, largest {high:.1f} MiB, ratio {high / low:.3f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sample(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
