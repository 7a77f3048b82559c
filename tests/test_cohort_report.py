"""The cohort's report says who takes part, why others do not, and what was measured."""

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
from configs import planned
from PIL import Image

import draw_figure
import make_cohort_report
from glioma_uq.report.cohort import (
    OTHER,
    every_case,
    metric_row,
    metrics_of_case,
    sentence,
    step_and_text,
)

COLUMNS = ["case", "source", "idh", "1p19q", "grade", "imputed"]
KINDS = ("pdf", "png", "csv")
LIMITS = {"brain_volume_ml": [700, 2300]}
QUALITY = {"t1ce_voxel_mm": "1 x 1 x 5.5", "brain_volume_ml": 1500.04, "template_dice": 0.96}


def write_report(
    folder, names=("P-1",), excluded=(), cohort="glioma", imputed=None, unseen=(),
    datasets=(),
):  # fmt: skip
    """Write a report of cases and of excluded ones (case, step, reason); return its text.

    `imputed`: the missing series by case, as "t1 flair". `unseen`: cases that are excluded before
    any step, which have neither metrics nor a sheet.
    """
    out, imputed = [case for case, _, _ in excluded], imputed or {}
    excluded = [*excluded, *unseen]
    labels = [(name, "a & b", 1, -1, 4, imputed.get(name, "")) for name in names]
    tables = {
        "volumes": pd.DataFrame(labels, columns=COLUMNS),
        "excluded": pd.DataFrame(list(excluded), columns=["case", "step", "reason"]),
        "quality": pd.DataFrame(
            [{"case": name, **QUALITY} for name in names]
            + [{"case": name, "brain_volume_ml": 200.0} for name in out]
        ),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    paths = {name: folder / f"{name}.csv" for name in tables}
    figure = {kind: folder / f"quality_metrics.{kind}" for kind in KINDS}
    made_of = {name: paths[name] for name in ("quality", "excluded")}
    draw_figure.main(figure="quality_metrics", **made_of, limits=LIMITS, **figure)
    sheets = [folder / "figures" / f"{name.replace('/', '')}.png" for name in (*names, *out)]
    sheets[0].parent.mkdir(exist_ok=True)
    for path in sheets:
        Image.new("RGB", (80, 40)).save(path)
    output = folder / "report.html"
    make_cohort_report.main(
        cohort=cohort, **paths, limits=LIMITS, figure=figure["png"], sheets=sheets, output=output,
        datasets=datasets,
    )  # fmt: skip
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
    assert ["P-1", "in", "", "5.5", "1500", "0.96", ""] in rows


def test_left_out_cases_are_told_with_step_reason_and_what_was_outside(tmp_path):
    out = [("P-3", "strip_skull", "found 200 ml")]
    html = write_report(tmp_path, ("P-1", "P-2"), out)
    page = Text(html)
    assert "2 cases take part, 1 of 3 left out." in html
    assert ["P-3", "strip_skull", "found 200 ml"] in page.rows
    assert ["P-3", "left out", "strip_skull", "", "200", "", "found 200 ml"] in page.rows
    assert ["Volume of the brain mask (ml)", "3", "1500", "200 to 1500"] in page.rows
    assert ["Dice with the template", "2", "0.96", "0.96 to 0.96"] in page.rows
    assert 'title="brain_volume_ml: expected 700 to 2300" data-value="200.0">200<' in html
    assert {"figures/P-1.png", "figures/P-3.png"} <= set(page.links)


def test_every_dataset_says_whom_to_cite_and_how_far_it_was_checked(tmp_path):
    config = {"cohort": {"name": "two", "source": "datasets", "datasets": [
        {"name": "brats", "version": 2021, "path": str(tmp_path)},
        {"name": "utsw-glioma", "path": str(tmp_path), "table": None},
    ]}, "study": None}  # fmt: skip
    cited = planned({}, config)[0].cited
    html = unescape(write_report(tmp_path, datasets=[*cited, cited[0] | {"doi": None}]))
    for dataset in cited:
        assert f'href="https://doi.org/{dataset["doi"]}"' in html
        for text in filter(None, dataset.values()):
            assert str(text) in html
    assert html.count("Menze et al.") == 2
    assert "doi None" not in html


def test_a_row_without_a_folder_has_no_sheet(tmp_path):
    unseen = [("P-4", "check_cohort", "expected the case's folder")]
    html = write_report(tmp_path, ("P-1",), [("P-3", "strip_skull", "200 ml")], unseen=unseen)
    page = Text(html)
    assert [
        "P-4",
        "left out",
        "check_cohort",
        "",
        "",
        "",
        "expected the case's folder",
    ] in page.rows
    assert "figures/P-4.png" not in page.links
    assert html.count('id="sheet-') == 3


def test_the_page_escapes_its_texts_and_asks_no_server_for_anything(tmp_path):
    out = [("<script>alert(1)", "coregister", "a < b")]
    html = write_report(tmp_path, ("P <1>", "P #2?", "P-3"), out, cohort="<b>")
    page = Text(html)
    assert len(page.sources) == 5
    assert all(re.match("data:image/(png|jpeg);base64,", source) for source in page.sources)
    files = {unquote(link) for link in page.links if not link.startswith("#")}
    assert all((tmp_path / file).is_file() for file in files), files
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    without_images = re.sub(r"base64,[^\"]*", "", html)
    asks = r"https?:|//[a-z]|@import|url\(|<script [^>]|<link|<b>(?!Quality metrics)"
    assert not re.search(asks, without_images)
    assert html.count("<script>") == 1
    for text in ("&lt;script&gt;alert(1)", "P &lt;1&gt;", "a &lt; b", "a &amp; b", "“&lt;b&gt;”"):
        assert text in html, text


def test_the_script_stays_short(tmp_path):
    script = re.search(r"<script>(.*?)</script>", write_report(tmp_path), re.S)[1]
    assert len(script.splitlines()) <= 30


def test_of_several_series_the_least_favourable_value_is_shown():
    row = {
        "case": "P-1", "t1_mutual_information": 0.8, "t2_mutual_information": 0.4,
        "t1_bias_high": 1.1, "flair_bias_high": 1.3, "t1_voxel_mm": "1 x 1 x 5.5",
        "t2_voxel_mm": "1 x 1 x 3", "t1_orientation": "LPS", "template_dice": float("nan"),
    }  # fmt: skip
    cells = metrics_of_case(row, {"bias_high": [1.2, None]})
    shown = {name: (cell["text"], cell["outside"]) for name, cell in cells.items()}
    assert shown == {
        "mutual_information": ("0.4", ""),
        "voxel_mm": ("5.5", ""),
        "bias_high": ("1.1", "t1_bias_high: expected at least 1.2"),
    }


def test_an_overview_of_many_cases_has_a_row_for_each_and_those_left_out_first():
    names = [f"P-{i:04d}" for i in range(1200)]
    cases = pd.DataFrame({"case": names[1:], "imputed": None})
    excluded = pd.DataFrame({"case": names[:1], "step": ["coregister"], "reason": ["why"]})
    quality = pd.DataFrame({"case": names, "template_dice": 0.9})
    shown = every_case(cases, excluded, quality, {})
    assert [row["case"] for row in shown["rows"]] == names
    assert [row["step"] for row in shown["rows"][:2]] == ["coregister", ""]
    assert shown["heads"] == [("Dice, template", "Dice with the template")]


def test_numbers_have_a_median_and_texts_a_commonest():
    assert metric_row("x", pd.Series([1.0, 2.0, 9.0])) == ("x", 3, "2", "1 to 9")
    assert metric_row("x", pd.Series(["LPS", "RAS", "LPS"])) == ("x", 3, "LPS", "2 of 3")
    assert metric_row("x", pd.Series([None, None], dtype=float)) == ("x", 0, "not measured", "–")
    assert metric_row("x", pd.Series([-0.25])) == ("x", 1, "−0.25")


def test_a_figure_without_a_text_is_shown_by_its_name():
    assert step_and_text("t2_voxel_mm") == ("correct_bias_field", "T2: voxel size (mm)")
    assert step_and_text("template_dice") == ("register_to_template", "Dice with the template")
    assert step_and_text("snr") == (OTHER, "snr")


def test_one_sentence_counts_who_takes_part():
    assert sentence(1, 0) == "1 case takes part, none is left out."
    assert sentence(3, 2) == "3 cases take part, 2 of 5 left out."


def test_cases_with_missing_series_are_named_with_them(tmp_path):
    page = Text(write_report(tmp_path, ["P-1", "P-2"], imputed={"P-2": "t1 flair"}))
    assert ["P-2", "T1, FLAIR imputed"] in page.rows
    overview = next(row for row in page.rows if row[:2] == ["P-2", "in"])
    assert overview[-1] == "T1, FLAIR imputed"
    assert next(row for row in page.rows if row[:2] == ["P-1", "in"])[-1] == ""


def test_without_missing_series_nothing_is_said_of_them(tmp_path):
    text = write_report(tmp_path)
    assert "issing series" not in text
    assert "imputed" not in text


def test_many_cases_with_missing_series_are_folded_up(tmp_path):
    names = [f"P-{i}" for i in range(13)]
    text = write_report(tmp_path, names, imputed=dict.fromkeys(names, "t2"))
    assert "<summary>13 cases with missing series</summary>" in text
