"""The sampler's peak memory should not grow with cases or passes.

Samples --cases and a tenth of them with --passes and a tenth of them. Each combination runs in
a new process, on random volumes, and reports its peak resident memory.

    python benchmarks/sampler_memory.py [--cases 40] [--passes 100] [--quick]

Last line: `smallest 402.9 MiB, largest 419.7 MiB, ratio 1.042`
"""

import tempfile
from itertools import product
from pathlib import Path

import harness

EDGE = 32  # voxels
BATCH_SIZE = 10


class RandomCases:
    """Cases of random noise, made on demand."""

    def load(self, name):
        import torch

        from glioma_uq.dataset import Case

        generator = torch.Generator().manual_seed(int(name))
        shape = (EDGE, EDGE, EDGE)
        images = torch.randn((4, *shape), generator=generator)
        brain = torch.ones(shape, dtype=torch.bool)
        return Case(name, images, brain, (images[:1] > 1).float(), {})


def sample(cases, passes):
    """Sample `cases` cases as the rule does; return the peak resident memory in MiB."""
    import torch

    from glioma_uq.devices import set_threads
    from glioma_uq.networks import build_network
    from glioma_uq.sampling.acceleration import accelerate, keep_freed_memory
    from glioma_uq.sampling.case_files import Plan, sample_cases
    from glioma_uq.tables import append_rows

    set_threads(1)
    torch.manual_seed(0)
    keep_freed_memory()
    network = accelerate(build_network("csnet", width=1, rate=0.4, dropout="element"))
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan([passes // 2, passes], BATCH_SIZE, torch.device("cpu"), folder, [])
        names = [str(number) for number in range(cases)]
        for _, record in sample_cases("mc-dropout", [network], RandomCases(), names, plan, 1):
            append_rows(record.probabilities, Path(folder, "probabilities.csv"))
            append_rows(record.segmentation, Path(folder, "segmentation.csv"))
    return harness.peak_mb()


def main():
    """Print the peak of each combination, and the ratio of the largest to the smallest."""
    options = harness.parser_of(__doc__, cases=(40, 10), passes=(100, 20)).parse_args()
    peaks = []
    for cases, passes in product(*((most // 10, most) for most in (options.cases, options.passes))):
        peaks.append(harness.in_a_new_process(sample, cases, passes))
        print(f"{cases:3d} cases, T = {passes:3d}: peak {peaks[-1]:.1f} MiB", flush=True)
    low, high = min(peaks), max(peaks)
    print(f"smallest {low:.1f} MiB, largest {high:.1f} MiB, ratio {high / low:.3f}")


if __name__ == "__main__":
    harness.run(main)
