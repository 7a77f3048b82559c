"""The multi-task loss: balanced classes, unknown labels that drop out, weights that sum."""

from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from glioma_uq.tasks import TASKS
from glioma_uq.training.losses import MultiTaskLoss, class_weights

pytestmark = pytest.mark.usefixtures("float64")


def test_class_weights_are_scikit_learns_balanced_ones():
    labels = torch.tensor([0, 0, 0, 1, -1, 2, 2, -1])
    known = labels[labels >= 0].numpy()
    expected = compute_class_weight("balanced", classes=np.arange(3), y=known)
    np.testing.assert_allclose(class_weights(labels, 3), expected)


def test_an_absent_class_has_weight_zero():
    assert class_weights(torch.tensor([0, 0, -1]), 2).tolist() == [1.0, 0.0]
    assert class_weights(torch.tensor([0, 0, 0, 1]), 3).tolist() == pytest.approx([2 / 3, 2, 0])


def batch(known=True):
    torch.manual_seed(0)
    logits = {"segmentation": torch.randn(4, 2, 4, 4, 4)}
    logits |= {task: torch.randn(4, len(classes)) for task, classes in TASKS.items()}
    labels = {"idh": [0, 1, 0, 1], "1p19q": [0, 1, -1, 0], "grade": [0, 1, 2, 1]}
    labels = {task: torch.tensor(values if known else [-1] * 4) for task, values in labels.items()}
    return logits, (torch.rand(4, 1, 4, 4, 4) > 0.5).float(), labels


@pytest.mark.parametrize("class_weighting", ["balanced", "authors"])
def test_the_loss_of_a_worked_example(class_weighting):
    logits, mask, labels = batch()
    loss = MultiTaskLoss(labels, class_weighting=class_weighting)
    probability = logits["segmentation"].softmax(1)
    both = torch.cat([1 - mask, mask], 1)
    overlap = (probability * both).sum((2, 3, 4))
    dice = 1 - (2 * overlap + 1e-5) / (probability + both).sum((2, 3, 4)).add(1e-5)
    total, weights = dice.mean(), 1.0
    for task in TASKS:
        known = labels[task] >= 0
        weight = 4 / int(known.sum())
        of_cases = getattr(loss, f"weights_{task}")[labels[task][known]]
        costs = torch.nn.functional.cross_entropy(
            logits[task][known], labels[task][known], reduction="none"
        )
        divisor = of_cases.sum() if class_weighting == "authors" else known.sum()
        cost = (of_cases * costs).sum() / divisor
        total, weights = total + weight * cost, weights + weight
    assert float(loss(logits, mask, labels)) == pytest.approx(float(total / weights))


# Of eleven cases: unequal classes, as in a cohort, and two unknown labels.
UNEQUAL = {
    "idh": torch.tensor([0] * 7 + [1] * 2 + [-1] * 2),
    "grade": torch.tensor([0] * 2 + [1] * 6 + [2] + [-1] * 2),
}


def effective_shares(task, size, class_weighting):
    """Return each class's share of the weight of a task's cases in an epoch of shuffled batches.

    Every set of `size` cases is equally probable as a batch. At equal logits the gradient by the
    logit of a case's own class is its weight times 1 / classes - 1.
    """
    labels = UNEQUAL[task]
    loss = MultiTaskLoss({task: labels}, class_weighting=class_weighting)
    weights = torch.zeros(len(TASKS[task]))
    for chosen in combinations(range(len(labels)), size):
        target = labels[list(chosen)]
        logits = torch.zeros(size, len(weights), requires_grad=True)
        found = loss({task: logits}, None, {task: target})
        if not found.requires_grad:
            continue
        found.backward()
        for label, gradient in zip(target.tolist(), logits.grad, strict=True):
            if label >= 0:
                weights[label] -= gradient[label]
    return (weights / weights.sum()).numpy()


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("task", list(UNEQUAL))
def test_all_classes_weigh_the_same_in_an_epoch_whatever_the_batch_size(task, size):
    np.testing.assert_allclose(effective_shares(task, size, "balanced"), 1 / len(TASKS[task]))


def test_the_authors_weights_cancel_in_batches_of_one_class():
    """The shares that docs/training.md gives. A single case weighs 1: they are the cohort's."""
    for size, share in ((1, 7 / 9), (2, 0.706), (4, 0.601)):
        shares = effective_shares("idh", size, "authors")
        np.testing.assert_allclose(shares, [share, 1 - share], atol=5e-4)


def test_the_dice_term_weighs_what_it_is_told():
    logits, mask, labels = batch()
    dice = float(MultiTaskLoss(labels).segmentation(logits["segmentation"], mask))
    losses = {
        w: float(MultiTaskLoss(labels, segmentation_weight=w)(logits, mask, labels))
        for w in (1.0, 5.0)
    }
    tasks = sum(MultiTaskLoss(labels).task_weights.values())
    rest = losses[1.0] * (1 + tasks) - dice
    assert losses[5.0] == pytest.approx((5 * dice + rest) / (5 + tasks))


def test_an_unknown_label_changes_nothing_whatever_the_network_says():
    logits, mask, labels = batch()
    loss = MultiTaskLoss(labels)
    before = float(loss(logits, mask, labels))
    logits["1p19q"][2] = torch.tensor([50.0, -50.0])
    assert float(loss(logits, mask, labels)) == before


def test_a_batch_without_any_label_leaves_the_dice_term():
    logits, mask, labels = batch(known=False)
    loss = MultiTaskLoss(batch()[2])
    alone = loss.segmentation(logits["segmentation"], mask)
    weights = 1 + sum(loss.task_weights.values())
    assert float(loss(logits, mask, labels)) == pytest.approx(float(alone / weights))


def test_without_a_segmentation_the_task_terms_are_averaged_alone():
    logits, mask, labels = batch()
    loss = MultiTaskLoss(labels)
    tasks = sum(loss.task_weights.values())
    dice = float(loss.segmentation(logits["segmentation"], mask))
    rest = float(loss(logits, mask, labels)) * (1 + tasks) - dice
    del logits["segmentation"]
    assert float(loss(logits, None, labels)) == pytest.approx(rest / tasks)


def test_classes_that_no_training_case_has_leave_no_0_over_0():
    logits, mask, labels = batch()
    loss = MultiTaskLoss(labels | {"grade": torch.tensor([0, 0, 1, 1])})
    only_new = labels | {"grade": torch.tensor([2, 2, -1, 2])}
    without = labels | {"grade": torch.tensor([-1] * 4)}
    assert float(loss(logits, mask, only_new)) == float(loss(logits, mask, without))


def test_without_tasks_the_loss_is_that_of_the_segmentation():
    logits, mask, _ = batch()
    logits = {"segmentation": logits["segmentation"]}
    for weight in (1.0, 4.0):
        loss = MultiTaskLoss({}, segmentation_weight=weight)
        alone = float(loss.segmentation(logits["segmentation"], mask))
        assert float(loss(logits, mask, {})) == pytest.approx(alone)
    assert float(loss({"segmentation": None}, None, {})) == 0.0


def test_a_task_that_the_network_has_not_weighs_nothing():
    logits, mask, labels = batch()
    of_two = {task: labels[task] for task in ("idh", "grade")}
    loss = MultiTaskLoss(of_two)
    del logits["1p19q"]
    assert loss.task_weights == {"idh": 1.0, "grade": 1.0}
    nobody = labels | {"1p19q": torch.full((4,), -1)}
    unknown = MultiTaskLoss(nobody)(logits | {"1p19q": torch.zeros(4, 2)}, mask, nobody)
    assert float(loss(logits, mask, of_two)) == float(unknown)


def test_a_batch_without_any_term_costs_nothing():
    logits, _, labels = batch(known=False)
    logits = {name: values.requires_grad_() for name, values in logits.items()}
    del logits["segmentation"]
    nothing = MultiTaskLoss(batch()[2])(logits, None, labels)
    assert float(nothing) == 0.0
    assert not nothing.requires_grad
    assert float(MultiTaskLoss(labels)(logits, None, labels)) == 0.0
