"""The cohort's report says who takes part, why others do not, and what was measured."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import make_cohort_report
from glioma_uq.cohorts import STEPS
from glioma_uq.report.cohort import OTHER, figure_row, quality_by_step, step_and_text

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
QUALITY = {"t1ce_voxel_mm": "1 x 1 x 5.5", "brain_volume_ml": 1500.04, "template_dice": 0.96}


def write_report(folder, names=("P-1",), excluded=(), cohort="glioma"):
    """Write a report of cases and of excluded ones (case, step, reason); return its text."""
    out = [case for case, _, _ in excluded]
    labels = [(name, "a & b", 1, -1, 4) for name in names]
    tables = {
        "cases": pd.DataFrame(labels, columns=["case", "source", "idh", "1p19q", "grade"]),
        "excluded": pd.DataFrame(list(excluded), columns=["case", "step", "reason"]),
        "quality": pd.DataFrame(
            [{"case": name, **QUALITY} for name in names]
            + [{"case": name, "brain_volume_ml": 200.0} for name in out]
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    overlays = [folder / f"{name}.png" for name in names[:2]]
    for path in overlays:
        path.write_bytes(PIXEL)
    paths = {name: folder / f"{name}.csv" for name in tables}
    output = folder / "report.html"
    make_cohort_report.main(cohort=cohort, **paths, overlays=overlays, output=output)
    return output.read_text(encoding="utf-8")


class Text(HTMLParser):
    """Collect the cells of all tables, row by row, and the sources of images."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.sources, self.ids, self.links = [], [], [], []
        self.in_cell = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for kept, name in ((self.sources, "src"), (self.ids, "id"), (self.links, "href")):
            kept += [attributes[name]] if name in attributes else []
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag not in ("th", "td")

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1] += data


def test_one_case_is_a_cohort(tmp_path):
    html = write_report(tmp_path)
    rows = Text(html).rows
    for text in ("1 case takes part, none is left out.", "glioma: 1 case", "No case was left out",
                 "1 of 1: 0 wildtype, 1 mutated", "0 of 1: 0 intact, 0 co-deleted"):  # fmt: skip
        assert text in html, text
    assert ["Volume of the brain mask (ml)", "1", "1500"] in rows
    assert ["T1CE: voxel size (mm)", "1", "1 x 1 x 5.5"] in rows
    assert "Case by case" not in html


def test_excluded_cases_are_told_with_step_and_reason(tmp_path):
    out = [("P-3", "strip_skull", "found 200 ml")]
    html = write_report(tmp_path, ("P-1", "P-2"), out)
    rows = Text(html).rows
    assert "2 cases take part, 1 of 3 left out." in html
    assert ["P-3", "strip_skull", "found 200 ml"] in rows
    assert ["Volume of the brain mask (ml)", "3", "1500", "200 to 1500"] in rows
    assert ["Dice with the template", "2", "0.96", "0.96 to 0.96"] in rows
    assert ["P-3", "–"] in rows


def test_the_page_escapes_its_texts_and_asks_no_server_for_anything(tmp_path):
    out = [("<script>alert(1)</script>", "coregister", "a < b")]
    html = write_report(tmp_path, ("P <1>", "P-2", "P-3"), out, cohort="<b>")
    page = Text(html)
    assert len(page.sources) == 2
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script|<link|<b>", html)
    for text in ("&lt;script&gt;alert(1)", "P &lt;1&gt;", "a &lt; b", "a &amp; b", "“&lt;b&gt;”"):
        assert text in html, text


@pytest.mark.parametrize(("cases", "rows"), [(20, 20), (21, 0)])
def test_small_cohorts_are_told_case_by_case(cases, rows):
    quality = pd.DataFrame({"case": [f"P-{i}" for i in range(cases)], "template_dice": 0.9})
    (step,) = quality_by_step(quality)
    assert len(step["by_case"]) == rows


def test_numbers_have_a_median_and_texts_a_commonest():
    assert figure_row("x", pd.Series([1.0, 2.0, 9.0])) == ("x", 3, "2", "1 to 9")
    assert figure_row("x", pd.Series(["LPS", "RAS", "LPS"])) == ("x", 3, "LPS", "2 of 3")
    assert figure_row("x", pd.Series([None, None], dtype=float)) == ("x", 0, "not measured", "–")
    assert figure_row("x", pd.Series([-0.25])) == ("x", 1, "−0.25")


def test_every_figure_of_the_steps_has_a_text():
    of_series = ("orientation", "voxel_mm", "bias_low", "bias_high", "mutual_information",
                 "brain_covered")  # fmt: skip
    columns = [f"flair_{ending}" for ending in of_series]
    columns += ["brain_volume_ml", "template_mutual_information", "template_dice",
                "normalised_brain_ml", "normalised_tumour_ml",
                "tumour_outside_brain_ml"]  # fmt: skip
    assert {step_and_text(column)[0] for column in columns} == set(STEPS)
    assert step_and_text("snr") == (OTHER, "snr")
