"""Train one network: seeded epochs, best weights by validation loss, resuming after a kill.

An epoch is a function of (weights, optimiser state, seed, epoch number): all randomness of
an epoch is derived from the seed and its number. A killed job that resumes from its last
checkpoint therefore ends with the same weights as an uninterrupted one.
"""

import copy
import time
from contextlib import closing, contextmanager
from functools import cached_property, partial

import numpy as np
import torch
from nibabel.affines import voxel_sizes
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from glioma_uq.devices import autocast, choose_device
from glioma_uq.errors import BadInput
from glioma_uq.overlap.masks import dice
from glioma_uq.sampling.mc_dropout import active_dropout, has_dropout, mean_of_passes
from glioma_uq.seeds import seed_for
from glioma_uq.subregions import in_region, regions_of
from glioma_uq.tasks import TASKS
from glioma_uq.training.augmentation import background_of, build_augmentation
from glioma_uq.training.auxiliary import sum_of_terms
from glioma_uq.training.batches import even_batches, prefetch, stack_cases
from glioma_uq.training.checkpoints import read_checkpoint, write_checkpoint
from glioma_uq.training.crops import check_crop, crop_case
from glioma_uq.training.losses import MultiTaskLoss
from glioma_uq.training.running_statistics import statistics_without_dropout
from glioma_uq.training.settings import build_optimiser

STATEFUL = ("network", "optimiser", "scheduler")
PROGRESS = ("curve", "best", "best_loss", "best_epoch")


def check_finite(loss, epoch):
    """Raise BadInput if the loss is not finite."""
    if not np.isfinite(loss):
        raise BadInput(
            f"expected a finite loss, found {loss} in epoch {epoch}: lower training.learning_rate "
            "or set training.gradient_clip."
        )


def masks_of(labels, classes):
    """Return the masks of class indices, by the column of the learning curve with their Dice."""
    masks = {"validation_dice": in_region(labels, "wt")}
    return masks | {
        f"validation_dice_{region}": in_region(labels, region) for region in regions_of(classes)
    }


class Trainer:
    """Train `network` on `training` cases and keep the weights with the lowest validation loss.

    Without validation cases that loss is NaN and all epochs are trained; `settings.weights` must
    be `last` and the schedule not `plateau`.

    Args:
        network: a module of the registry; one without segmentation learns only the tasks, one
            without tasks only the segmentation. Its `auxiliary` outputs in training are added to
            the loss, see `AuxiliaryWeights`.
        training, validation: lists of case ids of `dataset`, a `Dataset`.
        settings: `Settings`.
        seed: integer, the source of all randomness.
        workers: threads that load batches in the background; their number does not change the
            weights.
        tasks: the subtyping tasks of the network.
    """

    def __init__(
        self, network, dataset, training, validation, settings, seed, workers=0, tasks=tuple(TASKS)
    ):
        self.dataset, self.training, self.validation = dataset, training, validation
        self.settings, self.seed, self.workers = settings, seed, workers
        self.device = choose_device(settings.device)
        self.network = network.to(self.device, memory_format=torch.channels_last_3d)
        labels = dataset.labels(training)
        self.loss = MultiTaskLoss(
            {task: labels[task] for task in TASKS if task in tasks},
            settings.segmentation_loss,
            settings.segmentation_weight,
            settings.ce_weight,
            settings.class_weights,
        ).to(self.device)
        self.optimiser, self.scheduler = build_optimiser(network.parameters(), settings)
        first = dataset.load(training[0])
        check_crop(settings.crop, first.images.shape[1:])
        self.voxel_size_mm = float(voxel_sizes(first.affine)[0])  # of the grid, not the patient
        self.curve, self.best, self.best_loss, self.best_epoch = [], None, np.inf, 0

    @property
    def epoch(self):
        """Number of epochs done."""
        return len(self.curve)

    @property
    def weights(self):
        """The weights to keep, as a state dict."""
        return self.network.state_dict() if self.settings.weights == "last" else self.best

    @property
    def learning_rate(self):
        """The learning rate of the next step."""
        return self.optimiser.param_groups[0]["lr"]

    @cached_property
    def segments(self):
        """Whether any training case has a reference segmentation."""
        return any(self.dataset.has_segmentation(name) for name in self.training)

    def finished(self):
        """Return whether all epochs are done or training stops early, by the validation cases."""
        waited = self.epoch - self.best_epoch
        over = bool(self.validation) and waited >= self.settings.stopping_patience
        if self.settings.stopping == "smallest_learning_rate":
            over = over and self.learning_rate <= self.settings.smallest_learning_rate
        return over or self.epoch >= self.settings.epochs

    def run(self, checkpoint, identity):
        """Train to the end, from `checkpoint` if it has the same `identity`.

        Args:
            checkpoint: path of the file that is written after each epoch.
            identity: everything that determines the result, for json: settings, cases, seeds, code.
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
        if self.validation:
            print(f"best epoch {self.best_epoch}, validation loss {self.best_loss:.4f}")

    def run_epoch(self):
        """Train on every case once, validate, and return the new row of the learning curve."""
        epoch = self.epoch + 1
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(seed_for(self.seed, "dropout", epoch))
            trained = self.fit(epoch)
        validation_loss, dices = self.validate()
        if self.validation:
            check_finite(validation_loss, epoch)
        learning_rate = self.learning_rate
        self.scheduler.step(*([validation_loss] if self.settings.schedule == "plateau" else []))
        if validation_loss < self.best_loss:
            self.best = copy.deepcopy(self.network.state_dict())
            self.best_loss, self.best_epoch = validation_loss, epoch
        row = {
            "epoch": epoch,
            "train_loss": trained.pop("train_loss"),
            "validation_loss": validation_loss,
            "validation_dice": dices.pop("validation_dice"),
            "learning_rate": learning_rate,
        }
        self.curve.append(row | dices | trained)
        return self.curve[-1]

    def fit(self, epoch):
        """Take one optimiser step for each batch; return the means over the cases of `step`.

        Of the norms of the gradient, the median and the largest of the steps; NaN without any.
        """
        self.network.train()
        rng = np.random.default_rng(seed_for(self.seed, "order", epoch))
        names = even_batches(self.training, self.settings.batch_size, rng)
        totals, norms = {}, []
        with closing(prefetch(partial(self.prepare, epoch=epoch), names, self.workers)) as batches:
            for batch in batches:
                parts = self.step(batch, epoch)
                check_finite(parts["train_loss"], epoch)
                norms += [parts.pop("gradient_norm")] if "gradient_norm" in parts else []
                for name, value in parts.items():
                    totals[name] = totals.get(name, 0.0) + value * len(batch.images)
        norms = norms or [float("nan")]
        return {
            "gradient_norm": float(np.median(norms)),
            "largest_gradient_norm": float(np.max(norms)),
            **{name: total / len(self.training) for name, total in totals.items()},
        }

    def step(self, batch, epoch):
        """Take one step; return the loss before it and any auxiliary terms and their weights.

        `gradient_norm` is that of the whole gradient before it is clipped.
        """
        self.optimiser.zero_grad(set_to_none=True)
        loss, logits = self.batch_loss(batch.to(self.device))
        terms, logged = logits.get("auxiliary", {}), {}
        auxiliary = sum_of_terms(terms)
        if auxiliary is not None:
            of_labels, of_auxiliary = self.settings.auxiliary.at(epoch, self.settings.epochs)
            loss = of_labels * loss + of_auxiliary * auxiliary
            logged = {"weight_labels": of_labels, "weight_auxiliary": of_auxiliary}
        if loss.requires_grad:  # not for a batch without any label or segmentation
            loss.backward()
            learned = [p for p in self.network.parameters() if p.grad is not None]
            norm = get_total_norm([p.grad for p in learned])
            if largest := self.settings.gradient_clip:
                clip_grads_with_norm_(learned, largest, norm)
            self.optimiser.step()
            logged["gradient_norm"] = float(norm)
        logged |= {f"auxiliary_{name}": float(term.detach()) for name, term in terms.items()}
        return {"train_loss": float(loss.detach()), **logged}

    def prepare(self, names, epoch=None):
        """Return the `Batch` of these cases, augmented for `epoch`; without `epoch` as they are."""
        cases = [self.dataset.load(name) for name in names]
        if epoch is not None:
            cases = [self.augment(case, epoch) for case in cases]
        return stack_cases(cases, pinned=self.device.type == "cuda")

    def augment(self, case, epoch):
        """Return the case augmented and then cropped, so that rotation leaves no empty corners.

        Both depend on (seed, epoch, case) alone.
        """
        kept = [i for i, name in enumerate(self.dataset.modalities) if name == "t1ce"]
        augmentation = build_augmentation(self.settings.augmentation, self.voxel_size_mm, kept)
        augmentation.set_random_state(seed_for(self.seed, case.name, epoch) % 2**32)
        mask = torch.zeros_like(case.images[:1]) if case.tumour is None else case.tumour
        volumes = augmentation(
            {"images": case.images, "mask": mask, "background": background_of(case)}
        )
        tumour = None if case.tumour is None else volumes["mask"].as_subclass(torch.Tensor)
        images = volumes["images"].as_subclass(torch.Tensor)
        rng = np.random.default_rng(seed_for(self.seed, "crop", case.name, epoch))
        return crop_case(case._replace(images=images, tumour=tumour), self.settings.crop, rng)

    def batch_loss(self, batch):
        """Return the loss of a batch and the network's logits."""
        with autocast(self.device):
            logits = self.network(batch.images)
        return self.score(logits, batch), logits

    def score(self, logits, batch):
        """Return the loss of logits of a batch."""
        scored = dict(logits)
        if "segmentation" in logits:
            if not self.segments:
                raise BadInput(
                    "expected a reference segmentation of at least one training case for a network "
                    "that segments, found none: set segmentation to none."
                )
            scored["segmentation"] = (
                None if batch.tumour is None else logits["segmentation"][batch.has_segmentation]
            )
        return self.loss(scored, batch.tumour, batch.labels)

    @contextmanager
    def judged(self):
        """Yield the function (images, names of the cases) -> logits that validation judges.

        It is the mean of `validation_passes` passes with dropout active, of the same masks in
        every epoch; without such passes, or without dropout, one pass with dropout inactive.
        """
        passes = self.settings.validation_passes
        if not passes or not has_dropout(self.network):
            self.network.eval()
            yield lambda images, names: self.network(images)
            return

        def seeds(names, number):
            return [seed_for(self.seed, "validation", name, number) for name in names]

        with active_dropout(self.network) as forward:
            yield lambda images, names: mean_of_passes(
                forward(images, seeds(names, number)) for number in range(1, passes + 1)
            )

    @torch.no_grad()
    def validate(self, cases=None):
        """Return mean loss and mean Dice by column of the validation cases, or of others.

        See `judged`. Both are NaN without cases, and Dice if the network or all cases lack a
        segmentation. If training uses crops, whole volumes are validated one at a time to save
        memory.
        """
        cases = self.validation if cases is None else cases
        if not cases:
            return float("nan"), {"validation_dice": float("nan")}
        size = self.settings.batch_size if self.settings.crop.size is None else 1
        names = even_batches(cases, size)
        total, dices = 0.0, {"validation_dice": []}
        loaded = closing(prefetch(self.prepare, names, self.workers))
        with loaded as batches, self.judged() as predict:
            for part, batch in zip(names, batches, strict=True):
                there = batch.to(self.device)
                with autocast(self.device):
                    logits = predict(there.images, part)
                total += float(self.score(logits, there)) * len(batch.images)
                if "segmentation" in logits and batch.tumour is not None:
                    classes = logits["segmentation"].shape[1]
                    predicted = logits["segmentation"].argmax(1).cpu()[batch.has_segmentation]
                    reference = masks_of(batch.tumour[:, 0], classes)
                    for name, masks in masks_of(predicted, classes).items():
                        dices.setdefault(name, []).extend(map(dice, masks, reference[name]))
        means = {name: float(np.mean(x)) if x else float("nan") for name, x in dices.items()}
        return total / len(cases), means

    def statistics_without_dropout(self):
        """Return the buffers of the kept weights for inference with dropout inactive.

        See the function of that name; {} for a network without dropout of a rate above 0, which
        needs no others. Cases are loaded as for validation, in batches as in training.
        """
        if not has_dropout(self.network):
            return {}
        self.network.load_state_dict(self.weights)
        size = self.settings.batch_size if self.settings.crop.size is None else 1
        rng = np.random.default_rng(seed_for(self.seed, "statistics"))
        names = even_batches(self.training, size, rng)

        def batches():
            with closing(prefetch(self.prepare, names, self.workers)) as loaded:
                yield from (batch.to(self.device).images for batch in loaded)

        return statistics_without_dropout(self.network, batches)

    def save(self, checkpoint, identity):
        """Write all that the next epoch depends on."""
        stateful = {name: getattr(self, name).state_dict() for name in STATEFUL}
        progress = {name: getattr(self, name) for name in PROGRESS}
        write_checkpoint(checkpoint, identity, stateful | progress)

    def resume(self, checkpoint, identity):
        """Continue from `checkpoint` if it has the same identity."""
        state = read_checkpoint(checkpoint, identity, self.device)
        if state is None:
            return
        for name in STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        for name in PROGRESS:
            setattr(self, name, state[name])
        print(f"continuing after epoch {self.epoch}")
