"""Train one network: seeded epochs, best weights by validation loss, resume after a kill.

An epoch is a function of (weights, optimiser state, seed, epoch number): all randomness of
an epoch is derived from the seed and its number. A killed job that resumes from its last
checkpoint therefore ends with the same weights as an uninterrupted one.
"""

import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from glioma_uq.augmentation import ALL, build_augmentation
from glioma_uq.devices import autocast, choose_device, to_device
from glioma_uq.files import written_whole
from glioma_uq.losses import MultiTaskLoss
from glioma_uq.overlap import dice
from glioma_uq.seeds import seed_for
from glioma_uq.tasks import TASKS


@dataclass(frozen=True)
class Settings:
    """How a network is trained; the defaults are those of the public code of the paper.

    Attributes:
        epochs: largest number of passes over the training cases.
        batch_size: cases in one step of the optimiser.
        learning_rate, weight_decay: of Adam.
        schedule: `plateau` multiplies the learning rate by `plateau_factor`, but not below
            `smallest_learning_rate`, when the validation loss has not fallen for
            `plateau_patience` epochs; `cosine` lets it fall to that over all epochs.
        stopping_patience: epochs without a new lowest validation loss after which training ends.
        gradient_clip: largest norm of the gradient; None leaves it as it is.
        segmentation_loss: `dice`, or `dice_ce` for Dice and voxel-wise cross-entropy.
        segmentation_weight: weight of the segmentation term in the loss; each task has about 1.
        weights: which weights are kept, those of the `best` epoch or of the `last`.
        augmentation: names of the random changes of training cases (glioma_uq.augmentation).
        device: auto, cpu or cuda.
    """

    epochs: int = 150
    batch_size: int = 4
    learning_rate: float = 1e-5
    weight_decay: float = 1e-5
    schedule: str = "plateau"
    plateau_factor: float = 0.25
    plateau_patience: int = 5
    smallest_learning_rate: float = 1e-11
    stopping_patience: int = 20
    gradient_clip: float | None = None
    segmentation_loss: str = "dice"
    segmentation_weight: float = 1.0
    weights: str = "best"
    augmentation: tuple = ALL
    device: str = "auto"


def even_batches(cases, batch_size, rng):
    """Shuffle and split into batches of nearly equal size, of at most `batch_size` cases.

    A single case has no variance for batch normalisation, so where one would be left over
    (batches of 2, an odd number of cases), one batch holds three.
    """
    order = rng.permutation(np.asarray(cases, dtype=object))
    number = -(-len(order) // batch_size)
    if batch_size > 1 and 1 < len(order) < 2 * number:
        number -= 1
    return [list(part) for part in np.array_split(order, number)]


def stack_cases(cases, device):
    """Return a batch: images, tumour (of cases that have one), which have one, labels."""
    images = to_device(torch.stack([case.images for case in cases]), device)
    outlined = torch.tensor([case.tumour is not None for case in cases])
    tumour = [case.tumour for case in cases if case.tumour is not None]
    tumour = torch.stack(tumour).to(device) if tumour else None
    labels = {t: torch.stack([case.labels[t] for case in cases]).to(device) for t in TASKS}
    return images, tumour, outlined, labels


def build_schedule(optimiser, settings):
    """Return the scheduler of the learning rate that `settings.schedule` names."""
    if settings.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(
            optimiser, settings.epochs, eta_min=settings.smallest_learning_rate
        )
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser,
        factor=settings.plateau_factor,
        patience=settings.plateau_patience,
        min_lr=settings.smallest_learning_rate,
    )


class Trainer:
    """Train `network` on `training` cases and keep the weights that fit `validation` best.

    Args:
        network: a module of the registry.
        dataset: a `Dataset`.
        training, validation: lists of case ids.
        settings: `Settings`.
        seed: integer; all randomness follows from it.
    """

    def __init__(self, network, dataset, training, validation, settings, seed):
        self.dataset, self.training, self.validation = dataset, training, validation
        self.settings, self.seed = settings, seed
        self.device = choose_device(settings.device)
        self.network = network.to(self.device, memory_format=torch.channels_last_3d)
        self.loss = MultiTaskLoss(
            dataset.labels(training), settings.segmentation_loss, settings.segmentation_weight
        ).to(self.device)
        self.optimiser = torch.optim.Adam(
            network.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self.scheduler = build_schedule(self.optimiser, settings)
        voxel_size_mm = dataset.load(training[0]).voxel_volume_mm3 ** (1 / 3)
        self.augmentation = build_augmentation(settings.augmentation, voxel_size_mm)
        self.curve, self.best, self.best_loss, self.best_epoch = [], None, np.inf, 0

    @property
    def epoch(self):
        """Number of epochs done."""
        return len(self.curve)

    @property
    def weights(self):
        """The weights to keep, as a state dict."""
        return self.best if self.settings.weights == "best" else self.network.state_dict()

    def finished(self):
        """Whether all epochs are done or patience is over."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= self.settings.epochs or waited >= self.settings.stopping_patience

    def run(self, checkpoint, identity):
        """Train to the end, from `checkpoint` if it is one of the same `identity`.

        Args:
            checkpoint: path of the file that is written after each epoch.
            identity: anything that json can write and that settles the result: settings,
                cases, seeds, code. A checkpoint of another identity is not used.
        """
        self.resume(checkpoint, identity)
        began, done = time.monotonic(), self.epoch
        while not self.finished():
            row = self.run_epoch()
            self.save(checkpoint, identity)
            pace = (time.monotonic() - began) / (self.epoch - done)
            print(
                f"epoch {self.epoch} of at most {self.settings.epochs}: training loss "
                f"{row['train_loss']:.4f}, validation loss {row['validation_loss']:.4f}, "
                f"Dice {row['validation_dice']:.3f}, learning rate {row['learning_rate']:.1e}, "
                f"{pace:.1f} s an epoch, at most "
                f"{pace * (self.settings.epochs - self.epoch) / 60:.1f} min left"
            )
        print(f"best epoch {self.best_epoch}, validation loss {self.best_loss:.4f}")

    def run_epoch(self):
        """Train on every case once, validate, and return the new row of the learning curve."""
        epoch = self.epoch + 1
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed_for(self.seed, "dropout", epoch))
            train_loss = self.fit(epoch)
        validation_loss, validation_dice = self.validate()
        learning_rate = self.optimiser.param_groups[0]["lr"]
        self.scheduler.step(*([validation_loss] if self.settings.schedule == "plateau" else []))
        if validation_loss < self.best_loss:
            self.best = copy.deepcopy(self.network.state_dict())
            self.best_loss, self.best_epoch = validation_loss, epoch
        row = {
            "epoch": epoch,
            "train_loss": train_loss,
            "validation_loss": validation_loss,
            "validation_dice": validation_dice,
            "learning_rate": learning_rate,
        }
        self.curve.append(row)
        return row

    def fit(self, epoch):
        """Take one optimiser step for each batch; return the mean loss over the cases."""
        self.network.train()
        rng = np.random.default_rng(seed_for(self.seed, "order", epoch))
        total = 0.0
        for names in even_batches(self.training, self.settings.batch_size, rng):
            cases = [self.changed(self.dataset.load(name), epoch) for name in names]
            self.optimiser.zero_grad(set_to_none=True)
            loss, _ = self.batch_loss(cases)
            loss.backward()
            if self.settings.gradient_clip:
                torch.nn.utils.clip_grad_norm_(
                    self.network.parameters(), self.settings.gradient_clip
                )
            self.optimiser.step()
            total += float(loss.detach()) * len(cases)
        return total / len(self.training)

    def changed(self, case, epoch):
        """Return the augmented case; the change depends on (seed, epoch, case) alone."""
        self.augmentation.set_random_state(seed_for(self.seed, case.name, epoch) % 2**32)
        volumes = {"images": case.images}
        mask = torch.zeros_like(case.images[:1]) if case.tumour is None else case.tumour
        volumes = self.augmentation({**volumes, "mask": mask})
        tumour = None if case.tumour is None else volumes["mask"].as_subclass(torch.Tensor)
        return case._replace(images=volumes["images"].as_subclass(torch.Tensor), tumour=tumour)

    def batch_loss(self, cases):
        """Return the loss of a batch and the network's logits."""
        images, tumour, outlined, labels = stack_cases(cases, self.device)
        with autocast(self.device):
            logits = self.network(images)
        outlines = None if tumour is None else logits["segmentation"][outlined.to(self.device)]
        return self.loss({**logits, "segmentation": outlines}, tumour, labels), logits

    @torch.no_grad()
    def validate(self):
        """Return mean loss and mean Dice of the validation cases, dropout asleep."""
        self.network.eval()
        total, dices = 0.0, []
        for start in range(0, len(self.validation), self.settings.batch_size):
            names = self.validation[start : start + self.settings.batch_size]
            cases = [self.dataset.load(name) for name in names]
            loss, logits = self.batch_loss(cases)
            total += float(loss) * len(cases)
            predicted = logits["segmentation"].argmax(1).cpu() > 0
            dices += [
                dice(mask, case.tumour[0] > 0)
                for mask, case in zip(predicted, cases, strict=True)
                if case.tumour is not None
            ]
        mean_dice = float(np.mean(dices)) if dices else float("nan")
        return total / len(self.validation), mean_dice

    def save(self, checkpoint, identity):
        """Write all that the next epoch depends on."""
        state = {
            "identity": json.dumps(identity, sort_keys=True),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "curve": self.curve,
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
        }
        with written_whole(checkpoint) as path:
            torch.save(state, path)

    def resume(self, checkpoint, identity):
        """Go on from `checkpoint` where there is one of the same identity."""
        if not Path(checkpoint).exists():
            return
        state = torch.load(checkpoint, map_location=self.device, weights_only=True)
        if state["identity"] != json.dumps(identity, sort_keys=True):
            print(f"{checkpoint} is of another configuration, code or cohort: starting anew")
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.curve, self.best = state["curve"], state["best"]
        self.best_loss, self.best_epoch = state["best_loss"], state["best_epoch"]
        print(f"going on after epoch {self.epoch}")
