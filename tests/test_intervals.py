"""Laws of intervals, and agreement with scipy's bootstrap draw by draw."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.special import ndtri
from scipy.stats import binomtest

from glioma_uq.predictions import Cell
from glioma_uq.statistics.bootstrap import draw_resamples, resample_weights, weighted_mean
from glioma_uq.statistics.correlation import pearson
from glioma_uq.statistics.intervals import KINDS, expanded_tails, interval, variance_parts
from glioma_uq.statistics.long_tables import from_reference, numbers, resample_cell
from glioma_uq.statistics.patients import Count

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "coverage.py"


def test_the_mean_of_a_constant_has_no_width():
    weights = resample_weights(50, 100, np.random.default_rng(0))
    means = weighted_mean(np.full(50, 0.1), weights)
    assert interval(np.append(0.1, means)) == (0.1, 0.1, 0.1, "")


def test_percentile_interval_agrees_with_scipy():
    values = np.random.default_rng(4).gamma(2, size=60)
    weights = np.vstack([np.ones(60), resample_weights(60, 4000, np.random.default_rng(5))])
    value, low, high, reason = interval(weighted_mean(values, weights))
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(6)
    ).confidence_interval
    assert (value, reason) == (pytest.approx(values.mean()), "")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)


def test_percentile_interval_is_the_quantiles_of_the_resamples():
    draws = np.append(500, np.random.default_rng(0).permutation(1001))
    assert interval(draws)[:3] == pytest.approx((500, 25, 975))
    assert interval(draws, level=0.9)[:3] == pytest.approx((500, 50, 950))
    shifted = np.append(490, draws[1:])
    assert interval(shifted, kind="basic")[:3] == pytest.approx((490, 5, 955))


def test_a_few_undefined_resamples_are_left_out():
    draws = np.append(np.append(5.0, np.full(95, 5.0)), np.full(5, np.nan))
    assert interval(draws) == (5, 5, 5, "")


def test_more_than_a_twentieth_undefined_refuses_the_interval():
    draws = np.append(np.append(5.0, np.full(94, 5.0)), np.full(6, np.nan))
    value, low, high, reason = interval(draws)
    assert value == 5
    assert np.isnan([low, high]).all()
    assert "6 of 100 resamples" in reason


def test_an_undefined_value_has_no_interval():
    assert np.isnan(interval(np.array([np.nan, 1, 1]))[:3]).all()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="expected interval among .* found normal"):
        interval(np.arange(5.0), kind="normal")


def test_intervals_of_a_mean_cover_the_truth():
    """Of 200 simulated cohorts of 60, about 95 % of the intervals hold the true mean 0."""
    weights = np.vstack([np.ones(60), resample_weights(60, 500, np.random.default_rng(7))])
    cohorts = np.random.default_rng(8).normal(size=(200, 60))
    held = [
        low <= 0 <= high
        for _, low, high, _ in (interval(weighted_mean(cohort, weights)) for cohort in cohorts)
    ]
    assert 0.89 <= np.mean(held) <= 0.99


def drawn_mean(values, resamples=999):
    n = len(values)
    weights = np.vstack([np.ones(n), resample_weights(n, resamples, np.random.default_rng(2))])
    return weighted_mean(values, weights), weighted_mean(values, 1 - np.eye(n))


@pytest.mark.parametrize("kind", ["percentile", "basic", "bca"])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_every_kind_agrees_with_scipy_on_the_same_draws(kind, level):
    values = np.random.default_rng(3).exponential(size=40)
    draws, jackknife = drawn_mean(values)
    result = scipy.stats.bootstrap((values,), np.mean, n_resamples=9, rng=np.random.default_rng(0))
    result.bootstrap_distribution = draws[1:]
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=0, bootstrap_result=result, method=kind,
        confidence_level=level,
    ).confidence_interval  # fmt: skip
    assert interval(draws, level, kind, jackknife)[1:3] == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


def test_bca_of_a_symmetric_measure_is_nearly_the_percentile_interval():
    draws = np.append(0, np.linspace(-1, 1, 1000))
    plain, moved = interval(draws), interval(draws, kind="bca", jackknife=np.array([-1.0, 0, 1]))
    assert moved[1:3] == pytest.approx(plain[1:3], abs=1e-6)


def test_bca_of_a_constant_has_no_width():
    draws, jackknife = drawn_mean(np.full(9, 0.1))
    assert interval(draws, 0.95, "bca", jackknife) == (0.1, 0.1, 0.1, "")


def test_bca_says_why_it_is_undefined():
    draws = np.append(5.0, np.arange(5.0))
    assert "one side of the value" in interval(draws, 0.95, "bca", np.arange(3.0))[3]
    draws = np.append(2.0, np.arange(5.0))
    low, high, reason = interval(draws, 0.95, "bca", np.array([1, np.nan]))[1:]
    assert np.isnan([low, high]).all()
    assert "the measure is undefined" in reason
    with pytest.raises(ValueError, match="expected the jackknife"):
        interval(draws, kind="bca")


def test_a_paired_difference_is_narrower_than_an_unpaired_one():
    rng = np.random.default_rng(0)
    one = rng.normal(size=80)
    other = one + rng.normal(0, 0.1, size=80)
    weights = np.vstack([np.ones(80), resample_weights(80, 500, rng)])
    again = np.vstack([np.ones(80), resample_weights(80, 500, rng)])
    paired = weighted_mean(one, weights) - weighted_mean(other, weights)
    unpaired = weighted_mean(one, weights) - weighted_mean(other, again)
    widths = [high - low for _, low, high, _ in (interval(paired), interval(unpaired))]
    assert 5 * widths[0] < widths[1]
    assert paired == pytest.approx(weighted_mean(one - other, weights))


def test_a_correlation_without_spread_is_refused():
    weights = np.vstack([np.ones(3), resample_weights(3, 500, np.random.default_rng(0))])
    draws = pearson(np.array([0, 0, 1.0]), np.array([0, 1, 2.0]), weights)
    assert "of 500 resamples: a class or spread is missing" in interval(draws)[3]


def test_expansion_vanishes_with_many_cases_and_is_students_t_with_few():
    assert expanded_tails(0.95, 10**7) == pytest.approx([0.025, 0.975], abs=1e-6)
    z = np.sqrt(50 / 49) * scipy.stats.t.ppf(0.975, 49)
    assert expanded_tails(0.95, 50) == pytest.approx(scipy.stats.norm.cdf([-z, z]), abs=1e-9)


def test_expanded_is_bca_but_wider():
    draws, jackknife = drawn_mean(np.random.default_rng(3).exponential(size=30))
    (low, high), (lower, higher) = (
        interval(draws, 0.95, kind, jackknife, 30)[1:3] for kind in ("bca", "expanded")
    )
    assert lower < low < high < higher


def test_the_tails_of_two_very_skewed_cases_are_the_ends_of_the_resamples():
    """There t is 18, which is no number of a normal quantile, and acceleration passes its pole."""
    draws = np.append(0.0, [-1.0, 0.0, 0.0, 1.0])
    for outlier in (0.0, -9.0, 9.0):
        jackknife = np.append(np.zeros(60), outlier)
        low, high, reason = interval(draws, 0.95, "expanded", jackknife, 2)[1:]
        assert (low, high, reason) == (pytest.approx(-1, abs=0.01), pytest.approx(1, abs=0.01), "")


@pytest.mark.parametrize("kind", ["percentile", "basic", "bca", "expanded"])
@pytest.mark.parametrize("n", [1, Count(6, 1)])
def test_a_single_patient_has_no_interval_however_many_the_scans(kind, n):
    """No resample varies the patient, so that a width of 0 would say that nothing is uncertain."""
    found = interval(np.full(9, 0.3), 0.95, kind, np.full(1, np.nan), n)
    assert found[0] == 0.3
    assert np.isnan(found[1:3]).all()
    assert found[3] == "of a single patient, whom no resample varies"


CELLS = [Cell("csnet", rate, 10) for rate in (0.2, 0.5)]


def of_networks(values, folds):
    """Return the results of two rates, whose cases have all the value of their network.

    `values` is [2, folds, seeds].
    """
    seeds = values.shape[2]
    table = pd.DataFrame(
        {"case": np.tile([f"{case:02d}" for case in range(12)], seeds),
         "fold": np.tile(np.arange(12) % folds, seeds), "seed": np.repeat(np.arange(seeds), 12)}
    )  # fmt: skip
    drawn = draw_resamples([(cell, table) for cell in CELLS], 300, np.random.default_rng(0))
    results = []
    for cell, of_rate in zip(CELLS, values, strict=True):
        mine = of_rate[table["fold"], table["seed"]]
        results += resample_cell(
            cell, table,
            lambda rows, weights, mine=mine: [("task", "value", weighted_mean(mine, weights), 12)],
            drawn, "expanded",
        )  # fmt: skip
    return results


def test_the_interval_of_networks_alone_is_students():
    """With one fold and cases that do not differ, the mean over seeds is all that varies."""
    values = np.random.default_rng(3).normal(size=(2, 1, 4))
    result = of_networks(values, 1)[0]
    mean, low, high = numbers(result, 0.95, "expanded")[2:5]
    expected = scipy.stats.ttest_1samp(values[0, 0], 0).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((values[0].mean(), expected.low, expected.high))


def test_the_interval_of_two_rates_of_networks_is_welchs():
    values = np.random.default_rng(4).normal(size=(2, 1, 5)) * [[[1]], [[3]]]
    (result,) = from_reference(of_networks(values, 1), rate=0.2)
    low, high = numbers(result, 0.95, "expanded")[3:5]
    test = scipy.stats.ttest_ind(values[1, 0], values[0, 0], equal_var=False)
    expected = test.confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_networks_that_do_not_vary_leave_the_interval_alone():
    draws, jackknife = drawn_mean(np.random.default_rng(3).exponential(size=30))
    alone = interval(draws, 0.95, "expanded", jackknife, 30)
    jackknife = np.append(jackknife, [draws[0]] * 4)
    strata = np.repeat([0, 1, 2], [30, 2, 2])
    assert interval(draws, 0.95, "expanded", jackknife, 30, strata=strata) == alone


def test_the_variance_of_a_stratum_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(size=7)
    left = weighted_mean(values[:3], 1 - np.eye(3)), weighted_mean(values[3:], 1 - np.eye(4))
    variances, freedoms = variance_parts(np.concatenate(left), np.repeat([0, 1], [3, 4]))
    assert variances == pytest.approx([values[:3].var(ddof=1) / 3, values[3:].var(ddof=1) / 4])
    assert freedoms.tolist() == [2, 3]


def test_an_interval_is_refused_where_a_network_alone_defines_the_measure():
    jackknife = np.append(np.linspace(0.4, 0.6, 9), [np.nan, 0.5])
    draws = np.append(0.5, np.linspace(0.3, 0.7, 100))
    strata = np.repeat([0, 1], [9, 2])
    found = interval(draws, 0.95, "expanded", jackknife, 9, strata=strata)
    assert np.isnan(found[1:3]).all()
    assert "without one of the networks" in found[3]


@pytest.fixture(scope="module")
def cover_networks():
    return runpy.run_path(str(BENCHMARK))["cover_networks"]


@pytest.mark.parametrize(("folds", "seeds", "sd"), [(2, 4, 0.06), (2, 2, 0.06), (2, 4, 0)])
def test_intervals_of_several_seeds_cover_the_expected_value_of_the_method(
    cover_networks, folds, seeds, sd
):
    """At least 92 %, for a mean and for a difference between rates: see benchmarks/coverage.py."""
    rng = np.random.default_rng(folds * seeds)
    shares, _ = cover_networks(folds, seeds, sd, "expanded", 500, 400, rng)
    assert (shares >= 0.92).all()


def test_one_seed_covers_these_networks_only(cover_networks):
    """The interval of one seed does not know how trainings differ, which the tables say."""
    shares, _ = cover_networks(2, 1, 0.06, "expanded", 200, 200, np.random.default_rng(0))
    assert (shares < 0.7).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_of_all_or_none_has_the_exact_limits_of_scipy(value, kind):
    found = interval(np.full(201, value), 0.95, kind, np.full(64, value), 64, bounds=(0, 1))[1:3]
    expected = binomtest(int(64 * value), 64).proportion_ci(0.95, "exact")
    assert found == pytest.approx((expected.low, expected.high))
    entropy = interval(np.zeros(201), 0.95, kind, np.zeros(64), 64, bounds=(0, np.inf))[1:3]
    assert entropy == (0, 0)  # may be 0 for good: one pass has no epistemic uncertainty


def test_tails_beyond_the_resamples_follow_from_nearer_ones():
    """1,000 resamples of a normal mean, a limit at .00024: the ends of the resamples are nearer."""
    rng, wanted = np.random.default_rng(0), ndtri(0.99976)
    found = [
        interval(np.append(0, rng.normal(size=1000)), 1 - 2 * 0.00024, "expanded", rng.normal(
            size=10**4), 10**4)[2]
        for _ in range(200)
    ]  # fmt: skip
    assert np.mean(found) == pytest.approx(wanted, rel=0.05)
    assert np.std(found) < 0.25


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "undefined in 99 of 99 resamples of 0 cases"),
        (1, "undefined in 99 of 99 resamples of 1 case"),
        (2, "undefined in 99 of 99 resamples of 2 cases"),
        (3, "undefined in 99 of 99 resamples of 3 cases: a class or spread is missing"),
        (None, "undefined in 99 of 99 resamples: a class or spread is missing"),
    ],
)
def test_so_few_cases_are_reason_enough(n, expected):
    assert interval(np.full(100, np.nan), n=n)[3] == expected


def test_intervals_over_patients_cover_where_those_over_cases_do_not():
    cover_patients = runpy.run_path(str(BENCHMARK))["cover_patients"]
    of_patients, of_cases = cover_patients(30, "expanded", 400, 200, np.random.default_rng(30))
    assert of_patients >= 0.91 > 0.85 > of_cases
