"""Stall of training while it waits for data, and the time of a plain MONAI loop.

Random volumes on disk, CSNet at half width, batches of 2. Each round times our steps (cached
volumes, augmentation, transfer, forward, backward, optimiser), each followed by forward and
backward alone on the same batch; then a plain loop with MONAI's DataLoader that reads the same
files again, with the same augmentation and the default memory layout and optimiser. The stall is
the share of our step that is neither forward nor backward. Sums are over the steps of all rounds
after a warm-up of each kind.

    python benchmarks/train_step.py [--threads 2] [--edge 64] [--width 16] [--rounds 3] [--quick]

With several threads: wall time, and the plain loop reads in parallel. With one thread, for a
shared machine: CPU time, and no parallel reading.

Last line: `stall 4.4 %, plain loop 1.38 times ours`
"""

import tempfile
from pathlib import Path

import monai.data as plain
import numpy as np
import pandas as pd
import torch
from harness import now, parser_of, run, timed
from monai.transforms import (
    Compose,
    ConcatItemsd,
    EnsureChannelFirstd,
    LoadImaged,
    SelectItemsd,
)

from glioma_uq.dataset import Dataset
from glioma_uq.devices import set_threads
from glioma_uq.images import Grid, write_image
from glioma_uq.networks import build_network
from glioma_uq.tables import read_table, write_table
from glioma_uq.training.augmentation import MC_DROPOUT, build_augmentation
from glioma_uq.training.losses import MultiTaskLoss
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer
from glioma_uq.transforms import write_matrix
from glioma_uq.volumes import CHECKSUM, checksum, volume_path

RATE, CASES, BATCH_SIZE = 0.25, 6, 2
MODALITIES = ["t1", "t1ce", "t2", "flair"]
VOXEL_MM = 2.0


def write_cases(folder, edge):
    """Write random normalised cases of edge³ voxels; return the path of their manifest."""
    rng, affine = np.random.default_rng(0), np.diag([VOXEL_MM] * 3 + [1])
    mask = np.zeros((edge,) * 3, np.uint8)
    mask[16:32, 16:32, 16:32] = 1
    manifest, rows = folder / "volumes.csv", []
    for number in range(CASES):
        volumes = {m: rng.standard_normal((edge,) * 3, dtype=np.float32) for m in MODALITIES}
        volumes |= {"brain_mask": mask, "segmentation": mask}
        row = {
            "case": f"case-{number:02d}",
            "idh": number % 2,
            "1p19q": -1,
            "grade": 2 + number % 3,
        }
        for name, voxels in volumes.items():
            write_image(volume_path(manifest, row["case"], name), voxels, Grid(mask.shape, affine))
        write_matrix(volume_path(manifest, row["case"], "t1ce_to_template"), np.eye(4))
        row["wt_mm3"] = mask.sum() * VOXEL_MM**3
        for name in (*volumes, "t1ce_to_template"):
            row[f"{name}{CHECKSUM}"] = checksum(volume_path(manifest, row["case"], name))
        rows.append(row)
    write_table(pd.DataFrame(rows), manifest)
    return manifest


def new_network(width):
    """Return CSNet with reproducible weights."""
    torch.manual_seed(0)
    return build_network("csnet", width=width, rate=RATE)


def time_ours(trainer, epoch):
    """Return the seconds of our steps, and of forward and backward alone on the same batches."""
    trainer.network.train()
    ours, alone = [], []
    for start in range(0, CASES, BATCH_SIZE):
        names = trainer.training[start : start + BATCH_SIZE]
        batch, ready = timed(lambda names=names: trainer.prepare(names, epoch))
        _, step = timed(lambda batch=batch: trainer.step(batch, epoch))
        batch = batch.to(trainer.device)
        trainer.optimiser.zero_grad(set_to_none=True)
        _, network = timed(lambda batch=batch: trainer.batch_loss(batch)[0].backward())
        ours.append(ready + step)
        alone.append(network)
    return ours, alone


def with_background(data):
    """Return a case with the background of its series, 0."""
    return {**data, "background": 0.0}


def plain_loader(manifest, table, readers):
    """Return MONAI's DataLoader over the files, with the same augmentation."""
    files = [
        {m: volume_path(manifest, row["case"], m) for m in MODALITIES}
        | {"mask": volume_path(manifest, row["case"], "segmentation")}
        | {"idh": row["idh"], "1p19q": row["1p19q"], "grade": row["grade"] - 2}
        for row in table.to_dict("records")
    ]
    transform = Compose(
        [
            LoadImaged([*MODALITIES, "mask"]),
            EnsureChannelFirstd([*MODALITIES, "mask"]),
            ConcatItemsd(MODALITIES, "images"),
            SelectItemsd(["images", "mask", "idh", "1p19q", "grade"]),
            with_background,
            *build_augmentation(MC_DROPOUT, VOXEL_MM).transforms,
        ]
    )
    return plain.DataLoader(
        plain.Dataset(files, transform), batch_size=BATCH_SIZE, shuffle=True, num_workers=readers
    )


def time_plain(loader, network, loss, optimiser):
    """Return the seconds of each step of a plain loop, including waiting for data."""
    network.train()
    steps, began = [], now()
    for batch in loader:
        optimiser.zero_grad()
        logits = network(batch["images"])
        labels = {task: batch[task] for task in ("idh", "1p19q", "grade")}
        value = loss(logits, batch["mask"], labels)
        value.backward()
        optimiser.step()
        value.item()
        steps.append(now() - began)
        began = now()
    return steps


def main():
    """Time all three and print the stall and the ratio."""
    sizes = {"threads": (2, 1), "edge": (64, 32), "width": (16, 4), "rounds": (3, 2)}
    options = parser_of(__doc__, **sizes).parse_args()
    set_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_cases(Path(folder), options.edge)
        dataset, table = Dataset(manifest, MODALITIES, keep_in_memory=True), read_table(manifest)
        names, settings = table["case"].tolist(), Settings(batch_size=BATCH_SIZE, device="cpu")
        trainer = Trainer(new_network(options.width), dataset, names, names[:1], settings, seed=1)
        network = new_network(options.width)
        loss = MultiTaskLoss(dataset.labels(names))
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-5, weight_decay=1e-5)
        loader = plain_loader(manifest, table, int(options.threads > 1))
        ours, alone, theirs = [], [], []
        for epoch in range(1, options.rounds + 1):
            own, only = time_ours(trainer, epoch)
            other = time_plain(loader, network, loss, optimiser)
            first = 1 if epoch == 1 else 0  # the first step of each kind warms up
            ours += own[first:]
            alone += only[first:]
            theirs += other[first:]
            print(
                f"round {epoch}: ours {np.mean(own):.2f} s per step, forward and backward alone "
                f"{np.mean(only):.2f} s, plain loop {np.mean(other):.2f} s",
                flush=True,
            )
    stall, ratio = 1 - sum(alone) / sum(ours), sum(theirs) / sum(ours)
    print(f"stall {100 * stall:.1f} %, plain loop {ratio:.2f} times ours")


if __name__ == "__main__":
    run(main)
