"""Does the network ever wait for its data, and what does a plain MONAI loop take?

Random volumes on disk, CSNet at half width, batches of 2. Round after round: our steps (cached
volumes, augmentation, transfer, forward, backward, optimiser), each followed by forward and
backward alone on the same batch; then a plain loop with MONAI's DataLoader that reads the same
files anew, changes them in the same ways, and leaves memory layout and optimiser as they come.
The stall is the share of our step that is neither forward nor backward. Sums are over the
steps of all rounds after a warm-up of each kind.

    python benchmarks/train_step.py        wall clock, two threads, the plain loop reads beside it
    python benchmarks/train_step.py cpu    seconds of CPU, one thread: for a busy machine
"""

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow_scripts"))
BUSY = sys.argv[1:] == ["cpu"]
THREADS, READERS, clock = (1, 0, time.process_time) if BUSY else (2, 1, time.perf_counter)
EDGE, WIDTH, RATE = 64, 16, 0.25
CASES, BATCH_SIZE, ROUNDS = 6, 2, 3
MODALITIES = ["t1", "t1ce", "t2", "flair"]
VOXEL_MM = 2.0
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import monai.data as plain
import nibabel
import numpy as np
import pandas as pd
import torch
from monai.transforms import (
    Compose,
    ConcatItemsd,
    EnsureChannelFirstd,
    LoadImaged,
    SelectItemsd,
)

from glioma_uq.dataset import Dataset
from glioma_uq.networks import build_network
from glioma_uq.training.augmentation import MC_DROPOUT, build_augmentation
from glioma_uq.training.losses import MultiTaskLoss
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer


def write_cases(folder):
    """Write noise as normalised cases; return their table."""
    rng, affine = np.random.default_rng(0), np.diag([VOXEL_MM] * 3 + [1])
    names = [f"case-{number:02d}" for number in range(CASES)]
    for name in names:
        (folder / name).mkdir()
        for modality in MODALITIES:
            voxels = rng.standard_normal((EDGE,) * 3, dtype=np.float32)
            nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / name / f"{modality}.nii.gz")
        for mask in ("brain_mask", "segmentation"):
            voxels = np.zeros((EDGE,) * 3, np.uint8)
            voxels[16:32, 16:32, 16:32] = 1
            nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / name / f"{mask}.nii.gz")
    grades = [2 + number % 3 for number in range(CASES)]
    return pd.DataFrame({"case": names, "idh": [0, 1] * (CASES // 2), "1p19q": -1, "grade": grades})


def new_network():
    """Return CSNet with the same weights every time."""
    torch.manual_seed(0)
    return build_network("csnet", width=WIDTH, rate=RATE)


def seconds(work):
    """Return how long `work` takes, and its result."""
    began = clock()
    result = work()
    return clock() - began, result


def time_ours(trainer, epoch):
    """Return the seconds of our steps, and of forward and backward alone on the same batches."""
    trainer.network.train()
    ours, alone = [], []
    for start in range(0, CASES, BATCH_SIZE):
        names = trainer.training[start : start + BATCH_SIZE]
        ready, batch = seconds(lambda names=names: trainer.prepare(names, epoch))
        step, _ = seconds(lambda batch=batch: trainer.step(batch, epoch))
        batch = batch.to(trainer.device)
        trainer.optimiser.zero_grad(set_to_none=True)
        network, _ = seconds(lambda batch=batch: trainer.batch_loss(batch)[0].backward())
        ours.append(ready + step)
        alone.append(network)
    return ours, alone


def plain_loader(folder, table):
    """Return MONAI's DataLoader over the files, with the same random changes."""
    files = [
        {m: folder / row["case"] / f"{m}.nii.gz" for m in MODALITIES}
        | {"mask": folder / row["case"] / "segmentation.nii.gz"}
        | {"idh": row["idh"], "1p19q": row["1p19q"], "grade": row["grade"] - 2}
        for row in table.to_dict("records")
    ]
    transform = Compose(
        [
            LoadImaged([*MODALITIES, "mask"]),
            EnsureChannelFirstd([*MODALITIES, "mask"]),
            ConcatItemsd(MODALITIES, "images"),
            SelectItemsd(["images", "mask", "idh", "1p19q", "grade"]),
            *build_augmentation(MC_DROPOUT, VOXEL_MM).transforms,
        ]
    )
    return plain.DataLoader(
        plain.Dataset(files, transform), batch_size=BATCH_SIZE, shuffle=True, num_workers=READERS
    )


def time_plain(loader, network, loss, optimiser):
    """Return the seconds of each step of a plain loop, waiting for the data included."""
    network.train()
    steps, began = [], clock()
    for batch in loader:
        optimiser.zero_grad()
        logits = network(batch["images"])
        labels = {task: batch[task] for task in ("idh", "1p19q", "grade")}
        value = loss(logits, batch["mask"], labels)
        value.backward()
        optimiser.step()
        value.item()
        steps.append(clock() - began)
        began = clock()
    return steps


def main():
    """Time all three and print the stall and the ratio."""
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        table = write_cases(Path(folder))
        dataset = Dataset(folder, table, MODALITIES, keep_in_memory=True)
        names, settings = table["case"].tolist(), Settings(batch_size=BATCH_SIZE, device="cpu")
        trainer = Trainer(new_network(), dataset, names, names[:1], settings, seed=1)
        network = new_network()
        loss = MultiTaskLoss(dataset.labels(names))
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-5, weight_decay=1e-5)
        loader = plain_loader(Path(folder), table)
        ours, alone, theirs = [], [], []
        for epoch in range(1, ROUNDS + 1):
            own, only = time_ours(trainer, epoch)
            other = time_plain(loader, network, loss, optimiser)
            first = 1 if epoch == 1 else 0  # the first step of each kind warms up
            ours += own[first:]
            alone += only[first:]
            theirs += other[first:]
            print(
                f"round {epoch}: ours {np.mean(own):.2f} s a step, forward and backward alone "
                f"{np.mean(only):.2f} s, plain loop {np.mean(other):.2f} s",
                flush=True,
            )
    stall, ratio = 1 - sum(alone) / sum(ours), sum(theirs) / sum(ours)
    print(f"stall {100 * stall:.1f} %, plain loop {ratio:.2f} times ours")


if __name__ == "__main__":
    main()
