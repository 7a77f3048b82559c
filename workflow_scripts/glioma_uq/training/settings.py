"""How a network is trained: the settings, the optimiser, the schedule of its learning rate."""

from dataclasses import dataclass, field

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, PolynomialLR, ReduceLROnPlateau

from glioma_uq.training.augmentation import MC_DROPOUT
from glioma_uq.training.auxiliary import AuxiliaryWeights
from glioma_uq.training.crops import Crop


@dataclass(frozen=True)
class Settings:
    """How a network is trained; the defaults are those of the Monte Carlo dropout study's code.

    Attributes:
        epochs: largest number.
        batch_size: cases in one step.
        learning_rate, weight_decay: of Adam.
        amsgrad: whether Adam divides by the largest second moment so far.
        schedule: `plateau` multiplies the learning rate by `plateau_factor`, but not below
            `smallest_learning_rate`, if the validation loss has not fallen for
            `plateau_patience` epochs; `cosine` lowers it to that over all epochs; `poly`
            multiplies it by (1 - e / epochs)^0.9 after e epochs.
        stopping_patience: epochs without a new lowest validation loss after which training ends.
        stopping: with `patience` training ends then; with `smallest_learning_rate` (the public
            code of the paper) only once the learning rate is at its smallest.
        gradient_clip: largest norm of the gradient; None for no clipping.
        segmentation_loss: `dice`, or `dice_ce` for Dice and voxel-wise cross-entropy, or
            `generalised_dice` for generalised Dice (Sudre et al.) and voxel-wise cross-entropy.
        ce_weight: weight of that cross-entropy.
        segmentation_weight: weight of the segmentation term in the loss; each task has about 1.
        auxiliary, crop: `AuxiliaryWeights` and `Crop`, or dicts of their attributes; validation
            uses whole volumes.
        weights: which weights are kept, those of the `best` epoch or of the `last`.
        augmentation: names of the transforms of training cases, see `build_augmentation`.
        device: auto, cpu or cuda.
    """

    epochs: int = 150
    batch_size: int = 4
    learning_rate: float = 1e-5
    weight_decay: float = 1e-5
    amsgrad: bool = False
    schedule: str = "plateau"
    plateau_factor: float = 0.25
    plateau_patience: int = 5
    smallest_learning_rate: float = 1e-11
    stopping_patience: int = 20
    stopping: str = "patience"
    gradient_clip: float | None = None
    segmentation_loss: str = "dice"
    ce_weight: float = 1.0
    segmentation_weight: float = 1.0
    auxiliary: AuxiliaryWeights = field(default_factory=AuxiliaryWeights)
    crop: Crop = field(default_factory=Crop)
    weights: str = "best"
    augmentation: tuple = MC_DROPOUT
    device: str = "auto"

    def __post_init__(self):
        for name, kind in (("auxiliary", AuxiliaryWeights), ("crop", Crop)):
            if isinstance(given := getattr(self, name), dict):
                object.__setattr__(self, name, kind(**given))


def build_optimiser(parameters, settings):
    """Return Adam on these parameters, and the scheduler of its learning rate."""
    optimiser = torch.optim.Adam(
        parameters,
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        amsgrad=settings.amsgrad,
        fused=True,
    )
    smallest = settings.smallest_learning_rate
    if settings.schedule == "cosine":
        return optimiser, CosineAnnealingLR(optimiser, settings.epochs, eta_min=smallest)
    if settings.schedule == "poly":
        return optimiser, PolynomialLR(optimiser, settings.epochs, power=0.9)  # as DMFNet's code
    return optimiser, ReduceLROnPlateau(
        optimiser,
        factor=settings.plateau_factor,
        patience=settings.plateau_patience,
        min_lr=smallest,
        eps=0.0,  # torch's 1e-8 would keep the rate from falling below 1e-8
    )
