"""How a network is trained: the settings, and the schedule of the learning rate."""

from dataclasses import dataclass

import torch

from glioma_uq.augmentation import ALL


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
        stopping: `patience` ends it then, `smallest_learning_rate` (the public code of the
            paper) not before the learning rate is at its smallest.
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
    stopping: str = "patience"
    gradient_clip: float | None = None
    segmentation_loss: str = "dice"
    segmentation_weight: float = 1.0
    weights: str = "best"
    augmentation: tuple = ALL
    device: str = "auto"


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
        eps=0.0,  # torch's 1e-8 would never let the rate fall below that
    )
