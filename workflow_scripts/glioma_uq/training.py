"""Train one network: seeded epochs, best weights by validation loss, resume after a kill.

An epoch is a function of (weights, optimiser state, seed, epoch number): all randomness of
an epoch is derived from the seed and its number. A killed job that resumes from its last
checkpoint therefore ends with the same weights as an uninterrupted one.
"""

import copy
import time
from contextlib import closing
from functools import cached_property, partial

import numpy as np
import torch

from glioma_uq.augmentation import build_augmentation
from glioma_uq.batches import ahead, even_batches, stack_cases
from glioma_uq.checkpoints import read_checkpoint, write_checkpoint
from glioma_uq.devices import autocast, choose_device
from glioma_uq.errors import BadInput
from glioma_uq.losses import MultiTaskLoss
from glioma_uq.overlap import dice
from glioma_uq.seeds import seed_for
from glioma_uq.settings import build_schedule
from glioma_uq.tasks import TASKS, UNKNOWN


def check_finite(loss, epoch):
    """Refuse to go on with a loss that is not a number."""
    if not np.isfinite(loss):
        raise BadInput(
            f"expected a finite loss, found {loss} in epoch {epoch}: lower training.learning_rate "
            "or set training.gradient_clip."
        )


def check_labels(table, training):
    """Say which tasks no case has a label of; refuse one that only other cases have labels of.

    Args:
        table: one row for each case of the cohort, indexed by case, with a column a task.
        training: ids of the training cases.
    """
    for task in TASKS:
        known = table[task] != UNKNOWN
        if not known.any():
            print(f"no case has a label of {task}: its head stays untrained")
        elif not known[training].any():
            raise BadInput(
                f"expected labels of {task} among the {len(training)} training cases, found all "
                f"{known.sum()} among the others: use more folds, or leave these labels out."
            )


class Trainer:
    """Train `network` on `training` cases and keep the weights that fit `validation` best.

    Args:
        network: a module of the registry; one without segmentation learns the tasks alone.
        dataset: a `Dataset`.
        training, validation: lists of case ids.
        settings: `Settings`.
        seed: integer; all randomness follows from it.
        workers: threads that make batches ready while the network works on the one before;
            their number changes no weight.
    """

    def __init__(self, network, dataset, training, validation, settings, seed, workers=0):
        self.dataset, self.training, self.validation = dataset, training, validation
        self.settings, self.seed, self.workers = settings, seed, workers
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
        self.voxel_size_mm = dataset.load(training[0]).voxel_volume_mm3 ** (1 / 3)
        self.curve, self.best, self.best_loss, self.best_epoch = [], None, np.inf, 0

    @property
    def epoch(self):
        """Number of epochs done."""
        return len(self.curve)

    @property
    def weights(self):
        """The weights to keep, as a state dict."""
        return self.best if self.settings.weights == "best" else self.network.state_dict()

    @property
    def learning_rate(self):
        """The learning rate of the next step."""
        return self.optimiser.param_groups[0]["lr"]

    @cached_property
    def outlined(self):
        """Whether any training case has a reference segmentation."""
        return any(self.dataset.has_segmentation(name) for name in self.training)

    def finished(self):
        """Whether all epochs are done or patience is over."""
        over = self.epoch - self.best_epoch >= self.settings.stopping_patience
        if self.settings.stopping == "smallest_learning_rate":
            over = over and self.learning_rate <= self.settings.smallest_learning_rate
        return over or self.epoch >= self.settings.epochs

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
        check_finite(validation_loss, epoch)
        learning_rate = self.learning_rate
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
        names = even_batches(self.training, self.settings.batch_size, rng)
        total = 0.0
        with closing(ahead(partial(self.prepare, epoch=epoch), names, self.workers)) as batches:
            for batch in batches:
                loss = self.step(batch)
                check_finite(loss, epoch)
                total += loss * len(batch.images)
        return total / len(self.training)

    def step(self, batch):
        """Take one step of the optimiser; return the loss before it."""
        self.optimiser.zero_grad(set_to_none=True)
        loss, _ = self.batch_loss(batch.to(self.device))
        if loss.requires_grad:  # a batch without any label or outline teaches nothing
            loss.backward()
            if self.settings.gradient_clip:
                torch.nn.utils.clip_grad_norm_(
                    self.network.parameters(), self.settings.gradient_clip
                )
            self.optimiser.step()
        return float(loss.detach())

    def prepare(self, names, epoch=None):
        """Return the `Batch` of these cases, changed as in `epoch`, or as they are."""
        cases = [self.dataset.load(name) for name in names]
        if epoch is not None:
            cases = [self.changed(case, epoch) for case in cases]
        return stack_cases(cases, pinned=self.device.type == "cuda")

    def changed(self, case, epoch):
        """Return the augmented case; the change depends on (seed, epoch, case) alone."""
        augmentation = build_augmentation(self.settings.augmentation, self.voxel_size_mm)
        augmentation.set_random_state(seed_for(self.seed, case.name, epoch) % 2**32)
        mask = torch.zeros_like(case.images[:1]) if case.tumour is None else case.tumour
        volumes = augmentation({"images": case.images, "mask": mask})
        tumour = None if case.tumour is None else volumes["mask"].as_subclass(torch.Tensor)
        return case._replace(images=volumes["images"].as_subclass(torch.Tensor), tumour=tumour)

    def batch_loss(self, batch):
        """Return the loss of a batch and the network's logits."""
        with autocast(self.device):
            logits = self.network(batch.images)
        judged = dict(logits)
        if "segmentation" in logits:
            if not self.outlined:
                raise BadInput(
                    "expected a reference segmentation of at least one training case for a network "
                    "that outlines, found none: set its option classification_only."
                )
            has_tumour = batch.tumour is not None
            judged["segmentation"] = logits["segmentation"][batch.outlined] if has_tumour else None
        return self.loss(judged, batch.tumour, batch.labels), logits

    @torch.no_grad()
    def validate(self):
        """Return mean loss and mean Dice of the validation cases, dropout asleep.

        Dice is NaN without a segmentation, of the network or of any case.
        """
        self.network.eval()
        size = self.settings.batch_size
        names = [self.validation[at : at + size] for at in range(0, len(self.validation), size)]
        total, dices = 0.0, []
        with closing(ahead(self.prepare, names, self.workers)) as batches:
            for batch in batches:
                loss, logits = self.batch_loss(batch.to(self.device))
                total += float(loss) * len(batch.images)
                if "segmentation" in logits and batch.tumour is not None:
                    predicted = logits["segmentation"].argmax(1).cpu()[batch.outlined] > 0
                    dices += map(dice, predicted, batch.tumour[:, 0] > 0)
        mean_dice = float(np.mean(dices)) if dices else float("nan")
        return total / len(self.validation), mean_dice

    def save(self, checkpoint, identity):
        """Write all that the next epoch depends on."""
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "curve": self.curve,
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
        }
        write_checkpoint(checkpoint, identity, state)

    def resume(self, checkpoint, identity):
        """Go on from `checkpoint` where there is one of the same identity."""
        state = read_checkpoint(checkpoint, identity, self.device)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.curve, self.best = state["curve"], state["best"]
        self.best_loss, self.best_epoch = state["best_loss"], state["best_epoch"]
        print(f"going on after epoch {self.epoch}")
