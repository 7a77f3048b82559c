"""Each verdict is reached on tables made for it; what the grid lacks is said."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from glioma_uq.predictions import Cell
from glioma_uq.statistics.claims import ABOVE_ZERO, BELOW_ZERO, NOT_THEIRS, Claim, claims
from glioma_uq.statistics.findings import (
    COLUMNS,
    NO_TEST,
    ONE_SEED,
    could_see,
    findings_table,
    judge,
    shown_range,
    verdict_of,
)
from glioma_uq.statistics.grid_statistics import (
    CannotJudge,
    Grid,
    best_rates,
    changes_after,
    margins,
    rise_beyond_passes,
    slope,
)
from glioma_uq.statistics.long_tables import THESE_NETWORKS, BootstrapResult
from glioma_uq.statistics.measures import DEFAULT_ECE
from glioma_uq.statistics.ranges import range_of
from glioma_uq.tasks import TASKS

RATES = (0.2, 0.25, 0.3, 0.55, 0.6)
PASSES = (10, 20, 30, 40)
OPTIONS = {"ece": DEFAULT_ECE, "auc_average": "ovo", "dice_threshold": 0.8, "tolerance": 0.01,
           "resamples": 200,
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


ERRORS = {"idh": (1, 2, 3), "1p19q": (2, 1, 3), "grade": (6, 1, 3)}


def errors_by_rate():
    """Plain value, then two resamples, the second with rates in reverse order."""
    return {
        (r, 30, task, "ece"): [e, e, back] for task in TASKS
        for r, e, back in zip((0.2, 0.25, 0.3), ERRORS[task], ERRORS[task][::-1], strict=True)
    }  # fmt: skip


def test_margins_are_differences_from_the_wanted_rate():
    grid = grid_of(errors_by_rate())
    of_idh = {"measure": "ece", "wanted": 0.25, "sign": 1, "tasks": ("idh",)}
    assert margins(grid, **of_idh)[:, 0].tolist() == [-1, 1]
    assert margins(grid, **of_idh | {"sign": -1})[:, 0].tolist() == [1, -1]
    together = margins(grid, **of_idh | {"tasks": tuple(TASKS)})
    assert together[:, 0] == pytest.approx([(9 - 4) / 3, (9 - 4) / 3])
    with pytest.raises(CannotJudge, match="no dropout rate 0.55"):
        margins(grid, **of_idh | {"wanted": 0.55})
    of_two = {place: v for place, v in errors_by_rate().items() if place[2] != "grade"}
    without_grade = margins(grid_of(of_two), **of_idh | {"tasks": tuple(TASKS)})
    assert without_grade[:, 0] == pytest.approx([(3 - 3) / 2, (6 - 3) / 2])


def test_each_rate_has_the_share_of_resamples_in_which_it_is_best():
    grid = grid_of(errors_by_rate())
    assert best_rates(grid, "ece", 1, ("idh",)) == {0.2: 0.5, 0.25: 0, 0.3: 0.5}
    assert best_rates(grid, "ece", -1, ("idh",)) == {0.2: 0.5, 0.25: 0, 0.3: 0.5}
    assert best_rates(grid, "ece", 1, ("1p19q",)) == {0.2: 0, 0.25: 1, 0.3: 0}


def test_changes_are_relative_to_the_largest_t_and_of_what_has_no_bias_where_it_is_known():
    parts = ("predictive", "aleatoric", "epistemic")
    values = {(0.25, t, "idh", part): [2.0] for t in PASSES for part in parts}
    values |= {(0.25, t, "idh", "epistemic"): [2 - (t < 40)] for t in PASSES}
    found = changes_after(grid_of(values), "idh")[:, 0]
    assert found.tolist() == [0, 0, -0.5, 0, 0, 0.5]
    values |= {(0.25, t, "idh", "epistemic_corrected"): [2 + (t == 30)] for t in PASSES}
    assert changes_after(grid_of(values), "idh").max() == 0.5
    assert changes_after(grid_of(values), "idh")[2, 0] == 0.5
    of_tumour = {
        (p, t, "segmentation", f"{part}_tumour"): v for (p, t, _, part), v in values.items()
    }
    assert changes_after(grid_of(of_tumour), "segmentation").max() == 0.5
    short = {place: v for place, v in values.items() if place[1] <= 30}
    with pytest.raises(CannotJudge, match="no T between 20 and 30, or none beyond"):
        changes_after(grid_of(short), "idh")


def test_the_rise_over_rates_is_compared_with_the_change_over_passes_up_or_down():
    values = {(r, 30, "idh", "predictive"): [r] for r in RATES}
    values |= {(0.25, t, "idh", "predictive"): [0.25 - (t - 30) / 100] for t in PASSES}
    assert rise_beyond_passes(grid_of(values), "idh")[:, 0] == pytest.approx([0.7, 0.1])


def least_of(contrasts, of="least", allowed=ABOVE_ZERO, given=False, **fields):
    """Judge a claim about contrasts, [K] means of normal resamples with a sd of 1."""
    rng = np.random.default_rng(0)
    drawn = np.array(contrasts, dtype=float)[:, None] + rng.normal(size=(len(contrasts), 4000))
    drawn[:, 0] = contrasts
    claim = Claim("c", "idh", "t", allowed, lambda grid: drawn, "h.", of=of, **fields)
    grid = grid_of({})
    grid.n_of = {("idh", "of many cases"): 10**6}
    row = judge(claim, grid, grid, {False: given, True: given})
    return dict(zip(COLUMNS, row, strict=True))


@pytest.mark.parametrize(
    ("contrasts", "expected"),
    [
        ([2.6, 2.6, 2.6, 2.6], "seen"),
        ([9, 9, 9, 2.1], "undecided at this n"),
        ([9, 9, 9, -2.6], "undecided at this n"),  # beyond 2.33, but the least of four
        ([9, 9, 9, -3.2], "not seen"),
    ],
)
def test_all_contrasts_must_lie_in_the_range_and_one_far_outside_is_enough(contrasts, expected):
    row = least_of(contrasts)
    assert row["verdict"] == expected
    assert row["low"] < row["ours"] == min(contrasts) < row["high"]
    mirrored = least_of([-c for c in contrasts], of="greatest", allowed=BELOW_ZERO)
    assert mirrored["verdict"] == expected
    assert row["low"] == pytest.approx(-mirrored["high"], abs=0.2)


def test_limits_stay_where_the_statistic_can_be():
    """An audit of ours found an AUROC of up to 1.35 and a correlation down to -1.11."""
    row = least_of([0.9], allowed=(0.5, 1.0), bounds=(0, 1))
    assert (row["low"], row["high"]) == (0, 1)
    of_measures = {
        claim.statistic.keywords["measure"]: claim.bounds
        for claim in claims()
        if getattr(claim.statistic, "func", None) is Grid.at
    }
    assert set(of_measures) == {"rho_brain", "rho_tumour", "error_auroc", "auc"}
    assert of_measures == {measure: range_of(measure) for measure in of_measures}


def test_what_could_be_seen_is_seen_in_four_of_five_normal_studies():
    rng = np.random.default_rng(0)
    z = ndtri(0.99)  # intervals of .98 have 2 z standard errors
    border = float(could_see(2 * z, (0, np.nan)).removeprefix("from "))
    drawn = border + rng.normal(size=20_000)
    assert (drawn - z > 0).mean() == pytest.approx(0.8, abs=0.02)
    assert could_see(2 * z, (np.nan, 0)) == f"to -{border:g}"
    assert could_see(2 * z, (0, 10)) == f"from {border:g} to {10 - border:.2g}"
    assert could_see(2 * z, (0, 6)) == "nothing"
    assert could_see(2 * z, (np.nan, 3), (0, np.inf)) == "nothing"
    assert could_see(np.nan, (0, np.nan)) == "nothing"


def test_a_range_is_shown_without_its_rounding():
    assert shown_range(ABOVE_ZERO) == [0, pytest.approx(np.nan, nan_ok=True)]
    assert str(shown_range(BELOW_ZERO)[1]) == "0.0"
    assert shown_range((0.1, 0.2)) == [0.1, 0.2]


def test_one_seed_decides_nothing_about_rates():
    over_rates = least_of([5], given=True, over_rates=True)
    assert (over_rates["verdict"], over_rates["reason"]) == ("undecided", ONE_SEED)
    assert over_rates["low"] > 0
    at_one_rate = least_of([5], given=True)
    assert (at_one_rate["verdict"], at_one_rate["given"]) == ("seen", THESE_NETWORKS)
    assert least_of([5], over_rates=True)["verdict"] == "seen"


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


def of_seeds(table, rng, *arguments, **options):
    """Return a table of four networks for each case, as alike as cases are."""
    tables = [table(rng, *arguments, **options).assign(seed=s) for s in range(4)]
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(3)
    cells = [Cell("csnet", r, 30) for r in RATES]
    cells += [Cell("csnet", 0.25, t) for t in PASSES if t != 30]
    of_classes = {c: of_seeds(classification, rng, c.rate, passes=c.passes) for c in cells}
    of_regions = {c: of_seeds(segmentation, rng, c.rate) for c in cells}
    table = findings_table(of_classes, of_regions, rate=0.25, passes=30, **OPTIONS)
    return table.set_index(["claim", "task"])


def test_the_table_has_every_claim_and_only_known_verdicts(found):
    assert set(found.reset_index().columns) == set(COLUMNS)
    assert len(found) == len(claims())
    assert set(found["verdict"]) == {"seen", "not seen", "undecided at this n", "undecided"}
    without = found[found["verdict"] == "undecided"]
    assert set(without["reason"]) == {NO_TEST, NOT_THEIRS}
    claim = without.index.get_level_values("claim")
    assert (
        claim.str.contains("calibration error is low") | claim.str.contains("builds upon")
    ).all()
    assert without["ours"].between(0, 1).all()
    assert without["note"][without["reason"] == NO_TEST].str.contains("p = 0.").all()
    assert (found["given"] == THESE_NETWORKS).sum() == 3  # those of calibration
    assert (found["n"] == 120).all()


@pytest.mark.parametrize(
    ("claim", "task", "verdict"),
    [
        ("predictive uncertainty rises with the dropout rate", "idh", "seen"),
        ("aleatoric uncertainty dominates classification", "grade", "seen"),
        ("epistemic uncertainty dominates segmentation", "segmentation", "not seen"),
        ("epistemic uncertainty peaks at p = 0.55", "idh", "not seen"),
        ("the dropout rate matters more than the number of samples", "idh", "seen"),
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
    claim = "the ROC-AUC is 0.90, as of the network that theirs builds upon"
    compared = found.loc[(claim, "idh")]
    assert (compared["verdict"], compared["reason"]) == (
        "undecided", "for comparison only: the paper prints no AUC",
    )  # fmt: skip
    assert compared["low"] < compared["ours"] < compared["high"]
    dominated = found.loc[("aleatoric uncertainty dominates classification", "idh")]
    assert (dominated["verdict"], dominated["reason"]) == (
        "undecided", "one pass does not separate epistemic from aleatoric uncertainty",
    )  # fmt: skip
    absent = found[found.index.get_level_values("task") == "segmentation"]
    assert (absent["verdict"] == "undecided").all()
    assert (absent["reason"] == "the study has no segmentation").all()


def test_claims_name_their_rule():
    assert all(isinstance(claim, Claim) and claim.how.endswith(".") for claim in claims())


def test_n_is_that_of_the_measures_that_a_statistic_reads():
    values = {(r, 30, "idh", name): [r, r] for r in RATES for name in ("nll", "auc")}
    grid = grid_of(values)
    grid.n_of[("idh", "auc")] = 5
    slope(grid, "idh", "nll")
    assert grid.n_used() == 9
    grid.at("idh", "nll"), grid.at("idh", "auc")
    assert grid.n_used() == 5
    assert grid.n_used() == 0


def test_a_contrast_without_value_leaves_no_number():
    for order in ([np.nan, 2.0], [2.0, np.nan]):
        row = least_of(order)
        assert row["verdict"] == "undecided"
        assert np.isnan([row["ours"], row["low"], row["high"]]).all()
        assert "undefined" in row["reason"]
