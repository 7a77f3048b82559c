"""Any model's predictions: what comes in, and every way in which they are refused."""

import numpy as np
import pandas as pd
import pytest

from glioma_uq.errors import BadInput
from glioma_uq.predictions import cell_of, import_predictions, known_rows, tolerance_of
from glioma_uq.statistics.measures import key_measures
from glioma_uq.statistics.ranges import EVERYTHING, range_of
from glioma_uq.tables import read_table, write_table
from glioma_uq.tasks import TASKS

COLUMNS = {
    "case": "Patient",
    "source": "Site",
    "idh": {"label": "IDH", "probabilities": ["wildtype", "mutated"]},
    "grade": {"label": "Grade", "probabilities": ["g2", "g3", "g4"]},
}


def table(**changes):
    columns = {
        "Patient": ["P-2", "P-1"],
        "Site": ["A", "B"],
        "IDH": [1, -1],
        "wildtype": [0.25, 0.4999],
        "mutated": [0.75, 0.4999],
        "Grade": [4, 2],
        "g2": [0.0, 1.0],
        "g3": [0.5, 0.0],
        "g4": [0.5, 0.0],
    }
    return pd.DataFrame(columns | changes)


@pytest.fixture
def imported(tmp_path):
    """Write a table and import it."""

    def import_(frame, columns=COLUMNS):
        frame.to_csv(tmp_path / "theirs.csv", index=False)
        return import_predictions(tmp_path / "theirs.csv", columns)

    return import_


def test_a_cell_is_read_from_its_path():
    cell = cell_of("results/studies/s/csnet/dropout-0.30/passes-100/segmentation.csv")
    assert cell == ("csnet", 0.3, 100)


def test_a_path_that_names_no_cell_is_refused():
    with pytest.raises(BadInput, match="expected a path that ends in network/dropout-0.25"):
        cell_of("results/studies/s/folds.csv")


def test_cases_are_sorted_and_probabilities_sum_to_one(imported):
    cells = imported(table())
    assert cells["case"].tolist() == ["P-1", "P-2"]
    assert cells["source"].tolist() == ["B", "A"]
    assert cells[["idh_probability_0", "idh_probability_1"]].to_numpy().tolist() == [
        [0.5, 0.5],
        [0.25, 0.75],
    ]


def test_without_passes_the_parts_of_uncertainty_are_unknown(imported):
    cells = imported(table())
    assert cells["idh_predictive"][0] == pytest.approx(np.log(2))
    assert cells["grade_predictive"][0] == 0
    parts = [f"{task}_{part}" for task in TASKS for part in ("aleatoric", "epistemic")]
    assert cells[parts].isna().all(axis=None)
    found = {(t, m): (v[0], n) for t, m, v, n in key_measures(cells, np.ones((1, 2)))}
    assert found["idh", "predictive"][1] == 1
    for part in ("aleatoric", "epistemic"):
        value, n = found["idh", part]
        assert (np.isnan(value), n) == (True, 0)


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        ({"total": "u"}, {"given_predictive": -1.0}),
        (
            {"total": "u", "aleatoric": "a", "epistemic": "e"},
            {"given_predictive": -1.0, "given_aleatoric": 2.5, "given_epistemic": 30.0},
        ),
    ],
)
def test_given_uncertainties_are_taken_as_they_are(imported, given, measured):
    """In any unit, negative too: no interval is cut at the range of an entropy."""
    frame = table(IDH=[1, 0], wildtype=0.25, mutated=0.75, u=["-3,5", "1.5"], a=[2, 3], e=[50, 10])
    columns = {"case": "Patient", "idh": COLUMNS["idh"] | {"uncertainty": given}}
    cells = imported(frame, columns)
    assert cells["idh_predictive"].tolist() == [1.5, -3.5]
    found = {m: v[0] for _, m, v, n in key_measures(cells, np.ones((1, 2))) if n}
    assert {m: v for m, v in found.items() if m.startswith("given")} == measured
    assert not {"predictive", "aleatoric", "epistemic"} & set(found)
    assert {range_of(m, "idh") for m in measured} == {EVERYTHING}
    assert found["error_auroc"] == 1.0  # the wrong case P-1 has the higher uncertainty


def test_a_given_uncertainty_must_be_a_number(imported):
    columns = {"case": "Patient", "idh": COLUMNS["idh"] | {"uncertainty": {"total": "u"}}}
    with pytest.raises(BadInput, match='as the total uncertainty of idh, found "" in case P-1'):
        imported(table(u=[1, np.nan]), columns)


def test_patients_values_and_rows_are_those_of_the_config(imported, tmp_path):
    frame = table(IDH=["IDH1 R132H", "wt"], Person=["P", "P"])
    values = {"IDH*": 1, "wt": 0}
    columns = {"case": "Patient", "patient": "Person", "idh": COLUMNS["idh"] | {"values": values}}
    cells = imported(frame, columns)
    assert cells.columns.tolist()[:3] == ["case", "patient", "source"]
    assert cells["patient"].tolist() == ["P", "P"]
    assert cells["idh_label"].tolist() == [0, 1]
    some = import_predictions(tmp_path / "theirs.csv", columns, only={"Site": ["A"]})
    assert some["case"].tolist() == ["P-2"]


def test_predictions_of_no_task_are_refused(imported):
    with pytest.raises(BadInput, match="expected a task under predictions.columns, found none of"):
        imported(table(), {"case": "Patient"})


def test_a_task_that_is_not_predicted_is_unknown(imported):
    cells = imported(table())
    assert (cells["1p19q_label"] == -1).all()
    assert len(known_rows(cells, "1p19q")[0]) == 0


def test_a_table_is_read_back_as_it_was_written(imported, tmp_path):
    cells = imported(table(Patient=["001", "NA"], g3=[1 / 3, 0], g4=[2 / 3, 0]))
    write_table(cells, tmp_path / "cell.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "cell.csv"), cells)


def test_known_rows_index_the_classes(imported):
    known, labels, probabilities = known_rows(imported(table()), "grade")
    assert known["case"].tolist() == ["P-1", "P-2"]
    assert labels.tolist() == [0, 2]
    assert probabilities.shape == (2, 3)


def test_known_rows_refuse_what_cannot_be_measured(imported):
    for change in ({"idh_label": 3}, {"idh_probability_0": np.nan}):
        with pytest.raises(BadInput, match="idh label among .* found others in case P-[12]"):
            known_rows(imported(table()).assign(**change), "idh")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"IDH": [1, 2]}, "expected IDH among 0, 1, -1, .* found IDH '2' in 1 row: name"),
        (
            {"Grade": ["IV", 2]},
            "Grade 'IV' in 1 row: name .* predictions.columns.grade.values",
        ),
        ({"Patient": ["P-1", ""]}, "expected an id as Patient .* found none in 1 of 2 .line 3."),
        ({"wildtype": [0.25, np.nan]}, 'a number as each idh probability, found "" in case P-1'),
        ({"wildtype": [np.inf, 0.5]}, 'as each idh probability, found "inf" in case P-2'),
        ({"wildtype": [-0.25, 0.5]}, "idh probabilities from 0 to 1, found -0.25 in case P-2"),
        ({"g2": [0.1, 1]}, "grade probabilities that sum to 1 within 0.015, found 1.1 in case P-2"),
        ({"g2": ["high", 1]}, 'as each grade probability, found "high" in case P-2; correct or'),
    ],
)
def test_a_wrong_table_names_the_case(imported, changes, sentence):
    """Other kinds, with their whole sentences: docs/bad_input.md."""
    with pytest.raises(BadInput, match=sentence) as refusal:
        imported(table(**changes))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("texts", "tolerance"),
    [
        ([".123", ".456", ".420"], 0.0015),
        (["0.123", "0.456", "0.42"], 0.0015),  # a spreadsheet drops the zero
        (["0,33", "0,33", "0,33"], 0.015),
        (["0.3", "0.3", "0.3"], 0.015),
        (["0.33333333", "0.3", "1e-3"], 0.001),
        (["1", "0", "0"], 0.015),
    ],
)
def test_probabilities_may_be_off_by_their_rounding_in_print(texts, tolerance):
    assert tolerance_of(texts, 3) == tolerance


def test_a_missing_column_is_refused_with_the_closest_name(imported):
    sentence = "column 'mutated' .* set predictions.columns .nearest: Mutated_IDH"
    with pytest.raises(BadInput, match=sentence):
        imported(table().rename(columns={"mutated": "Mutated_IDH"}))


def test_a_co_deletion_without_idh_mutation_is_refused(imported):
    columns = {"case": "Patient", "idh": COLUMNS["idh"]}
    columns |= {"1p19q": {"label": "codeleted", "probabilities": ["g3", "g4"]}}
    frame = table(IDH=[0, 1], codeleted=[1, -1], g3=0.5, g4=0.5)
    with pytest.raises(BadInput, match="only with IDH mutation .* in case P-2"):
        imported(frame, columns)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (["g2", "g3"], r"expected 3 probability columns for grade, .* found 2"),
        (["g2", "g3", "g3"], 'a different column for each label and class .* found "g3" 2 times'),
    ],
)
def test_columns_that_do_not_fit_the_classes_are_refused(imported, named, sentence):
    columns = COLUMNS | {"grade": {"label": "Grade", "probabilities": named}}
    with pytest.raises(BadInput, match=sentence):
        imported(table(), columns)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "found no file; fix the path"),
        (b"", "expected one row for each case .* found none"),
        (b"Patient,IDH\n", "expected one row for each case .* found none"),
        (b"Patient\n\xff\xfe\n", "expected a table as text in UTF-8 .* found 'utf-8' codec"),
        (b"a,b\n1,2\n1,2,3,4\n", "expected 2 fields in line 3 .* found 4"),
        (b"Patient,IDH\nP-1,1,0\n", "expected 2 fields in line 2 .* found 3"),
        (b"Patient,Site,IDH,IDH\nP-1,A,1,0\n", "expected one column 'IDH' .* found 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, sentence):
    path = tmp_path / "theirs.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        import_predictions(path, COLUMNS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Patient": ["../P-2", "P-1"]}, "expected an id of .* as Patient in .*found '../P-2'"),
        ({"Patient": ["=1+1", "P-1"]}, "expected an id of .* found '=1.1'"),
        ({"Patient": ["P" * 5000, "P-1"]}, "an id of at most 150 bytes as Patient in .* 5000"),
        ({"Patient": ["\x1b]0;x\x07", "P-1"]}, "expected an id of .* found '.x1b]0;x.x07'"),
        ({"Patient": ["p-1", "P-1"]}, "names that differ in more than case and spaces"),
        ({"Site": ["A\x1b[2J", "B"]}, "no control or format characters in Site of"),
        ({"Site": ["A" * 501, "B"]}, "at most 500 characters in Site of .* found 501"),
    ],
)
def test_ids_and_texts_are_checked_as_those_of_labels(imported, changes, said):
    with pytest.raises(BadInput, match=said) as refusal:
        imported(table(**changes))
    assert str(refusal.value).isprintable()


def test_a_source_may_begin_as_a_formula_and_comes_back(imported, tmp_path):
    cells = imported(table(Site=["=HYPERLINK(A1)", "Bern; Zürich"]))
    write_table(cells, tmp_path / "classification.csv")
    assert ",'=HYPERLINK(A1)," in (tmp_path / "classification.csv").read_text()
    found = read_table(tmp_path / "classification.csv")["source"].tolist()
    assert found == cells["source"].tolist() == ["Bern; Zürich", "=HYPERLINK(A1)"]
