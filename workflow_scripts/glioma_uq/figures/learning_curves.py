"""Learning curves: did each network learn, and when did it stop improving?"""

import re

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from glioma_uq.errors import BadInput
from glioma_uq.figures.style import BLUE, GREEN, ORANGE, panel_title, panels, set_headline, styled
from glioma_uq.figures.words import format_range

CAPTION = (
    "Did the networks learn, and when did they stop improving",
    "Loss and validation Dice by epoch, with a line for each fold and seed and a pair of panels "
    "for each network and dropout rate p. Dots mark the epoch whose weights were kept: the one "
    "with the lowest validation loss, or the last. A validation loss that rises while the training "
    "loss falls is overfitting.",
)

WHERE = re.compile(
    r"(?P<network>[^/]+)/dropout-(?P<rate>[\d.]+)/fold-(?P<fold>[^/]+)/seed-(?P<seed>[^/]+)/[^/]+$"
)
MOST_COLUMNS = 5
KEYS = ["network", "rate", "fold", "seed"]


def read(*, curves, network):
    """Return the curves as one table: network, rate, fold, seed, then a curve's own columns.

    The path of a curve gives its keys: {network}/dropout-{rate}/fold-{fold}/seed-{seed}/.
    Only curves of `network` are kept, or all if it is None.
    """
    tables = []
    for path in curves:
        place = WHERE.search(str(path))
        if place is None:
            raise BadInput(
                "expected a path that ends in network/dropout-rate/fold-fold/seed-seed/file.csv, "
                f"found {path}; leave the learning curves where training wrote them"
            )
        names = {**place.groupdict(), "rate": float(place["rate"])}
        if network in (None, names["network"]):
            tables.append(pd.read_csv(path).assign(**names))
    if not tables:
        raise BadInput(f"expected learning curves of {network}, found none; train it first")
    table = pd.concat(tables, ignore_index=True)
    table = table[KEYS + [column for column in table.columns if column not in KEYS]]
    return table.sort_values([*KEYS, "epoch"], kind="stable", ignore_index=True)


@styled
def draw(table, *, weights):
    """Return the figure: for each network and rate, losses above and Dice below.

    Args:
        table: of `read`.
        weights: kept weights, of the `best` epoch by validation loss or of the `last`.
    """
    groups = list(table.groupby(["network", "rate"], sort=False))
    columns = min(len(groups), MOST_COLUMNS)
    blocks = -(-len(groups) // columns)
    figure, grid = panels(
        2 * blocks, columns, width=max(1.9 * columns, 3.4), height=0.6 + 2.7 * blocks,
        sharex=True, gridspec_kw={"height_ratios": [3, 2] * blocks},
    )  # fmt: skip
    one = table["network"].nunique() == 1
    for place, axes in enumerate(grid.reshape(blocks, 2, columns).swapaxes(1, 2).reshape(-1, 2)):
        if place < len(groups):
            (network, rate), curves = groups[place]
            draw_rate(*axes, curves, rate, weights)
            if not one:
                panel_title(axes[0], network)
        else:
            axes[0].set_axis_off()
            axes[1].set_axis_off()
    share_limits(grid)
    for above, below in grid.reshape(blocks, 2, columns)[:, :, 0]:
        above.set_ylabel("Loss")
        below.set_ylabel("Dice")
    for axes in last_shown(grid):
        axes.set_xlabel("Epoch")
        axes.tick_params(labelbottom=True)
    add_legend(figure)
    set_headline(figure, headline(table))
    return figure


def headline(table):
    """Return the number of networks, their epochs, and their final validation Dice."""
    runs = table.groupby(KEYS)
    epochs, dice = runs["epoch"].max(), runs["validation_dice"].last()
    what = f"{len(epochs)} network{'' if len(epochs) == 1 else 's'}"
    return (
        f"{what}, {format_range(epochs, '{:.0f}')} epochs: in the last one validation Dice is "
        f"{format_range(dice)}"
    )


def draw_rate(above, below, table, rate, weights):
    """Draw the curves of one network and rate; a dot marks the epoch whose weights were kept."""
    curves = [curve for _, curve in table.groupby(["fold", "seed"], sort=True)]
    for curve in curves:
        thin = {"linewidth": 0.8, "alpha": 0.8}
        above.plot(curve["epoch"], curve["train_loss"], color=BLUE, **thin)
        above.plot(curve["epoch"], curve["validation_loss"], color=ORANGE, **thin)
        below.plot(curve["epoch"], curve["validation_dice"], color=GREEN, **thin)
        if curve["validation_loss"].notna().any():
            last = weights == "last"
            kept = curve.iloc[-1] if last else curve.loc[curve["validation_loss"].idxmin()]
            above.plot(kept["epoch"], kept["validation_loss"], "o", color=ORANGE)
            below.plot(kept["epoch"], kept["validation_dice"], "o", color=GREEN)
    above.set_title(f"p = {rate:.2f},  n = {len(curves)} networks")


def last_shown(grid):
    """Return the lowest used panel of each column."""
    return [[axes for axes in column if axes.axison][-1] for column in grid.T]


def share_limits(grid):
    """Give all panels of losses the same limits, and those of Dice 0 to 1."""
    losses, dice = grid[::2].ravel(), grid[1::2].ravel()
    limits = np.array([axes.get_ylim() for axes in losses if axes.axison])
    for axes in losses:
        axes.set_ylim(min(limits[:, 0].min(), 0), limits[:, 1].max())
    for axes in dice:
        axes.set_ylim(0, 1)


def add_legend(figure):
    """Add the legend below the panels."""
    names = {"training loss": BLUE, "validation loss": ORANGE, "validation Dice": GREEN}
    handles = [Line2D([], [], color=colour, label=name) for name, colour in names.items()]
    handles.append(
        Line2D([], [], color="black", marker="o", linestyle="", label="epoch that was kept")
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
