"""Tables as spreadsheets and other software write them."""

import os

from configs import DEFAULT, checked

from glioma_uq.cohorts.labels import read_labels
from glioma_uq.configuration import preflight
from glioma_uq.errors import BadInput
from glioma_uq.statistics.subgroups import subgroups
from glioma_uq.tables import read_table
from situations import situation

COLUMNS = {"case": "case", "idh": "idh", "1p19q": None, "grade": "grade", "source": None}
LABELLED = [("a", 1, 3)]


def labels_of(cohort, text, columns=COLUMNS, encoding="utf-8"):
    """Return [(case, idh, grade)] of a table, or the sentence that refuses it."""
    path = cohort.folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    try:
        rows = read_labels(path, columns)
    except BadInput as error:
        return str(error)
    return [(row["case"], row["idh"], row["grade"]) for row in rows]


def enter(what, text, right=LABELLED):
    @situation("tables", what, right=right)
    def table(cohort):
        return labels_of(cohort, text)


enter(
    "Excel's semicolons and decimal commas",
    "case;age, years, at surgery;idh;grade\r\na;3,5;1,0;3\r\n",
)
enter("Excel's first line sep=;", "sep=;\r\ncase;idh;grade\r\na;1;3\r\n")
enter("a first line sep=, before texts with semicolons", "sep=,\ncase,idh;x;y,grade\na,1,3\n",
      "expected a column 'idh' in labels.csv")  # fmt: skip
enter(
    "tabs in a .csv whose header has commas",
    "case\tage, years, of all, in it\tidh\tgrade\na\t3\t1\t3\n",
)
enter(
    "semicolons below a header of commas", "case,idh,grade\na;1;3\n", "separate fields by a comma"
)
enter("a title above the header", "Glioma cohort\ncase,idh,grade\na,1,3\n", "begin with the header")
enter(
    "labels as pandas writes them",
    "case,idh,grade\na,1.0,3.0\nb,nan,NaN\n",
    [*LABELLED, ("b", -1, -1)],
)
enter("labels as Excel writes a failed look-up", "case,idh,grade\na,#N/A,N/A\n", [("a", -1, -1)])
enter(
    "a label none, which may be the wildtype",
    "case,idh,grade\na,none,3\n",
    "found idh 'none' in 1 row",
)
enter("a label with a line break inside", 'case,idh,grade\na,"1\n",3\n')


@situation("tables", "a column in decomposed letters, in UTF-16", right=LABELLED)
def decomposed_column(cohort):
    columns = COLUMNS | {"case": "Fälle"}
    return labels_of(cohort, "Fa\u0308lle\tidh\tgrade\na\t1\t3\n", columns, "utf-16")


@situation("tables", "a table of 100,001 rows", right="expected at most 100,000 rows in labels.csv")
def many_rows(cohort):
    rows = "".join(f"P-{number},1,3\n" for number in range(100_001))
    return labels_of(cohort, f"case,idh,grade\n{rows}")


@situation("tables", "cases of a blank source", right=["A", "unknown"])
def blank_source(cohort):
    (cohort.folder / "t.csv").write_text("case,source\na,A\nb,\nc,A\n")
    return sorted(subgroups(read_table(cohort.folder / "t.csv"))["source"].unique())


@situation("tables", "~ in the path of a table", right=True)
def home(cohort):
    config = {"cohort": {"name": "a", "source": "folder", "folder": {"path": "~"},
                         "labels": {"table": "~/t.csv"}}}  # fmt: skip
    return checked({}, config)["cohort"]["labels"]["table"] == os.path.expanduser("~/t.csv")


@situation("tables", "the provenance of another study is broken", right="starts")
def broken_provenance(cohort):
    path = cohort.folder / "studies" / "theirs" / "provenance.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"config": {"cohort": null}}')
    preflight.check_finished_studies(checked({}, DEFAULT), cohort.folder)
    return "starts"
