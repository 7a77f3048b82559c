"""Labels by a map of values: every text is named, none is guessed."""

import copy
from collections import Counter

import pytest
from configs import DEFAULT

from glioma_uq.cohorts.labels import read_labels
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadInput
from glioma_uq.label_values import read_labels_of, text_keys

TASKS = ("idh", "1p19q", "grade")
COLUMNS = {"case": "case", "idh": "idh", "1p19q": "codel", "grade": "grade"}


def table_of(folder, *rows, header="case,idh,codel,grade"):
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


def labels_of(texts, named, task="idh"):
    """Return the labels of one column of texts."""
    rows = [{"x": text} for text in texts]
    return read_labels_of(rows, {task: ["x"]}, {task: named}, "t.csv", "values.{}")[task]


def test_without_a_map_texts_are_the_classes_themselves():
    texts = ["0", "1", "1.0", "0,0", "-1", "-1.0", "", "n/a", "NA"]
    assert labels_of(texts, None) == [0, 1, 1, 0, -1, -1, -1, -1, -1]
    assert labels_of(["2", "3.0", "4,0", ""], None, "grade") == [2, 3, 4, -1]


def test_a_map_names_texts_and_patterns():
    named = {"wildtype": 0, "IDH1 p.R132?": "unknown", "IDH1 p.R132H": 1, "2": 1}
    texts = ["wildtype", "IDH1 p.R132H", "IDH1 p.R132C", "", "2", "2.0"]
    assert labels_of(texts, named) == [0, 1, -1, -1, 1, 1]


def test_a_text_goes_before_patterns_and_capitals_count():
    assert labels_of(["R132?", "R132H"], {"R132?": 0, "R*": 0}) == [0, 0]
    assert labels_of(["a*", "ab"], {"a*": 1}) == [1, 1]
    assert labels_of(["mut", "mutated"], {"mut*": 1, "mut": "unknown"}) == [-1, 1]
    with pytest.raises(BadInput, match=r"found x 'Mutated' in 1 row \(closest: mutated\)"):
        labels_of(["Mutated"], {"mutated": 1})
    for text in ("ab", "[ab]", "a.b"):  # no other sign is special
        assert labels_of([text], {text.replace("b", "?"): 1}) == [1]
    with pytest.raises(BadInput, match="found x 'axb' in 1 row"):
        labels_of(["axb"], {"a.b": 1})


def test_patterns_that_disagree_are_refused():
    assert labels_of(["mutated"], {"mut*": 1, "*ed": 1}) == [1]
    with pytest.raises(BadInput, match=r"one class of 'mutated' in values.idh, .* mut\*, \*ed, na"):
        labels_of(["mutated"], {"mut*": 1, "*ed": 0})


def test_all_texts_without_a_class_are_in_one_sentence(tmp_path):
    rows = [f"c{n},{idh},{codel},4" for n, (idh, codel) in enumerate(
        [("mutant", "intact"), ("mutant", "lost"), ("?", "intact"), ("wildtype", "")]
    )]  # fmt: skip
    values = {"idh": {"wildtype": 0, "mutated": 1}, "1p19q": {"intact": 0}}
    with pytest.raises(BadInput) as refusal:
        read_labels(table_of(tmp_path, *rows), COLUMNS, values=values)
    assert str(refusal.value).replace(f"{tmp_path}/", "") == (
        "expected idh among wildtype, mutated; codel among intact or empty in labels.csv, found "
        "idh 'mutant' in 2 rows (closest: mutated), '?' in 1 row; codel 'lost' in 1 row: name each "
        "in cohort.labels.values.idh, cohort.labels.values.1p19q, as a class or as unknown"
    )


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [("1", "0", 1), ("0", "1", 1), ("1", "", 1), ("0", "0", 0), ("0", "", -1), ("", "", -1)],
)
def test_several_columns_give_the_highest_class(tmp_path, first, second, label):
    table = table_of(tmp_path, f"a,{first},{second}", header="case,IDH1,IDH2")
    columns = {"case": "case", "idh": ["IDH1", "IDH2"], "1p19q": None, "grade": None}
    (row,) = read_labels(table, columns)
    assert (row["idh"], row["idh_raw"]) == (label, f"{first}; {second}")


@pytest.mark.parametrize(
    ("arms", "label"),
    [("0,1", 0), ("1,0", 0), ("1,1", 1), ("0,0", 0), ("1,", -1), ("0,", 0), (",", -1)],
)
def test_a_codeletion_of_two_columns_is_one_of_both_arms(tmp_path, arms, label):
    table = table_of(tmp_path, f"a,{arms}", header="case,1p,19q")
    columns = {"case": "case", "idh": None, "1p19q": ["1p", "19q"], "grade": None}
    assert read_labels(table, columns)[0]["1p19q"] == label


def test_a_lone_question_mark_is_the_sign_itself():
    assert labels_of(["?", "1"], {"?": "unknown", "1": 1}) == [-1, 1]
    with pytest.raises(BadInput, match="found x 'x' in 1 row"):
        labels_of(["x"], {"?": "unknown", "1": 1})


def test_an_empty_text_is_no_key_of_a_map():
    with pytest.raises(BadInput, match="no empty text among the keys of values, since an empty"):
        text_keys({"": 0, "mut": 1}, "values")


@pytest.mark.parametrize("blank", ["", "NA", "n/a", "#N/A", "-", "unknown"])
def test_an_id_that_is_none_is_refused_with_its_line(tmp_path, blank):
    table = table_of(tmp_path, "a,p", f"b,{blank}", header="case,who")
    columns = {"case": "case", "patient": "who", "idh": None, "1p19q": None, "grade": None}
    with pytest.raises(BadInput, match=r"an id as who in each row .* none in 1 of 2 .line 3."):
        read_labels(table, columns)


def test_a_lower_grade_needs_all_columns():
    rows = [{"a": a, "b": b} for a, b in (("2", "3"), ("3", ""), ("4", ""))]
    found = read_labels_of(rows, {"grade": ["a", "b"]}, {}, "t.csv", "{}")
    assert found == {"grade": [3, -1, 4]}


def test_patients_and_sessions_have_columns_or_are_cases(tmp_path):
    table = table_of(tmp_path, "a1,a,1,1", "a2,a,2,1", header="case,who,when,idh")
    columns = {"case": "case", "patient": "who", "session": "when", "idh": "idh"}
    rows = read_labels(table, columns)
    assert [(row["patient"], row["session"]) for row in rows] == [("a", "1"), ("a", "2")]
    rows = read_labels(table, {"case": "case", "idh": "idh"})
    assert [(row["patient"], row["session"]) for row in rows] == [("a1", ""), ("a2", "")]


def test_a_blank_id_matters_where_its_row_is_used(tmp_path):
    rows = ["a,1,0,4", ",1,0,4", "b,1,0,3", ",0,0,4", ",0,0,4"]
    table = table_of(tmp_path, *rows)
    assert [row["case"] for row in read_labels(table, COLUMNS, only={"grade": [3]})] == ["b"]
    with pytest.raises(BadInput, match=r"found none in 3 of 5 \(lines 3, 5, 6\), fill it in, or"):
        read_labels(table, COLUMNS)
    with pytest.raises(BadInput, match="expected an id as idh in each row of"):
        read_labels(table_of(tmp_path, "a,,0,4"), COLUMNS | {"patient": "idh"})


def test_ids_are_rewritten_where_they_match(tmp_path):
    rows = ["UCSF-PDGM-004,1,0,4", "UCSF-PDGM-429_FU003d,1,0,4", "other,1,0,4"]
    ids = {"pattern": r"UCSF-PDGM-(\d{3})(_FU\d+d)?", "as": r"UCSF-PDGM-0\1\2"}
    found = [row["case"] for row in read_labels(table_of(tmp_path, *rows), COLUMNS, ids=ids)]
    assert found == ["UCSF-PDGM-0004", "UCSF-PDGM-0429_FU003d", "other"]
    ids = {"pattern": ".*", "as": "same"}
    with pytest.raises(BadInput, match="expected each case once, found same 3 times"):
        read_labels(table_of(tmp_path, *rows), COLUMNS, ids=ids)


def checked(**labels):
    """Return the labels of a checked config."""
    config = copy.deepcopy(DEFAULT)
    labels = {"table": "none.csv"} | labels
    config["cohort"] |= {"source": "folder", "folder": {"path": "x"}, "labels": labels}
    config["preprocessing"] |= {"skull_stripping": "none"}
    return check_config(config)["cohort"]["labels"]


def test_yaml_may_read_the_keys_of_a_map_as_numbers():
    labels = checked(values={"idh": {0: 0, "1": 1, 2: "unknown"}})
    assert labels["values"] == {
        "idh": {"0": 0, "1": 1, "2": "unknown"}, "1p19q": None, "grade": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"values": {"idh": {False: 0}}}, "as the keys of cohort.labels.values.idh, found False"),
        ({"values": {"idh": {"wt": 2}}}, "cohort.labels.values.idh.wt, found 2: choose among 0, 1"),
        ({"values": {"idh": {"wt": False}}}, "cohort.labels.values.idh.wt, found False"),
        ({"values": {"idh": {}}}, "cohort.labels.values.idh, found {}"),
        (
            {"columns": {"idh": ["a", "b"], "grade": "b"}},
            "a different column for .* found 'b'",
        ),
        ({"columns": {"idh": []}}, "at least 1 entries for cohort.labels.columns.idh"),
        ({"ids": {"pattern": "(", "as": ""}}, "a regular expression .* found '\\('.*unterminated"),
        ({"ids": {"pattern": "a", "as": r"\1"}}, "invalid group reference 1"),
    ],
)
def test_maps_and_columns_that_mean_nothing_are_refused(labels, sentence):
    with pytest.raises(BadInput, match=sentence):
        checked(**labels)


@pytest.mark.real
@pytest.mark.parametrize(("relative", "codeleted"), [("unknown", 9), (1, 15)])
def test_the_real_table_of_ucsf(real_data, relative, codeleted):
    """501 exams, of which six are follow-ups."""
    columns = {"case": "ID", "idh": "IDH", "1p19q": "1p/19q", "grade": "WHO CNS Grade"}
    values = {
        "idh": {"wildtype": 0, "IDH?*": 1, "mutated (NOS)": 1},
        "1p19q": {"intact": 0, "co-deletion": 1, "relative co-deletion": relative,
                  "unknown": "unknown"},
    }  # fmt: skip
    ids = {"pattern": r"UCSF-PDGM-(\d{3})(_FU\d+d)?", "as": r"UCSF-PDGM-0\1\2"}
    table = real_data / "tables" / "UCSF-PDGM-metadata_v5.csv"
    rows = read_labels(table, columns, values=values, ids=ids)
    counts = {task: Counter(row[task] for row in rows) for task in TASKS}
    assert counts["idh"] == {0: 398, 1: 103}
    assert (counts["1p19q"][0], counts["1p19q"][1]) == (395, codeleted)
    assert counts["grade"].total() - counts["grade"][-1] == len(rows) == 501
    assert {len(row["case"].split("_FU")[0]) for row in rows} == {len("UCSF-PDGM-0004")}
    assert sum("_FU" in row["case"] for row in rows) == 6
    with pytest.raises(BadInput, match=r"'IDH1 p.R132H' in 54 rows.*1p/19q 'unknown' in 91 rows"):
        read_labels(table, columns, values={"idh": {"wildtype": 0}, "1p19q": {"intact": 0}})


def test_what_software_writes_for_no_value_is_unknown_without_a_map():
    texts = ["nan", "NaN", "N/A", "#N/A", "na", "1.0"]
    assert labels_of(texts, None) == [-1, -1, -1, -1, -1, 1]
    for text in ("none", "?", "-", "null"):  # which may mean the wildtype
        with pytest.raises(BadInput, match="found x"):
            labels_of([text], None)
    with pytest.raises(BadInput, match="found x 'nan' in 1 row"):
        labels_of(["nan"], {"mut": 1})


@pytest.mark.parametrize("column", ["who", "when", "where", "idh"])
def test_no_text_of_a_table_holds_a_control_character(tmp_path, column):
    row = {"case": "a", "who": "p", "when": "1", "where": "Bern", "idh": "mut"}
    row[column] = "mut\x1b[2J"
    table = table_of(tmp_path, ",".join(row.values()), header=",".join(row))
    columns = {"case": "case", "patient": "who", "session": "when", "source": "where", "idh": "idh"}
    with pytest.raises(BadInput, match=r"found 'mut\\x1b\[2J'") as refusal:
        read_labels(table, columns, values={"idh": {"mut*": 1}})
    assert str(refusal.value).isprintable()


def test_a_column_of_other_things_makes_no_endless_sentence():
    with pytest.raises(BadInput, match=r"'t0' in 1 row .* 980 other texts: name each") as refusal:
        labels_of([f"t{n}" for n in range(1000)], {"mut": 1})
    assert len(str(refusal.value)) < 700
