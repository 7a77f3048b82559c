"""FROC curves of enhancing lesions, and sensitivity by lesion size."""

import pandas as pd

from glioma_uq.figures.networks import (
    draw_groups,
    format_by_network,
    interval_key,
    network_styles,
    read_near,
    values_of,
)
from glioma_uq.figures.style import count_text, finish, panel_title, panels
from glioma_uq.plurals import counted

CAPTION = (
    "Which lesions are found, and with how many false ones",
    "Enhancing lesions are the connected components of the reference’s enhancing tumour. A lesion "
    "is found if a predicted lesion shares a voxel with it; a predicted lesion that overlaps none "
    "is false. (a) Share of lesions found against false lesions per case, as predictions below a "
    "rising size limit are removed: the marker at the end of a line includes all predictions. (b) "
    "Share found by lesion size, with {level} % bootstrap intervals. Dropout rate "
    "{rate}.",
)

SIZES = {
    "below_250": "< 0.25",
    "250_to_1000": "0.25–1",
    "1000_to_2000": "1–2",
    "from_2000": "≥ 2",
}
CURVE, BY_SIZE, ALL = "curve", "by size", "all"
COLUMNS = ["part", "network", "rate", "passes", "threshold_mm3", "false_per_case", "sensitivity",
           "group", "measure", "value", "low", "high", "n", "n_lesions"]  # fmt: skip


def read(*, curves, lesions, selection, networks):
    """Return the points of the curves and the sensitivities by size as one table, `COLUMNS`.

    Both are of enhancing tumour without post-processing rule, near the selected cell.
    """
    tables = (read_near(path, networks, selection) for path in (curves, lesions))
    curve, by_size = (t[(t["task"] == "et") & (t["rule"] == "none")] for t in tables)
    shown = by_size["measure"].isin(["sensitivity", "false_per_case"])
    tables = [curve.assign(part=CURVE), by_size[shown].assign(part=BY_SIZE)]
    return pd.concat([t for t in tables if len(t)], ignore_index=True).reindex(columns=COLUMNS)


def draw(table, *, level):
    """Return the figure: the curves, and the sensitivity by size with intervals of `level`."""
    styles = network_styles(table["network"].unique())
    figure, (grid,) = panels(1, 2, height=3.4, sharey=True)
    draw_curves(grid[0], table, styles)
    draw_sizes(grid[1], table[table["measure"] == "sensitivity"], styles)
    grid[0].set(ylabel="Share of enhancing lesions found", ylim=(-0.04, 1.04))
    return finish(figure, headline(table), interval_key(level))


def draw_curves(axes, table, styles):
    """Draw the curve of each network; its marker includes all predictions."""
    for network, mine in table[table["part"] == CURVE].groupby("network", sort=False):
        axes.step([0, *mine["false_per_case"]], [0, *mine["sensitivity"]], where="post",
                  color=styles[network]["color"])  # fmt: skip
        axes.plot(*mine[["false_per_case", "sensitivity"]].iloc[-1], linestyle="", markersize=4.2,
                  zorder=3, clip_on=False, **styles[network])  # fmt: skip
    whole = table[(table["group"] == ALL) & (table["measure"] == "sensitivity")]
    false = table[table["measure"] == "false_per_case"]
    lesions = int(whole["n_lesions"].max()) if len(whole) else 0
    axes.set(xlim=(0, None), xlabel="False lesions per case")
    note = f"{count_text(false['n'], 'case')} with {counted(lesions, 'lesion')}"
    panel_title(axes, "(a) Found and false", note)


def draw_sizes(axes, rows, styles):
    """Draw the share of lesions found by size."""
    counts = rows.groupby("group")["n_lesions"].max()
    sizes = {
        size: f"{name}\n{counts[size]:.0f}"
        for size, name in SIZES.items()
        if counts.get(size, 0) > 0
    }
    draw_groups(axes, rows, "group", sizes, styles, empty="no lesion")
    axes.set_xlabel("Volume of the lesion (ml), number of lesions")
    note = count_text([counts.get(ALL, 0)], "lesion")
    panel_title(axes, "(b) By size of the lesion", note)


def headline(table):
    """Return the share of lesions that each network finds, and its number of false ones."""
    whole = table[table["group"] == ALL]
    values = {measure: values_of(rows) for measure, rows in whole.groupby("measure")}
    if not values.get("sensitivity"):
        return "No case has enhancing tumour"
    return (
        f"Share of enhancing lesions found: {format_by_network(values['sensitivity'])}; "
        f"false lesions per case: {format_by_network(values.get('false_per_case', {}))}"
    )
