"""The quality metrics of a cohort: values of all cases, and the limits."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from scipy.stats import qmc

from glioma_uq.figures.style import BLUE, ORANGE, count_text, finish, key, note_empty, panels
from glioma_uq.quality.metrics import METRICS, limit_of, numbers_of, series_and_ending
from glioma_uq.tables import read_table

CAPTION = (
    "Quality metrics of all cases",
    "Metrics of each step: a point for each case and a row for each series, with vertical jitter. "
    "Crosses are excluded cases, up to the step that excluded them; black lines are the limits "
    "outside which a case is excluded. The voxel size is that of the longest edge.",
)

COLUMNS = 3
MANY = 200  # more cases than this get small, pale points
TABLE = ["case", "metric", "series", "value", "takes_part"]


def read(*, quality, excluded):
    """Return one row for each case, metric and series: the numbers of quality.csv in long form.

    The longest edge gives the voxel size. Texts and missing values are left out.
    """
    quality, out = read_table(quality), set(read_table(excluded)["case"])
    rows = []
    for column in quality.columns.drop("case"):
        series, ending = series_and_ending(column)
        if ending in METRICS and METRICS[ending].worst:
            for case, value in quality[["case", column]].dropna().itertuples(index=False):
                rows.append((case, ending, series or "", max(numbers_of(value)), case not in out))
    return pd.DataFrame(rows, columns=TABLE)


def draw(table, *, limits):
    """Return the figure: a panel for each metric, with a row of points for each series."""
    shown = [name for name in METRICS if name in set(table["metric"])]
    rows = max(1, -(-len(shown) // COLUMNS))
    figure, grid = panels(rows, COLUMNS, height=0.5 + 1.35 * rows)
    for axes in grid.ravel()[len(shown) :]:
        axes.set_axis_off()
    for axes, name in zip(grid.ravel(), shown, strict=False):
        draw_panel(axes, table[table["metric"] == name], name, limits)
    if not shown:
        note_empty(grid[0, 0])
    bare = {"linestyle": "", "markersize": 4.5}
    return finish(
        figure,
        "",
        key("takes part", color=BLUE, marker="o", **bare),
        key("left out", color=ORANGE, marker="x", **bare),
        key("limit", color="black", marker="|", linestyle="", markersize=9),
    )


def draw_panel(axes, table, name, limits):
    """Draw one metric, a row of points and its limits for each series."""
    series = list(dict.fromkeys(table["series"]))
    for place, one in enumerate(series):
        rows = table[table["series"] == one]
        draw_points(axes, place, rows)
        _, *ends = limit_of(f"{one}_{name}" if one else name, limits) or [None]
        for value in filter(np.isfinite, ends):
            axes.plot([value, value], [place - 0.48, place + 0.48], color="black", linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    if table["value"].nunique() == 1 and not axes.lines:
        axes.set_xticks(table["value"].unique())
    axes.xaxis.set_major_formatter("{x:,.6g}")
    axes.set_yticks(range(len(series)), [one.upper() for one in series])
    text = METRICS[name].text
    axes.set(ylim=(len(series) - 0.5, -0.5), xlabel=text[0].upper() + text[1:])
    axes.grid(False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_title(count_text(table.groupby("series").size()), loc="right")


def draw_points(axes, place, rows):
    """Draw the cases of one series as points, spread evenly over the height of their row."""
    heights = place + 0.6 * (qmc.Halton(1, scramble=False).random(len(rows) + 1)[1:, 0] - 0.5)
    takes_part = rows["takes_part"].to_numpy(bool)
    size, alpha = (9, 0.6) if len(rows) <= MANY else (3, 0.35)
    values = rows["value"].to_numpy()
    axes.scatter(values[takes_part], heights[takes_part], size, BLUE, alpha=alpha, linewidths=0,
                 rasterized=len(rows) > MANY)  # fmt: skip
    axes.scatter(values[~takes_part], heights[~takes_part], 14, ORANGE, marker="x",
                 linewidths=1.1, zorder=3)  # fmt: skip
