"""The report on one trained network: its activations and gradients, and whether it collapsed."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import torch

from glioma_uq.sampling.mc_dropout import active_dropout, has_dropout
from glioma_uq.seeds import seed_for
from glioma_uq.training.batches import even_batches
from glioma_uq.training.health import activation_report

BATCHES, PASSES = 4, 5  # of training cases, on which a network is measured
FEWEST_JUDGED = 3  # validation cases that tell whether a network collapsed
LEAST_DICE = 0.05  # and no better than calling the whole brain tumour
LEAST_RANGE = 0.02  # of the logarithm of a class probability
LEAST_FALL = 0.02  # of the training loss, as a share of that of the first epoch
AUXILIARY = ["weight_labels", "weight_auxiliary"]


def training_report(trainer):
    """Return the row of training_report.csv of a finished `Trainer`, whose kept weights it loads.

    The activations are the largest of a few batches of training cases (`activation_report`).
    """
    trainer.network.load_state_dict(trainer.weights)
    batches = training_batches(trainer)
    activations = [
        activation_report(trainer.network, [images], PASSES, trainer.seed) for images in batches
    ]
    curve = pd.DataFrame(trainer.curve)
    kept = trainer.epoch if trainer.settings.weights == "last" else trainer.best_epoch
    judged, cases = curve.set_index("epoch")["validation_dice"][kept], trainer.validation
    if len(cases) < FEWEST_JUDGED:
        cases = trainer.training
        judged = trainer.validate(cases)[1]["validation_dice"]
    dices = judged, dice_of_brain(trainer.dataset, cases)
    reasons = collapses(curve, kept, output_ranges(trainer, batches), *dices)
    return {
        **{name: float(np.max([row[name] for row in activations])) for name in activations[0]},
        "largest_gradient_norm": curve["largest_gradient_norm"].max(),
        "last_gradient_norm": curve["gradient_norm"].iloc[-1],
        "epochs": trainer.epoch,
        "best_epoch": trainer.best_epoch,
        "final_train_loss": curve["train_loss"].iloc[-1],
        "collapsed": int(bool(reasons)),
        "collapse": "; ".join(reasons),
    }


def training_batches(trainer):
    """Return the images of a few batches of training cases; without crops, not augmented."""
    rng = np.random.default_rng(seed_for(trainer.seed, "report"))
    names = even_batches(trainer.training, trainer.settings.batch_size, rng)[:BATCHES]
    epoch = None if trainer.settings.crop.size is None else trainer.epoch
    return [trainer.prepare(batch, epoch).images.to(trainer.device) for batch in names]


@torch.no_grad()
def output_ranges(trainer, batches):
    """Return {task: range over cases of the logarithm of a class's probability}, the largest.

    Probabilities are means over passes in which all cases have the same dropout masks, so that
    they differ by the cases alone. Their logarithms differ even where a network is right to be
    sure of one class in every case of these batches. A task without any label is left out, and
    all of them if there is one case.
    """
    network = trainer.network.eval()
    tasks = [task for task, weight in trainer.loss.task_weights.items() if weight]
    found = {task: [] for task in tasks if sum(map(len, batches)) > 1}
    plain = nullcontext(lambda images, seeds: network(images))
    with active_dropout(network) if has_dropout(network) else plain as forward:
        for images in batches:
            means = dict.fromkeys(found, 0.0)
            for t in range(PASSES):
                seeds = [seed_for(trainer.seed, "report", t)] * len(images)
                logits = forward(images, seeds)
                for task in found:
                    means[task] = means[task] + logits[task].float().softmax(1) / PASSES
            for task, rows in found.items():
                rows.append(means[task])
    logs = {task: torch.cat(rows).clamp_min(1e-30).log() for task, rows in found.items()}
    return {task: float((x.amax(0) - x.amin(0)).max()) for task, x in logs.items()}


def dice_of_brain(dataset, names):
    """Return the mean Dice of the whole brain called tumour, over cases of a dataset.

    0 if no case has a tumour.
    """
    cases = [dataset.load(name) for name in names]
    dices = [
        float(2 * (case.tumour > 0).sum() / ((case.tumour > 0).sum() + case.brain.sum()))
        for case in cases
        if case.tumour is not None and (case.tumour > 0).any()
    ]
    return float(np.mean(dices)) if dices else 0.0


def collapses(curve, kept, ranges, dice, of_brain=0.0):
    """Return why a network collapsed, a list of texts that is empty if it did not.

    It has if, of the weights that are kept, the mean Dice is at most .05 or at most that of the
    whole brain; if a task's outputs do not depend on the case, which is a `ranges` below .02; or if
    the training loss fell in no epoch by 2 % of that of the first. Where the weights of auxiliary
    terms change with the epoch, losses are not compared. The Dice is that of the validation cases;
    of the training cases where there are fewer than 3 of these, since a network that works may miss
    one tumour.

    Args:
        curve: the learning curve.
        kept: the epoch whose weights are kept.
        ranges: those of `output_ranges`.
        dice: NaN if nobody knows.
        of_brain: that of `dice_of_brain`.
    """
    reasons = []
    if dice <= LEAST_DICE:
        reasons.append(f"Dice {dice:.2f} in epoch {kept}, which is kept")
    elif dice <= of_brain:
        reasons.append(
            f"Dice {dice:.2f} in epoch {kept}, which is kept: the whole brain would have "
            f"{of_brain:.2f}"
        )
    reasons += [
        f"the same output for {task} whatever the case"
        for task, x in ranges.items()
        if x < LEAST_RANGE
    ]
    weights = [name for name in AUXILIARY if name in curve]
    loss, same = curve["train_loss"], (curve[weights] == curve[weights].iloc[-1]).all(axis=None)
    if same and len(loss) > 1 and loss.iloc[1:].min() > (1 - LEAST_FALL) * loss.iloc[0]:
        reasons.append("a training loss that hardly fell after the first epoch")
    return reasons
