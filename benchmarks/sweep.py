"""Speed-up of a sweep over T = 10, 20, ..., 100 compared with the plain algorithm.

Both sample CSNet at full width with dropout of whole channels, in float32, for the same
cells (p, T), with the same weights, random volume and masks.

Plain, as in public code: for each T, T new passes over all cases in torch's default memory
layout, each softmax to numpy; entropies in numpy at the end. That is 550 passes per case of
equal cost: `PLAIN_PASSES` are timed and scaled up, and so are entropies.

Ours, as in the sampler: 100 passes per case, running sums in float64, maps at every T. The cost
of a pass depends on its masks: `OUR_PASSES` are timed and scaled up. Work done once per network,
case or T is timed separately and added as often (that of the network in full, as if it had one
case).

The maps after `PLAIN_PASSES` passes are compared. The last line has the mean over the rates of
the ratio of the times, and the largest difference in any voxel of any map. On a shared
machine use --threads 1, which counts CPU seconds. The peak is the best of ten products of two
matrices with --product rows.

    python benchmarks/sweep.py [--threads 2] [--edge 96] [--width 32] [--product 3072] [--quick]

Last line: `ratio 13.92, largest difference 1.3e-06`
"""

import numpy as np
import torch
from harness import parser_of, run, timed
from scipy.special import entr

from glioma_uq.devices import set_threads
from glioma_uq.layers import convolutions
from glioma_uq.networks import build_network
from glioma_uq.sampling import csnet_passes
from glioma_uq.sampling.acceleration import accelerate, keep_freed_memory
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.sampling.samplers import open_sampler
from glioma_uq.sampling.voxel_uncertainty import VoxelUncertainty
from glioma_uq.seeds import seed_for
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

RATES = (0.2, 0.4, 0.6)
SWEEP = range(10, 101, 10)  # T
PLAIN_PASSES, OUR_PASSES = 4, 10
SEED, CASE = 1, "noise"


def make_network(rate, width):
    """Return a network of random weights whose voxels range from certain to uncertain."""
    torch.manual_seed(SEED)
    network = build_network("csnet", width=width, rate=rate).eval()
    with torch.no_grad():
        network.segmentation.weight.mul_(30)
    return network


def make_case(edge):
    """Return a random volume (1, 4, edge, edge, edge) in torch's default memory layout."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.randn((1, 4, edge, edge, edge), generator=generator)


def plain_maps(samples):
    """Return the maps by kind from all samples (T, classes, X, Y, Z), in numpy."""
    predictive = entr(samples.mean(0)).sum(0)
    aleatoric = entr(samples).sum(1).mean(0)
    return dict(
        zip(UNCERTAINTY_COMPONENTS, (predictive, aleatoric, predictive - aleatoric), strict=True)
    )


def run_plain(network, images):
    """Return the maps of `PLAIN_PASSES` passes and the seconds of a whole sweep of one case."""

    def one(number):
        logits = stochastic(images, [seed_for(SEED, CASE, number)])
        return torch.softmax(logits["segmentation"], 1)[0].numpy()

    with active_dropout(network) as stochastic:
        one(1)  # warm up
        samples_and_times = [
            timed(lambda number=t: one(number)) for t in range(1, PLAIN_PASSES + 1)
        ]
    samples = np.stack([sample for sample, _ in samples_and_times])
    maps, of_entropies = timed(lambda: plain_maps(samples))
    a_pass = np.mean([seconds for _, seconds in samples_and_times]) + of_entropies / PLAIN_PASSES
    return maps, sum(SWEEP) * a_pass


def run_ours(network, images):
    """Return the sampler's maps of `PLAIN_PASSES` passes, and its seconds of a whole sweep."""
    fast, of_network = timed(lambda: accelerate(network))
    sums, seconds = VoxelUncertainty(independent=True), []

    def one(number):
        (sample,) = sampler.draw(images, CASE, [number])
        sums.add(sample["segmentation"])

    def maps_of_sums():
        maps, _ = sums.maps()
        sums.corrected(maps)
        return maps

    with open_sampler("mc-dropout", [fast], SEED) as sampler:
        sampler.draw(images, CASE, [1])  # warm up
        fast.passes.constants = None
        _, of_case = timed(lambda: fast.passes.prepare(images))
        for number in range(1, OUR_PASSES + 1):
            seconds.append(timed(lambda number=number: one(number))[1])
            if number == PLAIN_PASSES:
                maps, of_maps = timed(maps_of_sums)
    whole = of_network + of_case + max(SWEEP) * np.mean(seconds) + len(SWEEP) * of_maps
    return {kind: values.numpy() for kind, values in maps.items()}, whole


def seconds_of_a_pass(network, images):
    """Return the time of the faster of two passes, after one to warm up."""
    with active_dropout(network) as stochastic:
        return min(
            [timed(lambda seed=seed: stochastic(images, [seed]))[1] for seed in range(3)][1:]
        )


def time_sources(network, images):
    """Print the seconds of a pass as optimisations are added one by one."""
    channels_last = images.contiguous(memory_format=torch.channels_last_3d)
    rewritten, skipping = accelerate(network), accelerate(network)
    del rewritten.passes
    print(f"one pass: plain {seconds_of_a_pass(network, images):.2f} s", end="", flush=True)
    print(f", channels last {seconds_of_a_pass(network, channels_last):.2f} s", end="", flush=True)
    print(
        f", layers rewritten {seconds_of_a_pass(rewritten, channels_last):.2f} s",
        end="",
        flush=True,
    )
    print(
        f", channels skipped {seconds_of_a_pass(skipping, channels_last):.2f} s", end="", flush=True
    )
    keep_freed_memory()
    print(f", freed memory kept {seconds_of_a_pass(skipping, channels_last):.2f} s", flush=True)


def peak(edge):
    """Return the machine's GFLOP/s in a product of two matrices (edge, edge), best of ten."""
    a = torch.randn(edge, edge)
    return 2 * edge**3 / min(timed(lambda: a @ a)[1] for _ in range(10)) / 1e9


def share_of_peak(network, images, peak):
    """Return the share of the peak that the convolutions of three of our passes reach."""
    flops, seconds = [], []

    def counted(x, weight, bias=None, padding=0):
        result, duration = timed(lambda: plain_convolve(x, weight, bias, padding))
        voxels = min(x[0, 0].numel(), result[0, 0].numel())
        flops.append(2 * len(x) * voxels * weight.numel())
        seconds.append(duration)
        return result

    plain_convolve = convolutions.convolve
    fast = accelerate(network)
    fast.passes.prepare(images)
    convolutions.convolve = csnet_passes.convolve = counted
    fast.passes(images.expand(3, -1, -1, -1, -1), [1, 2, 3])
    convolutions.convolve = csnet_passes.convolve = plain_convolve
    return sum(flops) / sum(seconds) / 1e9 / peak


def main():
    """Print the times of each rate, their mean ratio and the largest difference of any map."""
    sizes = {"threads": (2, 1), "edge": (96, 32), "width": (32, 4), "product": (3072, 512)}
    options = parser_of(__doc__, **sizes).parse_args()
    set_threads(options.threads)
    torch.set_grad_enabled(False)
    images, limit = make_case(options.edge), peak(options.product)
    networks = {rate: make_network(rate, options.width) for rate in RATES}
    print(
        f"CSNet of width {options.width}, {options.edge}³ voxels, {options.threads} threads, "
        f"peak {limit:.0f} GFLOP/s"
    )
    plain = {rate: run_plain(network, images) for rate, network in networks.items()}
    time_sources(networks[0.4], images)  # from here on freed memory is kept, as in our sampler
    ratios, differences = [], []
    for rate, network in networks.items():
        (expected, slow), (found, fast) = plain[rate], run_ours(network, images)
        ratios.append(slow / fast)
        differences += [
            np.abs(found[kind] - expected[kind]).max() for kind in UNCERTAINTY_COMPONENTS
        ]
        share = share_of_peak(network, images, limit)
        print(
            f"rate {rate}: plain {slow:.0f} s, ours {fast:.1f} s a case, "
            f"ratio {slow / fast:.2f}, our convolutions at {100 * share:.0f} % of the peak",
            flush=True,
        )
    print(f"ratio {np.mean(ratios):.2f}, largest difference {max(differences):.1e}")


if __name__ == "__main__":
    run(main)
