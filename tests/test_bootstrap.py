"""Laws of resampling by weights."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.grid import ALL_SEEDS
from glioma_uq.statistics.bootstrap import (
    case_weights,
    draw_resamples,
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
    cases, weights = case_weights(["c", "a", "b", "a"], 10, np.random.default_rng(0))
    again, same = case_weights(["a", "b", "c"], 10, np.random.default_rng(0))
    assert cases.tolist() == again.tolist() == ["a", "b", "c"]
    assert (weights == same).all()
    assert weights[0].tolist() == [1, 1, 1]


def test_rows_of_one_case_move_together():
    cases, weights = case_weights(["a", "b", "c"], 10, np.random.default_rng(0))
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


def cohort(cases, seeds):
    return pd.DataFrame({"case": list(cases) * len(seeds), "seed": np.repeat(seeds, len(cases))})


def test_one_seed_leaves_the_resamples_of_cases_alone():
    table = cohort("abc", [1])
    drawn = draw_resamples([table, table], 10, np.random.default_rng(0))
    _, weights = case_weights(list("abc"), 10, np.random.default_rng(0))
    assert (drawn.of(table) == weights).all()


def test_seeds_are_drawn_and_cases_stay_shared_between_them():
    table = cohort("abcd", [1, 2, 3])
    drawn = draw_resamples([table], 50, np.random.default_rng(0))
    weights = drawn.of(table).reshape(51, 3, 4)
    assert (weights[0] == 1).all()
    assert (weights[1:].sum(axis=(1, 2)) == 12).all()
    np.testing.assert_array_equal(weights, drawn.seed_weights[:, :, None] * drawn.weights[:, None])


def test_an_ensemble_of_all_seeds_weighs_one_and_changes_nothing_for_the_others():
    single, ensemble = cohort("abcd", [1, 2, 3]), cohort("abcd", [ALL_SEEDS])
    drawn = draw_resamples([ensemble, single], 50, np.random.default_rng(0))
    alone = draw_resamples([single], 50, np.random.default_rng(0))
    assert (drawn.of(single) == alone.of(single)).all()
    assert (drawn.of(ensemble) == drawn.weights).all()


def test_a_spread_between_seeds_widens_the_intervals():
    table, rng = cohort(range(60), [1, 2, 3, 4]), np.random.default_rng(1)
    values = rng.normal(size=60)[table["case"]] + np.repeat(rng.normal(size=4), 60)
    drawn = draw_resamples([table], 400, rng)
    by_case_alone = row_weights(table["case"], drawn.cases, drawn.weights)
    assert weighted_mean(values, drawn.of(table)).std() > 2 * weighted_mean(
        values, by_case_alone).std()  # fmt: skip


def test_the_jackknife_leaves_out_one_case_with_all_its_seeds():
    table = cohort("abc", [1, 2])
    drawn = draw_resamples([table], 5, np.random.default_rng(0))
    assert (drawn.without_one(table) == np.tile(1 - np.eye(3), 2)).all()
