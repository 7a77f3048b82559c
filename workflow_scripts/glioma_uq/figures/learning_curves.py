"""Learning curves: did each network learn, and when did it stop improving?"""

import numpy as np

from glioma_uq.figures.style import BLUE, GREEN, ORANGE, finish, key, panel_title, panels
from glioma_uq.figures.words import format_range
from glioma_uq.plurals import counted, plural
from glioma_uq.runs import KEYS, read_runs

CAPTION = (
    "Did the networks learn, and when did they stop improving",
    "Loss by epoch, with a line for each fold and seed and panels for each network and dropout "
    "rate p.",
    ("segmentation", "Below: validation Dice."),
    "Dots mark the epoch whose weights were kept: the one with the lowest validation loss, or the "
    "last; training.weights best_on_test validates on the test cases. A validation loss that rises "
    "while the training loss falls is overfitting.",
)

MOST_COLUMNS = 5


def read(*, curves, network):
    """Return the curves of `network`, or all if it is None, as the table of `read_runs`."""
    return read_runs(curves, network).sort_values(
        [*KEYS, "epoch"], kind="stable", ignore_index=True
    )


def draw(table, *, weights):
    """Return the figure: for each network and rate, losses above and Dice below.

    `weights` are those that were kept: of the `last` epoch, or else of that with the lowest
    validation loss.
    """
    groups = list(table.groupby(["network", "rate"], sort=False))
    columns = min(len(groups), MOST_COLUMNS)
    blocks = -(-len(groups) // columns)
    figure, grid = panels(
        2 * blocks, columns, width=max(1.9 * columns, 3.4), height=0.6 + 2.7 * blocks,
        sharex=True, gridspec_kw={"height_ratios": [3, 2] * blocks},
    )  # fmt: skip
    both = np.stack([grid[::2].ravel(), grid[1::2].ravel()])
    for axes in both[:, len(groups) :].flat:
        axes.set_axis_off()
    losses, dice = both[:, : len(groups)]
    for above, below, ((network, rate), curves) in zip(losses, dice, groups, strict=True):
        draw_rate(above, below, curves, rate, weights)
        if table["network"].nunique() > 1:
            panel_title(above, network)
    limits = np.array([axes.get_ylim() for axes in losses])
    for above, below in zip(losses, dice, strict=True):
        above.set_ylim(min(limits[:, 0].min(), 0), limits[:, 1].max())
        below.set_ylim(0, 1)
    for above, below in zip(losses[::columns], dice[::columns], strict=True):
        above.set_ylabel("Loss")
        below.set_ylabel("Dice")
    for axes in dice[-columns:]:
        axes.set_xlabel("Epoch")
        axes.tick_params(labelbottom=True)
    kept = key("epoch that was kept", color="black", marker="o", linestyle="")
    return finish(figure, headline(table), kept, columns=2)


def headline(table):
    """Return the number of networks, their epochs, and their final validation Dice."""
    runs = table.groupby(KEYS)
    epochs, dice = runs["epoch"].max(), runs["validation_dice"].last()
    what = counted(len(epochs), "network")
    dices = f"in the last one validation Dice is {format_range(dice)}"
    dices = "without validation" if dice.isna().all() else dices
    return f"{what}, {format_range(epochs, '.0f')} {plural(epochs.max(), 'epoch')}: {dices}"


def draw_rate(above, below, table, rate, weights):
    """Draw the curves of one network and rate; a dot marks the epoch whose weights were kept."""
    curves = [curve for _, curve in table.groupby(["fold", "seed"], sort=True)]
    lines = {
        "train_loss": (above, BLUE, "training loss"),
        "validation_loss": (above, ORANGE, "validation loss"),
        "validation_dice": (below, GREEN, "validation Dice"),
    }
    for curve in curves:
        for column, (axes, colour, label) in lines.items():
            axes.plot(curve["epoch"], curve[column], color=colour, linewidth=0.8, alpha=0.8,
                      label=label)  # fmt: skip
        if curve["validation_loss"].notna().any():
            last = weights == "last"
            kept = curve.iloc[-1] if last else curve.loc[curve["validation_loss"].idxmin()]
            above.plot(kept["epoch"], kept["validation_loss"], "o", color=ORANGE)
            below.plot(kept["epoch"], kept["validation_dice"], "o", color=GREEN)
    above.set_title(f"p = {rate:.2f},  n = {counted(len(curves), 'network')}")
