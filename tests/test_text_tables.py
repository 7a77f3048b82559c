"""Tables as people have them: every dialect of the same rows is read alike."""

import csv
import datetime
import io
import subprocess
import sys
import zipfile
from itertools import product

import pytest

from glioma_uq import bounded_workbooks, text_tables
from glioma_uq.cohorts.labels import read_labels
from glioma_uq.errors import BadInput
from glioma_uq.predictions import import_predictions
from glioma_uq.text_tables import number_of, read_text_table

HEADER = ["Case, as in PACS", "IDH; 1 is mutated", "1p19q", "Grade\n(WHO)", "Note", "wt", "mut"]
ROWS = [
    ["P-001", "1", "0", "2", "seen twice,\nby two; agreed", "0.25", "0.75"],
    ["Müller", "0.0", "", "4.0", 'said "no"', "1.0", "0.0"],
    ["007", "-1", "1.0", "", "", "0.5", "0.5"],
]
NOTE = ["seen", "twice,", "by", "two;", "agreed"]
COLUMNS = {"case": HEADER[0], "idh": HEADER[1], "1p19q": "1p19q", "grade": "Grade (WHO)"}
THEIRS = {"case": HEADER[0], "idh": {"label": HEADER[1], "probabilities": ["wt", "mut"]}}
ENCODINGS = {"none": "utf-8", "utf-8": "utf-8-sig", "utf-16": "utf-16", "utf-16-be": "utf-16-be"}
DIALECTS = list(
    product(",;\t", ENCODINGS, ("\n", "\r\n", "\r"), ".,", (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
)


def decimals(sign):
    """Return the rows with another decimal sign in their numbers."""
    return [row[:1] + [t if t in row[4] else t.replace(".", sign) for t in row[1:]] for row in ROWS]


def in_dialect(separator, mark, end, sign, quoting):
    """Return header and rows as the bytes of a text, with a blank line before each row."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    for row in [HEADER, *decimals(sign)]:
        text.write(end)
        writer.writerow([field.replace("\n", end) for field in row])
    content = text.getvalue().encode(ENCODINGS[mark])
    return b"\xfe\xff" + content if mark == "utf-16-be" else content


def read_both(path, sheet=None):
    """Return the labels and the predictions of a table."""
    labels = read_labels(path, COLUMNS, sheet=sheet)
    for row in labels:  # what the texts were is their own
        for task in ("idh", "1p19q", "grade"):
            row.pop(f"{task}_raw")
    return labels, import_predictions(path, THEIRS, sheet).to_dict("records")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "table.csv"
    path.write_bytes(in_dialect(",", "none", "\n", ".", csv.QUOTE_MINIMAL))
    return read_both(path)


def test_the_plain_table_is_read_as_it_means(wanted):
    labels, predictions = wanted
    found = [(row["case"], row["idh"], row["1p19q"], row["grade"]) for row in labels]
    assert found == [("P-001", 1, 0, 2), ("Müller", 0, -1, 4), ("007", -1, 1, -1)]
    assert [row["idh_probability_1"] for row in predictions] == [0.5, 0.0, 0.75]  # M sorts last


@pytest.mark.parametrize("dialect", DIALECTS, ids=repr)
def test_every_dialect_gives_the_same_labels(dialect, wanted, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(in_dialect(*dialect))
    assert repr(read_both(path)) == repr(wanted)
    assert read_text_table(path)[1][0]["Note"].split() == NOTE


def workbook(path, cells, sheet="labels"):
    """Write rows of cells to the second sheet of a workbook."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is installed by `make excel`")
    book = openpyxl.Workbook()
    book.active["A1"] = "nothing here"
    page = book.create_sheet(sheet)
    for row in cells:
        page.append(row)
    book.save(path)
    return page, book


@pytest.mark.parametrize("sign", ".,")
@pytest.mark.parametrize("sheet", ["labels", 2])
def test_a_workbook_gives_the_same_labels(sign, sheet, wanted, tmp_path):
    """Numbers as numbers, and texts where the decimal sign is a comma."""
    cells = [
        [row[0], *(float(t) if t and sign == "." else t or None for t in row[1:4]), row[4],
         *(float(t) if sign == "." else t for t in row[5:])]
        for row in decimals(sign)
    ]  # fmt: skip
    path = tmp_path / "table.XLSX"
    workbook(path, [HEADER, [], *cells])
    assert repr(read_both(path, sheet)) == repr(wanted)


def test_cells_are_read_as_they_look(tmp_path):
    path = tmp_path / "table.xlsx"
    page, book = workbook(path, [list("abcdefg")])
    date = datetime.datetime(2021, 3, 4)
    page.append([7, 2.0, 0.25, date, date.replace(hour=5), True, None])
    page["A2"].number_format = "000"
    page["H1"], page["H2"] = "h", "=1+1"
    book.save(path)
    with pytest.raises(BadInput, match="value of the formula in cell H2 of .* found none stored"):
        read_text_table(path, "labels")
    page["H2"] = "text"
    book.save(path)
    header, (row,) = read_text_table(path, "labels")
    assert header == list("abcdefgh")
    texts = ["007", "2", "0.25", "2021-03-04", "2021-03-04 05:00:00", "TRUE", "", "text"]
    assert (list(row.values()), row.line) == (texts, 2)


def test_the_stored_value_of_a_formula_is_read(tmp_path):
    """openpyxl stores none, so it is put into the sheet's XML, as Excel does."""
    path, stored = tmp_path / "table.xlsx", tmp_path / "stored.xlsx"
    workbook(path, [["case", "idh"], ["a", "=0+1"], ["b", '=""']])
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stored, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            content = content.replace(b"<f>0+1</f><v />", b"<f>0+1</f><v>1</v>")
            new.writestr(name, content.replace(b'r="B3"><f>', b'r="B3" t="str"><f>'))
    assert read_text_table(stored, 2)[1] == [{"case": "a", "idh": "1"}, {"case": "b", "idh": ""}]


def test_merged_cells_are_refused_since_all_but_one_of_them_are_empty(tmp_path):
    path = tmp_path / "table.xlsx"
    page, book = workbook(path, [["case", "idh"], ["a", "1"], ["b", None]])
    page.merge_cells("B2:B3")
    book.save(path)
    with pytest.raises(BadInput, match="without merged cells, found B2:B3 in sheet 'labels' of"):
        read_text_table(path, "labels")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('"idh, 1p19q, grade, age";case', ["idh, 1p19q, grade, age", "case"]),
        ('case;"said ""a, b, c"""', ["case", 'said "a, b, c"']),
        ("case", ["case"]),
        ("a,b;c,d", ["a", "b;c", "d"]),
        ("\n \ncase\tidh", ["case", "idh"]),
    ],
)
def test_the_separator_is_what_parts_the_header(tmp_path, header, names):
    path = tmp_path / "table.csv"
    path.write_text(header + "\n")
    assert read_text_table(path)[0] == names


def test_a_tsv_is_separated_by_tabs(tmp_path):
    path = tmp_path / "table.TSV"
    path.write_text("a, b, c\td\n1, 2\t3\n")
    assert read_text_table(path) == (["a, b, c", "d"], [{"a, b, c": "1, 2", "d": "3"}])


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,50", 1.5), (".5", 0.5), (",5", 0.5), ("2.", 2), ("-1e-3", -0.001), ("1E2", 100)],
)
def test_numbers_have_a_point_or_a_comma(text, number):
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "1,234.5", "1,2,3", "nan", "inf", "1_0", "٣", "0x1", "1 0"])
def test_other_texts_are_no_numbers(text):
    assert number_of(text) is None


def test_planning_a_text_does_not_import_openpyxl(tmp_path):
    (tmp_path / "a.csv").write_text("case,idh\na,1\n")
    code = (
        "import sys; from glioma_uq.text_tables import read_text_table\n"
        "read_text_table(sys.argv[1]); print({'openpyxl', 'numpy', 'pandas'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.csv"], capture_output=True, text=True,
        check=True, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert shown.stdout.strip() == "set()"


def test_without_openpyxl_a_workbook_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(BadInput, match="found no such package, install it with `make excel`"):
        read_text_table(tmp_path / "labels.xlsx")


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n"])
def test_a_first_line_that_states_the_separator_is_none_of_the_table(tmp_path, first):
    path = tmp_path / "t.csv"
    path.write_text(f"{first}case;age, in years, at surgery\na;3,5\nb;1\nc\n")
    with pytest.raises(BadInput, match=r"expected 2 fields in line 5 of .*t.csv, as in its header"):
        read_text_table(path)
    path.write_text(f"{first}case;age, in years, at surgery\na;3,5\n")
    assert read_text_table(path) == (
        ["case", "age, in years, at surgery"], [{"case": "a", "age, in years, at surgery": "3,5"}]
    )  # fmt: skip


@pytest.mark.parametrize("sign", [";", "\t"])
def test_the_separator_is_the_one_that_every_line_has_as_often(tmp_path, sign):
    path = tmp_path / "t.csv"
    rows = ["case;age, in years, at surgery, of all;idh", "a;3,5;1,0", 'b;"2;x";0']
    path.write_text("\n".join(rows).replace(";x", "").replace(";", sign))
    header, (first, second) = read_text_table(path)
    assert header == ["case", "age, in years, at surgery, of all", "idh"]
    assert (first["idh"], second["idh"]) == ("1,0", "0")


def test_a_line_that_does_not_fit_is_told_how_the_others_are(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("My cohort\ncase,idh\na,1\n")
    with pytest.raises(BadInput, match="1 field in line 2 .* found 2, .* begin with the header"):
        read_text_table(path)


def test_a_table_has_a_longest_length(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("case\na\nb\nc\n")
    monkeypatch.setattr(text_tables, "MOST_ROWS", 2)
    with pytest.raises(BadInput, match=r"at most 2 rows in .*t.csv, found more, leave some out"):
        read_text_table(path)
    monkeypatch.setattr(text_tables, "MOST_ROWS", 3)
    assert len(read_text_table(path)[1]) == 3
    monkeypatch.setattr(text_tables, "MOST_COLUMNS", 0)
    with pytest.raises(BadInput, match="expected at most 0 columns in .*t.csv, found 1, leave"):
        read_text_table(path)
    monkeypatch.setattr(text_tables, "MOST_BYTES", 9)
    with pytest.raises(BadInput, match="expected a table of at most 0 MB, found .*t.csv with 0 MB"):
        read_text_table(path)


def test_a_workbook_is_not_unpacked_beyond_its_longest_length(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_workbooks, "MOST_UNPACKED_BYTES", 10)
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/workbook.xml", "x" * 11)
    with pytest.raises(BadInput, match="expected a workbook of Excel in .*, found .* unpacked"):
        read_text_table(path)
