"""The multi-task loss: one term for the segmentation and one for each subtyping task.

    L = (w_s L_s + sum_t w_t CE_t) / (w_s + sum_t w_t),   w_t = N / N_known(t)
    CE_t = sum_i v_i CE_i / n,   v_i the weight of the class of case i

The sum is over the n cases of the batch with a known label: every case counts by the weight of its
class whatever the others of its batch, so that the classes' shares in an epoch are equal on
average. The authors' code divides by sum_i v_i instead, which cancels the weights in a batch of
one class. L_s is that of `build_segmentation_loss`, for any number of classes; the paper uses Dice.
A case with an unknown label drops out of that task's term only; the task's weight compensates
for it. A task without any label has weight 0, and a network without a segmentation has
w_s = 0. In the paper w_s = 1. Source: the public code of the Monte Carlo dropout study
(see docs/methods.md).
"""

import torch
from monai.losses import DiceCELoss, DiceLoss, GeneralizedDiceLoss
from torch.nn.functional import cross_entropy

from glioma_uq.tasks import TASKS, UNKNOWN

SMOOTHING = 1e-12  # must be far below w_c Σ g = 1 / Σ g of the largest tumour; MONAI's 1e-5 is not


class GeneralisedDiceCELoss(torch.nn.Module):
    """Generalised Dice of the foreground classes c, and voxel-wise cross-entropy of all.

        L = 1 - 2 Σ_c w_c Σ p g / Σ_c w_c Σ (p + g) + ce_weight CE,   w_c = 1 / (Σ g)²

    The sums run over all voxels of the batch. A class that is absent from the batch gets the
    largest weight of the classes present; without any tumour the Dice term is 0 and has no effect.
    Source: Sudre et al., DLMIA 2017. The public code of DMFNet divides by (Σ g)² + ε instead,
    so that its loss is 1 for any prediction if one class is absent. In the small-tumour study
    `ce_weight` is 0.
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


def class_weights(labels, classes):
    """Return "balanced" weights N / (K N_k), shape (classes,), of known class indices.

    K counts the classes that occur, so that the weights of the cases have the mean 1; a class that
    does not occur has weight 0.
    """
    known = labels[labels != UNKNOWN]
    counts = torch.bincount(known, minlength=classes).double()
    weights = len(known) / ((counts > 0).sum() * counts)
    return torch.where(counts > 0, weights, 0.0).float()


class MultiTaskLoss(torch.nn.Module):
    """The loss, with task weights from the labels of the *training* cases.

    Args:
        labels: class indices of all training cases by task, each (N,), -1 where unknown, for the
            tasks of the network, perhaps none.
        segmentation, ce_weight: of `build_segmentation_loss`.
        segmentation_weight: w_s.
        class_weighting: `balanced` divides CE_t by n, `authors` by the sum of v_i.
    """

    def __init__(
        self,
        labels,
        segmentation="dice",
        segmentation_weight=1.0,
        ce_weight=1.0,
        class_weighting="balanced",
    ):
        super().__init__()
        self.reduction = {"balanced": "sum", "authors": "mean"}[class_weighting]
        self.segmentation_weight = segmentation_weight
        self.segmentation = build_segmentation_loss(segmentation, ce_weight)
        self.task_weights = {}
        for task, values in labels.items():
            known = int((values != UNKNOWN).sum())
            self.task_weights[task] = len(values) / known if known else 0.0
            self.register_buffer(f"weights_{task}", class_weights(values, len(TASKS[task])))

    def forward(self, logits, segmentation, labels):
        """Return the loss of a batch; without any term it is a 0 that requires no gradient.

        Args:
            logits: by task, as networks return them, the segmentation's of the cases with a
                reference only; without `segmentation`, its term and weight are left out.
            segmentation, labels: `tumour` and `labels` of a `Batch`.
        """
        total = torch.zeros(())  # a scalar, so terms on a GPU can be added
        weights = sum(self.task_weights.values())
        if "segmentation" in logits:
            weights += self.segmentation_weight
            if segmentation is not None:
                term = self.segmentation(logits["segmentation"].float(), segmentation)
                total = total + self.segmentation_weight * term
        for task, weight in self.task_weights.items():
            target, of_classes = labels[task], getattr(self, f"weights_{task}")
            known = target != UNKNOWN
            # Without a known label whose class occurs in training the mean would be 0 / 0.
            if of_classes[target[known]].any():
                term = cross_entropy(
                    logits[task].float(),
                    target,
                    of_classes,
                    ignore_index=UNKNOWN,
                    reduction=self.reduction,
                )
                if self.reduction == "sum":
                    term = term / known.sum()
                total = total + weight * term
        return total / weights if weights else total
