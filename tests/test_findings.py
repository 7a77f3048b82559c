"""Each verdict is reached on tables made for it; what the grid lacks is said."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.predictions import Cell
from glioma_uq.statistics.claims import ABOVE_ZERO, BELOW_ZERO, Claim, claims
from glioma_uq.statistics.findings import COLUMNS, findings_table, verdict_of
from glioma_uq.statistics.grid_statistics import CannotJudge, Grid, best_rate, settled, slope
from glioma_uq.statistics.long_tables import BootstrapResult
from glioma_uq.statistics.measures import DEFAULT_ECE
from glioma_uq.tasks import TASKS

RATES = (0.2, 0.25, 0.3, 0.55, 0.6)
PASSES = (10, 20, 30, 40)
OPTIONS = {"ece": DEFAULT_ECE, "auc_average": "ovo", "dice_threshold": 0.8, "tolerance": 0.01,
           "resamples": 200, "level": 0.95, "interval": "expanded",
           "rng_of": lambda: np.random.default_rng(0)}  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "allowed", "expected"),
    [
        (0.1, 0.3, ABOVE_ZERO, "seen"),
        (-0.1, 0.3, ABOVE_ZERO, "undecided at this n"),
        (-0.3, -0.1, ABOVE_ZERO, "not seen"),
        (0.0, 0.0, ABOVE_ZERO, "not seen"),
        (0.0, 0.0, BELOW_ZERO, "not seen"),
        (0.25, 0.25, (0.25, 0.25), "seen"),
        (0.2, 0.25, (0.25, 0.25), "undecided at this n"),
        (0.3, 0.6, (0.25, 0.25), "not seen"),
        (-0.2, 0.3, (-0.1, 0.2), "undecided at this n"),
    ],
)
def test_a_verdict_is_where_the_interval_lies(low, high, allowed, expected):
    assert verdict_of(low, high, allowed) == expected


def grid_of(values, rate=0.25, passes=30):
    """A grid whose draws are {(rate, passes, task, measure): [value, draw, ...]}."""
    drawn = [
        BootstrapResult(Cell("csnet", r, t), task, measure, np.array(v, dtype=float), None, 9)
        for (r, t, task, measure), v in values.items()
    ]
    return Grid(drawn, rate, passes)


def test_the_slope_is_that_of_least_squares():
    values = {(r, 30, "idh", "nll"): [r, 2 * r + 1, -r] for r in RATES}
    assert slope(grid_of(values), "idh", "nll") == pytest.approx([1, 2, -1])


def test_one_rate_has_no_slope():
    with pytest.raises(CannotJudge, match="one dropout rate only"):
        slope(grid_of({(0.25, 30, "idh", "nll"): [1.0]}), "idh", "nll")


def test_the_best_rate_is_that_of_the_tasks_together():
    errors = {"idh": (1, 2, 3), "1p19q": (2, 1, 3), "grade": (2, 1, 3)}
    values = {
        (r, 30, task, "ece"): [e] for task in TASKS
        for r, e in zip((0.2, 0.25, 0.3), errors[task], strict=True)
    }  # fmt: skip
    assert best_rate(grid_of(values), (0.25,)) == [0.25]
    with pytest.raises(CannotJudge, match="no dropout rate 0.55"):
        best_rate(grid_of(values), (0.55,))


def test_the_slowest_part_settles_last_and_a_short_grid_cannot_tell():
    others = ("predictive", "aleatoric")
    values = {(0.25, t, "idh", part): [1, 1] for t in PASSES for part in others}
    values |= {(0.25, t, "idh", "epistemic"): [1, 0.5 + (t > 20) / 2] for t in PASSES}
    assert settled(grid_of(values), "idh", 0.01).tolist() == [10, 30]
    short = {place: v for place, v in values.items() if place[1] <= 30}
    with pytest.raises(CannotJudge, match="no T between 20 and 30, or none beyond"):
        settled(grid_of(short), "idh", 0.01)


def classification(rng, rate, n=120, passes=30):
    """A table whose uncertainty grows with the rate, aleatoric by far the larger part."""
    table = pd.DataFrame({"case": [f"P-{i:03d}" for i in range(n)]})
    for task, classes in TASKS.items():
        labels = rng.integers(len(classes), size=n)
        sharp = np.eye(len(classes))[labels] * (1 - rate) * rng.random((n, 1))
        p = sharp + rng.dirichlet(np.ones(len(classes)), size=n)
        p /= p.sum(axis=1, keepdims=True)
        table[f"{task}_label"] = np.array(classes)[labels]
        table[[f"{task}_probability_{c}" for c in classes]] = p
        table[f"{task}_predictive"] = rate + 0.01 * rng.random(n) + 1 / passes**3
        table[f"{task}_aleatoric"] = 0.9 * table[f"{task}_predictive"]
        table[f"{task}_epistemic"] = 0.1 * table[f"{task}_predictive"]
    return table


def segmentation(rng, rate, n=120):
    """A table in which Dice is the lower the more uncertain the tumour, and epistemic is small."""
    dice = rng.beta(4, 1.5, size=n)
    table = pd.DataFrame({"case": [f"P-{i:03d}" for i in range(n)], "dice": dice})
    for region, follows in (("brain", 0), ("tumour", 1)):
        uncertain = rate + 0.1 * rng.random(n) - follows * 0.1 * dice + 0.1
        for part, share in (("predictive", 1), ("aleatoric", 0.9), ("epistemic", 0.1)):
            table[f"{region}_{part}"] = share * uncertain
    return table


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(3)
    cells = [Cell("csnet", r, 30) for r in RATES]
    cells += [Cell("csnet", 0.25, t) for t in PASSES if t != 30]
    of_classes = {c: classification(rng, c.rate, passes=c.passes) for c in cells}
    of_regions = {c: segmentation(rng, c.rate) for c in cells}
    table = findings_table(of_classes, of_regions, rate=0.25, passes=30, **OPTIONS)
    return table.set_index(["claim", "task"])


def test_the_table_has_every_claim_and_only_known_verdicts(found):
    assert set(found.reset_index().columns) == set(COLUMNS)
    assert len(found) == len(claims())
    assert set(found["verdict"]) == {"seen", "not seen", "undecided at this n"}
    assert (found["reason"] == "").all()
    assert (found["n"] == 120).all()


@pytest.mark.parametrize(
    ("claim", "task", "verdict"),
    [
        ("predictive uncertainty rises with the dropout rate", "idh", "seen"),
        ("aleatoric uncertainty dominates classification", "grade", "seen"),
        ("epistemic uncertainty dominates segmentation", "segmentation", "not seen"),
        ("epistemic uncertainty peaks at p = 0.55", "idh", "not seen"),
        ("the correlation is stronger in the predicted tumour than in the brain",
         "segmentation", "seen"),
        ("wrong predictions are more uncertain than right ones", "segmentation", "seen"),
        ("Dice at p = 0.6 is below that at moderate rates", "segmentation", "undecided at this n"),
    ],
)  # fmt: skip
def test_verdicts_follow_from_how_the_tables_were_made(found, claim, task, verdict):
    row = found.loc[(claim, task)]
    assert row["verdict"] == verdict
    assert row["low"] <= row["ours"] <= row["high"]


def test_a_cell_without_passes_or_segmentation_judges_what_it_can():
    table = classification(np.random.default_rng(0), 0.2)
    only = {Cell("published", 0.0, 1): table}
    found = findings_table(only, {}, rate=0.0, passes=1, **OPTIONS)
    found = found.set_index(["claim", "task"])
    assert set(found.loc["the ROC-AUC is 0.90"]["verdict"]) <= {"seen", "not seen",
                                                               "undecided at this n"}  # fmt: skip
    dominated = found.loc[("aleatoric uncertainty dominates classification", "idh")]
    assert (dominated["verdict"], dominated["reason"]) == (
        "undecided", "one pass does not separate epistemic from aleatoric uncertainty",
    )  # fmt: skip
    absent = found[found.index.get_level_values("task") == "segmentation"]
    assert (absent["verdict"] == "undecided").all()
    assert (absent["reason"] == "the study has no segmentation").all()


def test_claims_name_their_rule():
    assert all(isinstance(claim, Claim) and claim.how.endswith(".") for claim in claims())
