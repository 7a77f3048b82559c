"""Quality of the segmentations, and its correlation with their uncertainty."""

from itertools import product

from glioma_uq.figures.cells import in_order, read_rows
from glioma_uq.figures.lines import draw_lines_over_passes, interval_keys
from glioma_uq.figures.style import count_text, finish, panel_title, panels, rate_colours
from glioma_uq.figures.words import format_range

CAPTION = (
    "Are uncertain segmentations worse",
    "Pearson correlation between a case’s mean uncertainty and the Dice of its segmentation, with "
    "uncertainty averaged (a) over the brain and (b) over the predicted tumour, and (c) the mean "
    "Dice itself, against the number of passes T. Useful uncertainty is high where Dice is low: a "
    "correlation well below 0. It is pooled over folds, which networks of their own test; the "
    "report has the correlation within folds beside it and warns where they disagree. Cases "
    "without a predicted tumour have no tumour uncertainty: “empty” counts those left out of (b). "
    "Bars on the right are {level} % bootstrap intervals at the largest T. Corresponds to Figure 4 "
    "of the paper on Monte Carlo dropout.",
)

MEASURES = {
    "rho_brain": ("(a) Brain", "Pearson ρ with Dice"),
    "rho_tumour": ("(b) Predicted tumour", "Pearson ρ with Dice"),
    "dice": ("(c) Segmentation quality", "Mean Dice"),
}
EMPTY = "empty_tumour"


def read(*, segmentation, network):
    """Return the correlations over two regions, Dice, and the share of empty tumours."""
    rows = read_rows(segmentation, network)
    return in_order(rows, product(["segmentation"], [*MEASURES, EMPTY]))


def draw(table, *, level):
    """Return the figure: three panels by number of passes."""
    figure, (grid,) = panels(1, len(MEASURES), height=2.7)
    colours = rate_colours(table["rate"])
    for axes, (measure, (title, label)) in zip(grid, MEASURES.items(), strict=True):
        rows = table[table["measure"] == measure]
        draw_lines_over_passes(axes, rows, colours)
        empty = empty_text(table) if measure == "rho_tumour" else ""
        panel_title(axes, title, count_text(rows["n"]) + empty)
        axes.set_ylabel(label)
        axes.set_xlabel("Monte Carlo passes T")
    share_rho_axis(grid[:2])
    keys = interval_keys(table[table["measure"] != EMPTY], level)
    return finish(figure, headline(table), *keys, columns=5)


def headline(table):
    """Return the ranges of the correlations, and the rate of highest Dice."""
    values = {name: rows["value"].dropna() for name, rows in table.groupby("measure")}
    places = {"rho_brain": "over the brain", "rho_tumour": "over the predicted tumour"}
    rhos = [
        f"{format_range(values[name])} {place}"
        for name, place in places.items()
        if len(values.get(name, ()))
    ]
    texts = [f"The correlation of uncertainty and Dice is {' and '.join(rhos)}"] if rhos else []
    if len(values.get("dice", ())):
        best = table.loc[values["dice"].idxmax()]
        texts.append(f"Dice is highest at p = {best['rate']:.2f} ({best['value']:.2f})")
    return "; ".join(texts) or "No segmentation was measured"


def share_rho_axis(both):
    """Give the panels of rho the same limits, including 0."""
    limits = [limit for axes in both for limit in axes.get_ylim()]
    for axes in both:
        axes.axhline(0, color="#333333", linewidth=0.7)
        axes.set_ylim(max(min(*limits, -0.05), -1.02), min(max(*limits, 0.05), 1.02))


def empty_text(table):
    """Return the number of cases without a predicted tumour, "" if there are none."""
    rows = table[table["measure"] == EMPTY]
    empty = (rows["value"] * rows["n"]).max()
    return f"; up to {empty:.0f} empty" if empty > 0 else ""
