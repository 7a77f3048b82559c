"""Patients with several cases are drawn whole: more scans of them are no more patients."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import mannwhitneyu, wilcoxon
from test_measures import cell_path, classification_table, segmentation_table

from glioma_uq.predictions import Cell
from glioma_uq.statistics.bootstrap import draw_resamples
from glioma_uq.statistics.calibration import ece_debiased
from glioma_uq.statistics.conformal import fit_limits
from glioma_uq.statistics.intervals import KINDS, interval
from glioma_uq.statistics.long_tables import measure_tables
from glioma_uq.statistics.measures import classification_measures, segmentation_measures
from glioma_uq.statistics.paired_tests import signed_rank
from glioma_uq.statistics.patients import Count, count_cases, patient_shares, patients_of
from glioma_uq.statistics.rank_tests import COLUMNS, compare_cells, compare_patients
from glioma_uq.statistics.recalibration import by_fold, fewest_fitted_on
from glioma_uq.tasks import TASKS

CELL = Cell("csnet", 0.2, 10)
OF_CLASSES = partial(classification_measures, seed=1)
# Of 40 patients with one case each, by the code before patients could have several: the value
# and limits of `expanded` at .95 from 200 resamples of the generator 7.
FROZEN = {
    ("idh", "ece"): (0.3394334809684569, 0.0, 0.8044331640171241),
    ("idh", "ece_debiased"): (0.2120222520443176, 0.0, 1.0),
    ("idh", "nll"): (1.0371293124949894, 0.0, 3.1205257235017205),
    ("idh", "auc"): (0.5513888888888889, 0.0, 1.0),
    ("idh", "accuracy"): (0.5, 0.0, 1.0),
    ("idh", "ece_null"): (0.16307475722770537, 0.10917395142965937, 0.23347517727342224),
    ("idh", "error_auroc"): (0.5408163265306123, 0.2121508318911945, 0.8883752393162474),
    ("idh", "aurc"): (0.4830442711097726, 0.0, 1.0),
    ("1p19q", "auc"): (0.5340909090909091, 0.0, 1.0),
    ("grade", "auc"): (0.545875420875421, 0.3617804686940854, 0.706957823143831),
    ("segmentation", "dice"): (0.4670792183012226, 0.36582969217294137, 0.5638435783521876),
    ("segmentation", "spearman_brain"): (
        0.0033176050638067333,
        -0.43179184917150326,
        0.42357558519031085,
    ),
    ("segmentation", "rho_tumour"): (-0.1738857458983507, -0.5857789627939022, 0.3472924736733247),
    ("segmentation", "empty_tumour"): (
        0.07499999999999996,
        0.025000000000000022,
        0.19999999999999996,
    ),
}


def options(kind="expanded"):
    return {"resamples": 200, "level": 0.95, "interval": kind, "rng": np.random.default_rng(7)}


def regions_table():
    """Return a cell's table of segmentation with two seeds of training in two folds."""
    parts = [segmentation_table(empty=3, seed=s).assign(seed=s) for s in (1, 2)]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(fold=np.tile(np.arange(40) % 2 + 1, 2))


def scanned(table, times):
    """Return the table with every case so many times, under ids of their own: one patient each."""
    copies = [
        table.assign(patient=table["case"], case=table["case"] + f"-{scan}")
        for scan in range(times)
    ]
    return pd.concat(copies).sort_values(["case"], kind="stable", ignore_index=True)


@pytest.mark.parametrize("patients", ["no column", "their cases"])
def test_one_case_of_each_patient_has_the_numbers_of_before(patients):
    found = {}
    for table, measures in (
        (classification_table(seeds=2), OF_CLASSES),
        (regions_table(), segmentation_measures),
    ):
        if patients == "their cases":
            table.insert(1, "patient", table["case"])
        rows = measure_tables({CELL: table}, measures, **options())
        keys = zip(rows["task"], rows["measure"], strict=True)
        found |= dict(zip(keys, rows[["value", "low", "high"]].to_numpy().tolist(), strict=True))
    for key, numbers in FROZEN.items():
        assert found[key] == pytest.approx(numbers, rel=1e-9), key


@pytest.mark.parametrize("kind", KINDS)
def test_more_scans_of_the_same_patients_do_not_narrow_an_interval(kind):
    """The law: k copies of every case have the intervals of one. AURC alone counts its cases."""
    for table, measures in (
        (classification_table(seeds=2), OF_CLASSES),
        (regions_table(), segmentation_measures),
    ):
        one, three = (
            measure_tables({CELL: rows}, measures, **options(kind))
            for rows in (table, scanned(table, 3))
        )
        assert (three["n"] == 3 * one["n"]).all()
        same = ~one["measure"].str.startswith("aurc")
        numbers = [
            rows.loc[same, ["value", "low", "high"]].to_numpy(float) for rows in (one, three)
        ]
        np.testing.assert_allclose(*numbers, rtol=1e-9, atol=1e-9)
        assert (one["reason"].str[:30] == three["reason"].str[:30]).all()


def test_all_cases_of_a_patient_are_drawn_and_left_out_together():
    table = pd.DataFrame({"case": list("abcde"), "patient": list("xxyzz")})
    drawn = draw_resamples([(CELL, table)], 50, np.random.default_rng(0))
    assert drawn.patients.tolist() == ["x", "y", "z"]
    weights = drawn.of(CELL, table)
    assert (weights[:, [0, 3]] == weights[:, [1, 4]]).all()
    assert (drawn.weights.sum(axis=1) == 3).all()
    assert drawn.left_out().of(CELL, table).tolist() == [
        [0, 0, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 0, 0],
    ]  # fmt: skip


def test_a_count_is_the_number_of_cases_and_knows_the_patients():
    table = pd.DataFrame({"case": list("aabc"), "patient": list("xxxy")})
    n = count_cases(table)
    assert (n, n.patients, f"{n}", pd.DataFrame([(n,)])[0].dtype) == (3, 2, "3", np.dtype(int))
    assert count_cases(table[["case"]]).patients == 3
    assert patients_of(table[["case"]]).tolist() == list("aabc")
    assert patient_shares(table).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])


@pytest.mark.parametrize("kind", ["expanded", "percentile"])
def test_exact_limits_and_degrees_of_freedom_are_of_patients(kind):
    given = {"kind": kind, "jackknife": np.zeros(10), "bounds": (0, 1)}
    of_few = interval(np.zeros(201), n=Count(30, 10), **given)
    assert of_few == interval(np.zeros(201), n=10, **given)
    assert of_few[2] == pytest.approx(1 - 0.025 ** (1 / 10))


def test_calibration_errors_compare_no_patient_with_itself():
    """Three scans of a patient are right or wrong together: they are no evidence of a gap."""
    rng, errors = np.random.default_rng(0), {"patients": [], "cases": []}
    for _ in range(300):
        p = np.repeat(rng.uniform(0.5, 1, 30), 3)
        labels = np.repeat(rng.random(30), 3) > p
        rows = np.column_stack([p, 1 - p]), labels.astype(int), np.ones((1, 90))
        errors["patients"].append(ece_debiased(*rows, patients=np.repeat(np.arange(30), 3))[0])
        errors["cases"].append(ece_debiased(*rows)[0])
    assert abs(np.mean(errors["patients"])) < 0.01
    assert np.mean(errors["cases"]) > 0.05


def test_limits_of_sets_are_those_of_hierarchical_conformal_prediction():
    """Lee, Barber and Willett 2023: scores weigh 1 / (cases of the patient), n is of patients."""
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.3])
    of_rows = np.column_stack([p, 1 - p]), np.zeros(5, dtype=int)
    shares = patient_shares(pd.DataFrame({"case": range(5), "patient": list("wwxyz")}))
    assert fit_limits(*of_rows, 0.2, shares=shares)[0] == pytest.approx(0.7)
    assert fit_limits(*of_rows, 0.4, shares=shares)[0] == pytest.approx(0.4)
    assert fit_limits(*of_rows, 0.1, shares=shares)[0] == np.inf


def test_no_other_case_of_a_tested_patient_is_fitted_on():
    test = pd.DataFrame({"case": ["a1"], "patient": ["a"], "fold": 1})
    validation = pd.DataFrame({"case": ["a2", "b1", "b2"], "patient": ["a", "b", "b"]})
    validation = validation.assign(idh_label=1, idh_probability_0=0.5, idh_probability_1=0.5)
    ((_, rows),) = by_fold(test, validation)
    assert rows["case"].tolist() == ["b1", "b2"]
    assert fewest_fitted_on(test, validation, "idh") == 1


def test_a_patients_mean_difference_enters_the_signed_rank_test():
    one, other = np.array([0.5, 0.9, 0.4, 0.2, 0.7]), np.array([0.4, 0.2, 0.5, 0.2, 0.6])
    p, different = signed_rank(one, other, list("xxyzw"))
    assert different == 3
    assert p == wilcoxon([0.4, -0.1, 0.1]).pvalue
    p, different = signed_rank([0.3, 0.1 + 0.2], [0.1 + 0.2, 0.3], ["x", "x"])
    assert (p, different) == (1, 0)


def test_the_rank_test_is_mann_whitneys_where_patients_have_as_many_cases_each():
    """k copies of every case: the same permutations, with U and its spread k² times as large."""
    rng = np.random.default_rng(0)
    uncertainty, is_wrong = rng.normal(size=40).round(1), rng.random(40) < 0.4
    patients = pd.Series(np.arange(40))
    plain = mannwhitneyu(uncertainty[is_wrong], uncertainty[~is_wrong])
    assert compare_patients(uncertainty, is_wrong, patients)[:2] == (plain.statistic, plain.pvalue)
    three = compare_patients(
        *(np.repeat(x, 3) for x in (uncertainty, is_wrong)), patients.repeat(3)
    )
    without = {"method": "asymptotic", "use_continuity": False}
    expected = mannwhitneyu(uncertainty[is_wrong], uncertainty[~is_wrong], **without).pvalue
    assert three[0] == 9 * plain.statistic
    assert three[1] == pytest.approx(expected, rel=0.05)


def test_a_patient_that_cannot_be_exchanged_has_no_test():
    """Its right and wrong cases are its own: with nobody of as many cases there is no chance."""
    u, p, auroc = compare_patients(
        np.array([0.1, 0.2, 0.3]), np.array([False, True, True]), pd.Series(list("xxy"))
    )
    assert (u, auroc) == (2, 1)
    assert np.isnan(p)


def test_the_rank_test_keeps_its_level_where_scans_are_alike():
    """Patients of one to four scans, alike by .9: 5 % of p are below .05, of cases alone 18 %."""
    rng, of_patients, of_cases = np.random.default_rng(1), [], []
    for _ in range(300):
        who = np.repeat(np.arange(30), rng.integers(1, 5, 30))
        alike = np.sqrt(0.9) * rng.normal(size=(2, 30))[:, who]
        uncertainty, latent = alike + np.sqrt(0.1) * rng.normal(size=alike.shape)
        is_wrong = latent < ndtri(0.3)
        of_patients.append(compare_patients(uncertainty, is_wrong, pd.Series(who))[1])
        of_cases.append(mannwhitneyu(uncertainty[is_wrong], uncertainty[~is_wrong]).pvalue)
    assert 0.01 < np.mean(np.array(of_patients) < 0.05) < 0.08
    assert np.mean(np.array(of_cases) < 0.05) > 0.12


def test_rank_tests_of_scans_are_of_patients_and_count_cases(tmp_path):
    table = classification_table(seeds=2)
    given = {"dice_threshold": 0.8, **options("expanded")}
    rows = []
    for number, cases in enumerate((table, scanned(table, 2))):
        path = cell_path(tmp_path / str(number), 0.2, 10, "classification")
        cases.to_csv(path, index=False)
        given["rng"] = np.random.default_rng(7)
        rows.append(compare_cells([path], [], **given))
    one, two = rows
    assert one.columns.tolist() == COLUMNS
    assert one["task"].tolist() == list(TASKS)
    assert (two["n_wrong"] == 2 * one["n_wrong"]).all()
    limits = ["auroc", "auroc_low", "auroc_high"]
    np.testing.assert_allclose(one[limits].astype(float), two[limits].astype(float), rtol=1e-9)
    np.testing.assert_allclose(one["p"], two["p"], atol=0.02)
