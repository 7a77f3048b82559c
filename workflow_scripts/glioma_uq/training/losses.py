"""The multi-task loss: one term for the segmentation and one for each subtyping task.

    L = (w_s L_s + sum_t w_t CE_t) / (w_s + sum_t w_t),   w_t = N / N_known(t)

L_s is one of `segmentation_losses`; the paper uses Dice.

A case with an unknown label drops out of that task's term only; the task's weight compensates
for it. A task without any label has weight 0, and a network without a segmentation has
w_s = 0. In the paper w_s = 1. Source: the public code of the Monte Carlo dropout study
(see docs/methods.md).
"""

import torch
from torch.nn.functional import cross_entropy

from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.training.segmentation_losses import build_segmentation_loss


def class_weights(labels, classes):
    """Return "balanced" weights N / (K N_k), shape (classes,), of known class indices.

    A class that does not occur has weight 0.
    """
    known = labels[labels != UNKNOWN]
    counts = torch.bincount(known, minlength=classes).double()
    weights = len(known) / (classes * counts)
    return torch.where(counts > 0, weights, 0.0).float()


class MultiTaskLoss(torch.nn.Module):
    """The loss, with task weights from the labels of the *training* cases.

    Args:
        labels: class indices of all training cases by task, each (N,), -1 where unknown, for the
            tasks of the network, perhaps none.
        segmentation: `dice`, `dice_ce` or `generalised_dice`, see `segmentation_losses`.
        segmentation_weight: w_s, the weight of the segmentation term.
        ce_weight: weight of the voxel-wise cross-entropy inside that term.
    """

    def __init__(self, labels, segmentation="dice", segmentation_weight=1.0, ce_weight=1.0):
        super().__init__()
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
            logits: dict of logits by task, as the networks return them; without
                `segmentation`, its term and weight are left out.
            segmentation: (B', 1, X, Y, Z), class indices as floats, of the B' <= B cases with a
                reference, the cases of `logits["segmentation"]`; None for B' = 0.
            labels: class indices by task, each (B,), -1 where unknown.
        """
        total = torch.zeros(())  # a scalar, so terms on a GPU can be added
        weights = sum(self.task_weights.values())
        if "segmentation" in logits:
            weights += self.segmentation_weight
            if segmentation is not None:
                term = self.segmentation(logits["segmentation"].float(), segmentation)
                total = total + self.segmentation_weight * term
        for task, weight in self.task_weights.items():
            if self.counts(task, labels[task]):
                total = total + weight * cross_entropy(
                    logits[task].float(),
                    labels[task],
                    weight=getattr(self, f"weights_{task}"),
                    ignore_index=UNKNOWN,
                )
        return total / weights if weights else total

    def counts(self, task, labels):
        """Return whether any label is known and its class occurs in the training cases.

        Otherwise the weighted mean of the cross-entropy would be 0 / 0.
        """
        return bool(getattr(self, f"weights_{task}")[labels[labels != UNKNOWN]].any())
