"""No cell of our CSV files runs in a spreadsheet, and each is read again as it was."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glioma_uq.csv_cells import marked, unmarked
from glioma_uq.quality.rows import read_rows
from glioma_uq.quality.rows import write_table as write_rows
from glioma_uq.tables import append_rows, read_table, write_table

RUN = ("=1+1", "+C", "-C+", "@SUM(A1)", "=cmd|' /C calc'!A0", " =1", "-1+cmd", "\uff1d1", "a;=1+1")


@pytest.mark.parametrize("text", RUN)
def test_a_text_that_a_spreadsheet_would_run_is_marked(text):
    assert re.search(r"(^|;)'", marked(text))
    assert unmarked(marked(text)) == text


@pytest.mark.parametrize("text", ["-1.5", "+2", "-1e-05", "-inf", "-1; 0", "-", "--", "", "a=b"])
def test_numbers_and_what_runs_nothing_stay_as_they_are(text):
    assert marked(text) == text


@given(text=st.text(st.sampled_from("'=+-@;a1. \uff1d")))
def test_every_text_is_read_again_as_it_was(text):
    assert unmarked(marked(text)) == text
    assert not re.match(r"\s*[=@]\s*\w", marked(text))


def test_tables_are_read_again_as_they_were(tmp_path):
    rows = [{"case": "a", "source": text, "x": "-1.5"} for text in (*RUN, "'quoted", "Bern", "")]
    write_rows(tmp_path / "rows.csv", list(rows[0]), rows)
    assert read_rows(tmp_path / "rows.csv") == rows
    table = pd.DataFrame(rows[:-1]).assign(x=-1.5)
    write_table(table, tmp_path / "table.csv")
    append_rows(table.to_dict("records"), tmp_path / "appended.csv")
    for name in ("table.csv", "appended.csv"):
        pd.testing.assert_frame_equal(read_table(tmp_path / name), table)
        assert "\na,'=1+1,-1.5\n" in (tmp_path / name).read_text()


def test_a_table_without_such_a_text_has_the_bytes_of_pandas(tmp_path):
    table = pd.DataFrame({"case": ["a", "b"], "x": [-0.1, 1e-7], "reason": ["a-b", None]})
    write_table(table, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == table.to_csv(index=False)


@pytest.mark.skipif(not shutil.which("node"), reason="no node is installed")
def test_the_reports_button_marks_the_same_texts():
    source = Path(__file__).parents[1] / "workflow_scripts" / "glioma_uq" / "report" / "tables.js"
    lines = source.read_text().splitlines()
    code = "\n".join(x for x in lines if x.startswith(("const formula", "const marked")))
    texts = [*RUN, "-1.5", "-", "+2,5", "-inf", "'=1", "a", "", "-0.1 to 0.2", "Bern; -C"]
    code += f"\nconsole.log(JSON.stringify({json.dumps(texts)}.map(marked)))"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [marked(text) for text in texts]
    assert "quoted(marked(valueOf" in source.read_text()
