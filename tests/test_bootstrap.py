"""Laws of resampling by weights."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.errors import BadInput
from glioma_uq.grid import ALL_SEEDS
from glioma_uq.predictions import Cell
from glioma_uq.statistics.bootstrap import (
    draw_resamples,
    patient_weights,
    resample_weights,
    row_weights,
    weight_below,
    weighted_mean,
)


def test_every_resample_draws_as_many_cases_as_there_are():
    weights = resample_weights(30, 200, np.random.default_rng(0))
    assert weights.shape == (200, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(30), abs=0.4)


def test_the_generator_is_all_the_randomness():
    one, same, other = (resample_weights(9, 5, np.random.default_rng(s)) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_cases_are_sorted_so_that_order_of_rows_does_not_matter():
    cases, weights = patient_weights(["c", "a", "b", "a"], 10, np.random.default_rng(0))
    again, same = patient_weights(["a", "b", "c"], 10, np.random.default_rng(0))
    assert cases.tolist() == again.tolist() == ["a", "b", "c"]
    assert (weights == same).all()
    assert weights[0].tolist() == [1, 1, 1]


def test_rows_of_one_case_move_together():
    cases, weights = patient_weights(["a", "b", "c"], 10, np.random.default_rng(0))
    rows = row_weights(["b", "a", "b"], cases, weights)
    assert (rows == weights[:, [1, 0, 1]]).all()


def test_the_mean_of_no_cases_is_undefined():
    assert np.isnan(weighted_mean([], np.empty((3, 0)))).all()
    assert np.isnan(weighted_mean([1.0, 2.0], np.zeros((1, 2)))).all()


def test_weight_below_counts_ties_half():
    below = weight_below(
        np.array([1.0, 2, 2, 3]), np.array([0.0, 2, 9]), np.array([[1, 1, 2, 5.0]])
    )
    assert below.tolist() == [[0, 1 + 1.5, 9]]


CELL = Cell("csnet", 0.2, 10)


def cohort(cases, seeds, folds=1):
    """Return a table with a row for each case and seed; the cases take turns in the folds."""
    fold = [1 + number % folds for number in range(len(cases))]
    return pd.DataFrame(
        {"case": list(cases) * len(seeds), "fold": fold * len(seeds),
         "seed": np.repeat(seeds, len(cases))}
    )  # fmt: skip


def draw(table, resamples=50, cell=CELL):
    """Return (resamples of one table, its weights)."""
    drawn = draw_resamples([(cell, table)], resamples, np.random.default_rng(0))
    return drawn, drawn.of(cell, table)


def test_one_seed_leaves_the_resamples_of_cases_alone():
    _, weights = patient_weights(list("abc"), 50, np.random.default_rng(0))
    assert (draw(cohort("abc", [1], folds=3))[1] == weights).all()


def test_networks_are_drawn_within_their_fold_and_share_its_cases():
    table = cohort("abcdef", [1, 2, 3], folds=2)
    drawn, weights = draw(table)
    weights = weights.reshape(51, 3, 6)
    assert (weights[0] == 1).all()
    assert (weights[1:].sum(axis=1) == 2 * drawn.weights[1:]).all()  # two of three are drawn
    times = drawn.network_weights.reshape(51, 2, 3).swapaxes(1, 2)  # [draws, seeds, folds]
    np.testing.assert_array_equal(weights, np.tile(times, 3) * drawn.weights[:, None])
    assert (times[:, :, 0] != times[:, :, 1]).any()


def test_the_variance_of_resampled_networks_is_that_of_their_mean():
    for seeds in ([1, 2], [1, 2, 3, 4]):
        values = np.random.default_rng(2).normal(size=len(seeds))
        drawn = resample_weights(len(seeds), 40_000, np.random.default_rng(0), len(seeds) - 1)
        means = weighted_mean(values, drawn)
        assert means.var() == pytest.approx(values.var(ddof=1) / len(seeds), rel=0.02)


def test_networks_of_other_rates_are_drawn_apart_and_other_passes_or_samplers_together():
    table = cohort("abcd", [1, 2])
    cells = [CELL, CELL._replace(passes=30), CELL._replace(network="csnet-deterministic"),
             CELL._replace(rate=0.3)]  # fmt: skip
    drawn = draw_resamples([(cell, table) for cell in cells], 50, np.random.default_rng(0))
    first, *same, other = (drawn.of(cell, table) for cell in cells)
    assert all((weights == first).all() for weights in same)
    assert (other != first).any()
    by_case = [weights.reshape(51, 2, 4).sum(axis=1) for weights in (first, other)]
    np.testing.assert_array_equal(*by_case)  # paired by case


def test_an_ensemble_of_all_seeds_weighs_one_and_changes_nothing_for_the_others():
    single, ensemble = cohort("abcd", [1, 2, 3]), cohort("abcd", [ALL_SEEDS])
    of_all = CELL._replace(network="csnet-deep-ensemble")
    tables = [(of_all, ensemble), (CELL, single)]
    drawn = draw_resamples(tables, 50, np.random.default_rng(0))
    assert (drawn.of(CELL, single) == draw(single)[1]).all()
    assert (drawn.of(of_all, ensemble) == drawn.weights).all()


def test_a_fold_that_lacks_a_seed_is_refused():
    table = cohort("abcd", [1, 2], folds=2).query("fold == 1 or seed == 1")
    with pytest.raises(BadInput, match="expected as many seeds in every fold of csnet 0.20, found"):
        draw(table)


def test_a_spread_between_seeds_widens_the_intervals():
    table, rng = cohort(range(60), [1, 2, 3, 4]), np.random.default_rng(1)
    values = rng.normal(size=60)[table["case"]] + np.repeat(rng.normal(size=4), 60)
    drawn, weights = draw(table, 400)
    by_case_alone = drawn.of_patients(table)
    assert weighted_mean(values, weights).std() > 2 * weighted_mean(values, by_case_alone).std()


def test_the_jackknife_leaves_out_one_case_with_all_its_seeds_then_one_network():
    table = cohort("abc", [1, 2])
    drawn, _ = draw(table)
    weights = drawn.left_out().of(CELL, table)
    assert (weights[:3] == np.tile(1 - np.eye(3), 2)).all()
    assert weights[3:].tolist() == [[0, 0, 0, 2, 2, 2], [2, 2, 2, 0, 0, 0]]
    assert drawn.strata.tolist() == [0, 0, 0, 1, 1]


def test_without_a_network_every_fold_keeps_its_share():
    table = cohort("abcd", [1, 2, 3], folds=2)
    weights = draw(table)[0].left_out().of(CELL, table)[4:]
    assert (weights.reshape(6, 3, 4).sum(axis=1) == 6).all()
