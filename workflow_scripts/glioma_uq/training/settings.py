"""How a network is trained: the settings, the optimiser, the schedule of its learning rate."""

from dataclasses import dataclass, field

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, PolynomialLR, ReduceLROnPlateau

from glioma_uq.training.augmentation import MC_DROPOUT
from glioma_uq.training.auxiliary import AuxiliaryWeights
from glioma_uq.training.crops import Crop


@dataclass(frozen=True)
class Settings:
    """The section `training` of a config; rules/config.schema.yaml describes each setting.

    The defaults are those of the Monte Carlo dropout study's code, but for `stopping` and
    `class_weights`. `auxiliary` and `crop` may be
    dicts of their attributes; validation uses whole volumes.
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
    class_weights: str = "balanced"
    auxiliary: AuxiliaryWeights = field(default_factory=AuxiliaryWeights)
    crop: Crop = field(default_factory=Crop)
    weights: str = "best"
    validation_passes: int = 0
    augmentation: tuple = MC_DROPOUT
    on_collapse: str = "report"
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
