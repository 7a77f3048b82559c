"""The losses of a segmentation: any number of classes, absent and tiny ones among them."""

import pytest
import torch

from glioma_uq.training.losses import build_segmentation_loss

pytestmark = pytest.mark.usefixtures("float64")

EDGE = 8
NAMES = ("dice", "dice_ce", "generalised_dice")


def labels(enhancing=4):
    """Return (2, 1, 8, 8, 8): a core, oedema around it, and so many enhancing voxels a case."""
    target = torch.zeros(2, 1, EDGE, EDGE, EDGE)
    target[:, :, 2:6, 2:6, 2:6] = 2
    target[:, :, 3:5, 3:5, 3:5] = 1
    target[:, 0, 2, 2, 2 : 2 + enhancing] = 3
    return target


def logits_of(target, confidence=6.0, classes=4):
    """Return logits that are right everywhere, as sure as `confidence`."""
    right = torch.nn.functional.one_hot(target[:, 0].long(), classes).movedim(-1, 1)
    return (confidence * right).float().requires_grad_()


def of_the_original(logits, target):
    """Return generalised Dice as the public code of DMFNet has it, and paper 2 after it."""
    p = logits.softmax(1).movedim(1, 0).flatten(1)[1:]
    g = torch.nn.functional.one_hot(target[:, 0].long(), 4).movedim(-1, 0).flatten(1)[1:].float()
    weights = 1 / (g.sum(1) ** 2 + 1e-5)
    return 1 - 2 * ((p * g).sum(1) * weights).sum() / (((p + g).sum(1) * weights).sum() + 1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [2, 4])
def test_a_right_segmentation_costs_little_and_a_wrong_one_much(name, classes):
    target = labels() if classes == 4 else (labels() > 0).float()
    loss = build_segmentation_loss(name)
    assert float(loss(logits_of(target, 12.0, classes).detach(), target)) < 0.01
    wrong = logits_of(target.flip(2), 12.0, classes).detach().roll(3, -1)
    assert float(loss(wrong, target)) > 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_stays_as_it_is(name):
    target = labels()
    before = target.clone()
    build_segmentation_loss(name)(logits_of(target), target).backward()
    assert torch.equal(target, before)


def test_generalised_dice_is_that_of_its_formula():
    torch.manual_seed(0)
    target, logits = labels(), torch.randn(2, 4, EDGE, EDGE, EDGE)
    p, up, down = logits.softmax(1), 0.0, 0.0
    for c in (1, 2, 3):
        g = (target[:, 0] == c).double()
        weight = 1 / g.sum() ** 2
        up, down = up + weight * (p[:, c] * g).sum(), down + weight * (p[:, c] + g).sum()
    found = build_segmentation_loss("generalised_dice", ce_weight=0.0)(logits, target)
    assert float(found) == pytest.approx(float(1 - 2 * up / down))
    voxels = torch.nn.functional.cross_entropy(logits, target[:, 0].long())
    both = build_segmentation_loss("generalised_dice", ce_weight=0.5)(logits, target)
    assert float(both) == pytest.approx(float(found + 0.5 * voxels))


def test_an_absent_class_does_not_hide_the_others_as_it_does_in_the_original():
    target, loss = labels(enhancing=0), build_segmentation_loss("generalised_dice", 0.0)
    right, wrong = (logits_of(x, 9.0).detach() for x in (target, target.roll(3, -1)))
    assert float(loss(right, target)) < 0.02
    assert float(loss(wrong, target)) > 0.5
    assert float(of_the_original(right, target)) == pytest.approx(1, abs=1e-3)
    assert float(of_the_original(wrong, target)) == pytest.approx(1, abs=1e-3)


def test_a_class_of_one_voxel_is_learned_and_its_gradient_is_finite():
    target = labels(enhancing=1)
    target[1][target[1] == 3] = 2  # one voxel in the whole batch
    logits = torch.zeros(2, 4, EDGE, EDGE, EDGE, requires_grad=True)
    build_segmentation_loss("generalised_dice", 0.0)(logits, target).backward()
    assert torch.isfinite(logits.grad).all()
    assert float(logits.grad[0, 3, 2, 2, 2]) < 0
    assert float(logits.grad[0, 3, 2, 2, 2]) == float(logits.grad[:, 3].min())


def test_a_large_tumour_weighs_more_than_the_smoothing():
    target = torch.ones(1, 1, 40, 40, 40)
    logits = torch.zeros(1, 2, 40, 40, 40)
    logits[:, 0] = 12.0  # no tumour anywhere
    loss = build_segmentation_loss("generalised_dice", 0.0)
    assert float(loss(logits, target)) == pytest.approx(1, abs=1e-3)


def test_without_any_tumour_cross_entropy_alone_teaches():
    target = torch.zeros(2, 1, EDGE, EDGE, EDGE)
    for ce_weight in (0.0, 1.0):
        logits = torch.zeros(2, 4, EDGE, EDGE, EDGE, requires_grad=True)
        loss = build_segmentation_loss("generalised_dice", ce_weight)(logits, target)
        loss.backward()
        assert bool(logits.grad.any()) == bool(ce_weight)
        assert torch.isfinite(logits.grad).all()
