"""The multi-task loss: one Dice term and one cross-entropy for each subtyping task.

    L = (w_s L_Dice + sum_t w_t CE_t) / (w_s + sum_t w_t),   w_t = N / N_known(t)

A case whose label is unknown drops out of that task's term only; the task's weight makes
up for it. w_s is 1 in the paper. Source: the public code of the Monte Carlo dropout study
(see docs/methods.md).
"""

import torch
from monai.losses import DiceCELoss, DiceLoss
from torch.nn.functional import cross_entropy

from glioma_uq.tasks import TASKS, UNKNOWN


def class_weights(labels, classes):
    """Return "balanced" weights N / (K N_k), shape (classes,), of known class indices.

    A class that does not occur has weight 0: nothing can be learned about it.
    """
    known = labels[labels != UNKNOWN]
    counts = torch.bincount(known, minlength=classes).double()
    weights = len(known) / (classes * counts)
    return torch.where(counts > 0, weights, 0.0).float()


SEGMENTATION = {"dice": DiceLoss, "dice_ce": DiceCELoss}


class MultiTaskLoss(torch.nn.Module):
    """Weigh the tasks by the labels of the *training* cases.

    Args:
        labels: class indices of all training cases by task, each (N,), -1 where unknown.
        segmentation: `dice`, or `dice_ce` for the sum of Dice and voxel-wise cross-entropy.
        segmentation_weight: w_s, the weight of the segmentation term.
    """

    def __init__(self, labels, segmentation="dice", segmentation_weight=1.0):
        super().__init__()
        self.segmentation_weight = segmentation_weight
        self.segmentation = SEGMENTATION[segmentation](
            softmax=True, include_background=True, to_onehot_y=True
        )
        self.task_weights = {}
        for task, classes in TASKS.items():
            known = int((labels[task] != UNKNOWN).sum())
            self.task_weights[task] = len(labels[task]) / known if known else 0.0
            self.register_buffer(f"weights_{task}", class_weights(labels[task], len(classes)))

    def forward(self, logits, segmentation, labels):
        """Return the loss of a batch.

        Args:
            logits: dict of logits by task, as the networks return them.
            segmentation: (B', 1, X, Y, Z), 1 in the tumour, of the B' <= B cases that have a
                reference and whose logits stand in `logits["segmentation"]`; None for B' = 0.
            labels: class indices by task, each (B,), -1 where unknown.
        """
        total = 0.0
        if segmentation is not None:
            term = self.segmentation(logits["segmentation"].float(), segmentation)
            total = self.segmentation_weight * term
        for task, weight in self.task_weights.items():
            if bool((labels[task] != UNKNOWN).any()):
                total = total + weight * cross_entropy(
                    logits[task].float(),
                    labels[task],
                    weight=getattr(self, f"weights_{task}"),
                    ignore_index=UNKNOWN,
                )
        return total / (self.segmentation_weight + sum(self.task_weights.values()))
