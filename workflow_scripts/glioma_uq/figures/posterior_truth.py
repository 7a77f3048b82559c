"""Predicted against true probabilities, aleatoric uncertainty against the true entropy."""

import numpy as np
import pandas as pd

from glioma_uq.figures.cells import IN_TEXT, TASK_NAMES, of_cell, read_rows
from glioma_uq.figures.style import BLUE, DASHED, GREEN, ORANGE, finish, panel_title, panels
from glioma_uq.figures.words import format_number, joined
from glioma_uq.predictions import known_rows
from glioma_uq.statistics.posterior_truth import true_posterior
from glioma_uq.statistics.rank_tests import one_row_per_case
from glioma_uq.statistics.selected_cell import at_cell, read_selected_cell
from glioma_uq.tables import read_table
from glioma_uq.tasks import TASKS
from glioma_uq.uncertainty import entropy

CAPTION = (
    "How close are the probabilities to the truth",
    "The phantom’s labels are drawn from known probabilities, so the predicted ones can be "
    "compared with the truth, which is impossible in patients. Above: the predicted probability of "
    "each case against the true one (two classes: of the second). Below: aleatoric uncertainty "
    "against the entropy of the true probabilities, which no network can reduce. On the dashed "
    "line both are equal. |P − P true| is the mean distance (total variation); the true ECE uses "
    "the true probabilities instead of the labels; the bias is aleatoric uncertainty minus true "
    "entropy, above 0 also where the picture shows less than the truth knows. Dropout rate "
    "{rate}, T = {passes}; brackets: {level} % bootstrap intervals.",
)

COLOURS = (BLUE, ORANGE, GREEN)
COLUMNS = ["task", "case", "class", "probability", "true_probability", "aleatoric", "true_entropy"]


def read(*, classification, truth, measures, selection, network):
    """Return a row for each task, case and class drawn, and the rows of `measures`.

    Both are of the selected cell: `classification` are the paths of the tables of all cells. A
    row has probabilities and entropies (nats), averaged over the case's seeds. Cases without a
    known label are left out, as in the measures. Of two classes only the second is drawn, since
    the first adds nothing.
    """
    selected = read_selected_cell(selection)
    (path,) = at_cell(classification, network, *selected)
    cell, truth = one_row_per_case(read_table(path)), read_table(truth)
    tables = []
    for task, classes in TASKS.items():
        known, _, probabilities = known_rows(cell, task)
        posterior = true_posterior(truth, known["case"], task)
        of_case = {"task": task, "case": known["case"], "aleatoric": known[f"{task}_aleatoric"],
                   "true_entropy": entropy(posterior)}  # fmt: skip
        for place in range(1 if len(classes) == 2 else 0, len(classes)):
            two = {"probability": probabilities[:, place], "true_probability": posterior[:, place]}
            tables.append(pd.DataFrame({**of_case, **two, "class": classes[place]})[COLUMNS])
    measures = of_cell(read_rows(measures, network), *selected)
    return pd.concat(tables, ignore_index=True), measures


def draw(table, measures):
    """Return the figure: P against true P above, aleatoric against true entropy below.

    `measures` are the rows of posterior_truth.csv at the same cell.
    """
    figure, grid = panels(2, len(TASKS), height=4.9)
    for above, below, task in zip(*grid, TASKS, strict=True):
        rows, mine = table[table["task"] == task], measures[measures["task"] == task]
        draw_probabilities(above, rows, TASKS[task])
        of_cases = rows.drop_duplicates("case")
        draw_identity(below, of_cases["true_entropy"], of_cases["aleatoric"], BLUE)
        panel_title(above, TASK_NAMES[task], measures_text(mine, len(of_cases)), above=26)
        bias = value_text(mine, "aleatoric_bias", "bias")
        rho = value_text(mine, "rho_aleatoric", "ρ")
        below.set_title(f"n = {len(of_cases)}; {bias}\n{rho}")
        above.set_xlabel("True probability")
        below.set_xlabel("Entropy of the truth (nats)")
        below.set_ylim(0, 1.05 * np.log(len(TASKS[task])))
        below.set_xlim(-0.02, 1.05 * np.log(len(TASKS[task])))
    grid[0, 0].set_ylabel("Predicted probability")
    grid[1, 0].set_ylabel("Aleatoric (nats)")
    return finish(figure, headline(measures))


def draw_probabilities(axes, rows, classes):
    """Draw P against true P: the second of two classes, or each of three in its colour."""
    drawn = [c for c in classes if c in set(rows["class"])]
    for one, colour in zip(drawn, COLOURS, strict=False):
        mine = rows[rows["class"] == one]
        label = f"grade {one}, upper right" if len(drawn) > 1 else None
        draw_identity(axes, mine["true_probability"], mine["probability"], colour, label)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def draw_identity(axes, x, y, colour, label=None):
    """Draw points and the line of equality."""
    axes.plot([0, 1.2], [0, 1.2], **DASHED, zorder=1, label="equal to the truth")
    axes.scatter(x, y, 8 if len(x) <= 200 else 3, colour, alpha=0.65, linewidths=0, zorder=2,
                 label=label)  # fmt: skip


def value_text(measures, name, label):
    """Return "label = 0.12 (0.10 to 0.15)" of one measure."""
    row = measures[measures["measure"] == name]
    if row.empty or row["value"].isna().all():
        return f"{label} not measured"
    value, low, high = row[["value", "low", "high"]].iloc[0]
    text, *ends = map(format_number, (value, low, high))
    return f"{label} = {text}" + ("" if np.isnan(low) else f" ({' to '.join(ends)})")


def measures_text(measures, n):
    """Return the two lines above a panel: the distance, and the measured and true ECE."""
    both = [measures.loc[measures["measure"] == name, "value"] for name in ("ece", "true_ece")]
    measured, true = (f"{value.iloc[0]:.2f}" if len(value) else "–" for value in both)
    far = value_text(measures, "posterior_distance", "|P − P true|")
    return f"n = {n}; {far}\nECE measured {measured}, true {true}"


def headline(measures):
    """Return the distances of predicted from true probabilities, and the bias of the ECE."""
    by_name = measures.set_index(["task", "measure"])["value"]
    tasks = [task for task in TASKS if (task, "posterior_distance") in by_name.index]
    if not tasks:
        return "Predicted probabilities beside the true ones"
    far = joined(f"{by_name[task, 'posterior_distance']:.2f} ({IN_TEXT[task]})" for task in tasks)
    above = sum(by_name[task, "ece"] > by_name[task, "true_ece"] for task in tasks)
    return (
        f"The mean distance of predicted from true probabilities is {far}; the measured ECE is "
        f"above the true one in {above} of {len(tasks)} tasks"
    )
