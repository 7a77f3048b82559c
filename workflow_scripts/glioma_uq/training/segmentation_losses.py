"""The segmentation terms of the loss, for any number of classes."""

import torch
from monai.losses import DiceCELoss, DiceLoss, GeneralizedDiceLoss
from torch.nn.functional import cross_entropy

SMOOTHING = 1e-12  # must be far below w_c Σ g = 1 / Σ g of the largest tumour; MONAI's 1e-5 is not


class GeneralisedDiceCELoss(torch.nn.Module):
    """Generalised Dice of the foreground classes c, and voxel-wise cross-entropy of all.

        L = 1 - 2 Σ_c w_c Σ p g / Σ_c w_c Σ (p + g) + ce_weight CE,   w_c = 1 / (Σ g)²

    The sums run over all voxels of the batch. A class that is absent from the batch gets the
    largest weight of the classes present; without any tumour the Dice term is 0 and has no effect.
    Source: Sudre et al., DLMIA 2017. The public code of DMFNet divides by (Σ g)² + ε instead,
    so that its loss is 1 for any prediction if one class is absent.

    Args:
        ce_weight: weight of the cross-entropy; 0 in the small-tumour study.
    """

    def __init__(self, ce_weight=1.0):
        super().__init__()
        self.ce_weight = ce_weight
        self.dice = GeneralizedDiceLoss(
            include_background=False,
            to_onehot_y=True,
            softmax=True,
            w_type="square",
            batch=True,
            smooth_nr=SMOOTHING,
            smooth_dr=SMOOTHING,
        )

    def forward(self, logits, target):
        """Return the loss of logits (B, classes, X, Y, Z) and class indices (B, 1, X, Y, Z)."""
        loss = self.dice(logits, target)
        if not self.ce_weight:
            return loss
        return loss + self.ce_weight * cross_entropy(logits, target[:, 0].long())


def build_segmentation_loss(name, ce_weight=1.0):
    """Return a loss: `dice`, or `dice_ce` or `generalised_dice` with weighted cross-entropy."""
    if name == "generalised_dice":
        return GeneralisedDiceCELoss(ce_weight)
    options = {"softmax": True, "include_background": True, "to_onehot_y": True}
    return DiceLoss(**options) if name == "dice" else DiceCELoss(**options, lambda_ce=ce_weight)
