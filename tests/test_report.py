"""The report holds its images, escapes what it is given, says first if networks learned."""

import json
import re
from html.parser import HTMLParser

import chromium
import numpy as np
import pandas as pd
import pytest
from bad_config import PUBLISHED
from configs import checked

import make_report
from glioma_uq.errors import BadInput
from glioma_uq.figures import caption
from glioma_uq.figures.words import format_number, format_range
from glioma_uq.report.cohort import plain
from glioma_uq.report.contents import p_value, summary
from glioma_uq.report.correlations import warnings as fold_warnings
from glioma_uq.report.page import in_four_digits
from glioma_uq.report.statistics_tables import (
    how_selected,
    judged_findings,
    sortable_tables,
    training_warnings,
    warnings,
)
from glioma_uq.report.verdict import known_labels, learned, with_interval
from glioma_uq.statistics.findings import COLUMNS as FINDINGS
from glioma_uq.statistics.long_tables import THESE_NETWORKS

COLUMNS = ["network", "rate", "passes", "task", "measure", "value", "low", "high", "n", "given",
           "reason"]  # fmt: skip
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
VOID = {"meta", "img", "br"}
FIGURES = ("calibration_by_rate", "uncertainty_by_correctness")
AUROC = ("auroc", "auroc_low", "auroc_high")
TASKS = ("idh", "1p19q", "grade")
ENOUGH = {"idh": {0: 20, 1: 20}, "1p19q": {0: 20, 1: 20}, "grade": {2: 14, 3: 13, 4: 13}}
OF_ALL = {"case": "Patient"} | {
    task: {"label": task, "probabilities": [f"{task}_{label}" for label in of_task]}
    for task, of_task in ENOUGH.items()
}
STATISTICS = ("classification", "segmentation", "rank_tests", "selection", "findings", "training")


def classification(auc_low=0.7, rates=(0.2, 0.4), passes=(10, 30)):
    rows = [
        ("csnet", rate, t, task, measure, 0.81, auc_low, 0.9, 40, "", "")
        for rate in rates
        for t in passes
        for task in TASKS
        for measure in ("ece", "auc")
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def segmentation(dice=(0.7, 0.65), passes=(10, 30)):
    rows = [
        ("csnet", rate, t, "segmentation", "dice", value, value - 0.1, value + 0.1, 40, "", "")
        for rate, value in zip((0.2, 0.4), dice, strict=True)
        for t in passes
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def selection(rule="fixed", exploratory=False):
    """Return the table of a choice, of the cell at rate 0.2 and T = 30."""
    cases = {"fixed": "config", "paper": "test"}.get(rule, "validation")
    row = ("csnet", rule, cases, exploratory, "selected", 0.2, 30, "", "settled", 1.0)
    names = ["network", "rule", "cases", "exploratory", "item", *COLUMNS[1:6]]
    return pd.DataFrame([row], columns=names)


def labelled(counts=ENOUGH, n=40):
    """Return a cell's table of `n` cases with so many known labels of each class, in two seeds."""
    labels = {
        f"{task}_label": [
            label for label, times in counts.get(task, {}).items() for _ in range(times)
        ]
        for task in TASKS
    }
    cases = pd.DataFrame({task: known + [-1] * (n - len(known)) for task, known in labels.items()})
    cases.insert(0, "case", [f"P-{i:02d}" for i in range(n)])
    return pd.concat([cases.assign(seed=seed) for seed in (1, 2)], ignore_index=True)


def training(collapsed=0):
    """Return the table of two networks, of which the second may have collapsed."""
    return pd.DataFrame({
        "network": "csnet", "rate": 0.2, "fold": [1, 2], "seed": 1, "attempts": [1, 1],
        "dead_share": [0.0, 0.3], "largest_training": [5.0, 5.0],
        "largest_evaluation": [50.0, 51.0], "collapsed": [0, collapsed],
        "collapse": ["", "validation Dice 0.00 in epoch 9, which is kept" if collapsed else ""],
    })  # fmt: skip


def findings():
    rows = [
        ("ECE < 0.1 is low", "idh", "0.1", np.nan, 0.1, 0.05, 0.0, 0.2, "undecided at this n", 40,
         "", "nothing", "p = 0.20 in 60% of resamples", "a", ""),
        ("ECE < 0.1 is low", "grade", "0.1", np.nan, 0.1, 0.04, 0.0, 0.08, "seen", 39,
         THESE_NETWORKS, "to 0.03", "", "a", ""),
        ("doubt rises", "all", "rises", 0, *[np.nan] * 4, "undecided", 40, "", "", "", "b",
         "one rate"),
        ("brains say", "segmentation", "-.1 to .2", -0.1, 0.2, -0.5, -0.6, -0.4, "not seen", 40, "",
         "from -0.05 to 0.15", "", "c -0.1", ""),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=FINDINGS)


def write_report(
    folder, *, dice=(0.7, 0.65), given="", published=False, collapsed=0, overlays=True, imputed="",
    counts=ENOUGH, **override
):  # fmt: skip
    """Write a report from tiny tables and return its text; `override`: of the demo's config."""
    for name in (*FIGURES, "learning_curves"):
        (folder / f"figures/{name}.png").parent.mkdir(exist_ok=True)
        (folder / f"figures/{name}.png").write_bytes(PIXEL)
    overlay = folder / "figures/case <1>.png"
    overlay.write_bytes(PIXEL)
    rank_rows = [
        ("csnet", 0.2, 30, task, 30, 10, 250.0, 1e-5, 4e-5, 0.83, 0.7, 0.9) for task in TASKS
    ]
    names = [*COLUMNS[:4], "n_right", "n_wrong", "u", "p", "p_holm", *AUROC]
    curve = {"network": "csnet", "rate": 0.2, "fold": [1, 2], "seed": 1, "epoch": [9, 11]}
    case = {"case": ["a"], "source": ["x & y"], "idh": [1], "1p19q": [-1], "grade": [2]}
    case |= {"imputed": [imputed]}
    excluded = {"case": ["<script>alert(1)</script>"], "step": ["register"], "reason": ["a < b"]}
    tables = {
        "classification": classification().assign(given=given),
        "segmentation": segmentation(dice).assign(given=given),
        "rank_tests": pd.DataFrame(rank_rows, columns=names),
        "selection": selection(),
        "findings": findings(),
        "training": training(collapsed),
        "tested": labelled(counts),
        "curves": pd.DataFrame(curve),
        "volumes": pd.DataFrame(case),
        "excluded": pd.DataFrame(excluded),
    }
    paths = {}
    for name, table in tables.items():
        paths[name] = folder / f"{name}.csv"
        table.to_csv(paths[name], index=False)
    of_study = {name: paths.pop(name) for name in STATISTICS}
    if published:
        del of_study["segmentation"], of_study["training"]
        paths = dict.fromkeys(paths) | {"tested": paths["tested"]}
        override = {"cohort": None, "predictions": PUBLISHED | {"columns": OF_ALL}}
    provenance = {"code": {"commit": "abc123"}, "inputs": {f"file-{i}": "0f" for i in range(20)}}
    (folder / "provenance.json").write_text(json.dumps(provenance))
    config = checked(override) | {"study": "tiny <b>"}
    make_report.main(
        **paths,
        statistics=list(of_study.values()),
        viewer=None if published else folder / "viewer.html",
        figures=[folder / f"figures/{name}.png" for name in FIGURES],
        learning_curves=None if published else folder / "figures/learning_curves.png",
        overlays=[overlay] if overlays and not published else [],
        provenance=folder / "provenance.json",
        config=config,
        network="csnet",
        has=["tasks"] if published else ["networks", "segmentation", "tasks"],
        output=folder / "report.html",
    )
    return (folder / "report.html").read_text(encoding="utf-8")


class Outline(HTMLParser):
    """Check that every element is closed in order, and collect sources, links and ids."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.sources += [attributes["src"]] if "src" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(html):
    parser = Outline()
    parser.feed(html)
    assert parser.open == []
    return parser


def test_the_page_holds_its_images_and_asks_no_server_for_anything(tmp_path):
    html = write_report(tmp_path)
    page = outline(html)
    assert len(page.sources) == 4
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=.?script|<link", html)


@pytest.mark.parametrize("published", [False, True])
def test_links_are_relative_and_lead_to_sections_or_files_beside_the_page(tmp_path, published):
    page = outline(write_report(tmp_path, published=published))
    files = {f"figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "csv")}
    assert files <= set(page.links)
    sections = [link[1:] for link in page.links if link.startswith("#")]
    assert set(sections) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_what_comes_from_outside_is_escaped(tmp_path):
    html = write_report(tmp_path)
    assert "<script>alert" not in html
    for text in ("&lt;script&gt;alert(1)", "tiny &lt;b&gt;", "case &lt;1&gt;", "a &lt; b"):
        assert text in html, text


def test_the_first_lines_say_that_networks_have_not_learned(tmp_path):
    html = write_report(tmp_path, dice=(0.7, 0.41))
    body = html[html.index("<main>") :]
    said = body.index("have not learned: mean Dice of csnet at rate 0.40 is 0.41, expected at")
    assert said < min(300, body.index("What was run"))


def test_the_first_lines_say_that_a_network_collapsed(tmp_path):
    html = write_report(tmp_path, collapsed=1)
    sentence = "number of networks that collapsed in training is 1 of 2, expected 0"
    assert html.index(sentence) < html.index('id="run"')
    assert "csnet, rate 0.20, fold 2, seed 1 collapsed in training: validation Dice 0.00" in html
    assert "collapsed in training is" not in write_report(tmp_path)


def test_warnings_name_networks_that_are_not_what_they_seem():
    assert training_warnings(None) == []
    texts = training_warnings(training())
    assert [text.split(" networks ")[0] for text in texts] == ["1 of 2"] * 2
    assert "dead channels" in texts[0]
    assert "10 times larger in evaluation mode" in texts[1]
    again = training().assign(attempts=[1, 3], dead_share=np.nan, largest_evaluation=np.nan)
    assert training_warnings(again) == [
        "1 of 2 networks were trained again, since they had collapsed."
    ]


def test_the_page_tells_what_was_run(tmp_path):
    html = write_report(tmp_path, departures={"rates": "A reason <b>."})
    for text in ("have learned", "0 of 1: 0 intact", "2 networks, 9 to 11 epochs", "abc123",
                 "In the paper", "<td>0.2, 0.3, 0.4</td>", "<td>A reason &lt;b&gt;.</td>",
                 "4.0 × 10⁻⁵", "0.810 (0.700 to 0.900)"):  # fmt: skip
        assert text in html, text


def test_a_study_of_published_predictions_leaves_out_what_it_has_not(tmp_path):
    html = write_report(tmp_path, published=True)
    for text in ("Learning curves", "Cohort quality", "Departures", "Dice", "phantom", "seeds of"):
        assert text not in html, text
    assert "40 of 40: 20 wildtype, 20 mutated" in html


def test_findings_stand_before_figures_with_verdicts_and_reasons(tmp_path):
    html = write_report(tmp_path)
    assert html.index("ECE &lt; 0.1 is low") < html.index('id="figures"')
    for text in ("3 claims of the paper: 1 not seen, 1 partly answered, 1 beyond this study.",
                 "<dt>One rate</dt><dd>Doubt rises.</dd>",
                 "98 % interval", "−0.50 (−0.60 to −0.40)", "c −0.1",
                 "seen in 1 of 2 tasks, given these networks", "could see nothing at this n",
                 "p = 0.20 in 60% of resamples"):  # fmt: skip
        assert text in html, text


def test_a_claim_is_one_row_whose_intervals_share_an_axis():
    """From 0 to .2 with the border at .1, and room of 8 % of that on both sides."""
    found = judged_findings(findings())
    (claim, brains), beyond = found["answered"], found["beyond"]
    assert (found["open"], beyond) == ([], [("One rate", ["Doubt rises"])])
    idh, grade = claim["tasks"]
    room = 100 * 0.08 / 1.16
    assert idh["interval"] == pytest.approx([room, room + 25 / 1.16, 100 - room], abs=0.01)
    assert grade["interval"][2] == pytest.approx(room + 40 / 1.16, abs=0.01)
    assert claim["plot"] == {"from": 0, "to": 50, "borders": [(50, "0.1")]}
    assert brains["plot"]["borders"][0][1] == "−0.1"
    assert (brains["answer"], brains["given"], claim["given"]) == ("not seen", False, True)
    assert judged_findings(None) is None


def test_the_page_says_how_its_cell_was_selected():
    assert how_selected(selection()) == "set in the config, or its default"
    text = how_selected(selection("nll").assign(value=0.0))
    assert "the negative log likelihood on validation cases" in text
    assert "not every mean uncertainty has settled" in text


@pytest.mark.parametrize("given", ["", "these networks"])
def test_intervals_of_one_seed_are_said_to_be_given_these_networks(tmp_path, given):
    """In the first warning, in the caption of a figure with intervals, and beside the measures."""
    html = write_report(tmp_path, given=given)
    assert html.count("Intervals are given these networks") == (2 if given else 0)
    assert ("over patients, given these networks" in html) == bool(given)
    assert ("over patients and networks" in html) != bool(given)


def test_warnings_name_what_a_reader_must_not_believe():
    tables = {"classification": classification(), "selection": selection("paper", exploratory=True)}
    texts = " ".join(warnings(tables, 0.2, 30))
    for text in ("exploratory", "band of perfect calibration", "With 40 cases"):
        assert text in texts
    tables["classification"]["reason"] = np.where(
        tables["classification"]["measure"] == "auc", "one class in 90 of 1000 resamples", ""
    )
    assert "IDH, ROC-AUC: no interval, one class in 90 of 1000 resamples." in warnings(
        tables, 0.2, 30
    )


@pytest.mark.parametrize(
    ("pooled", "within", "minus", "warned"),
    [
        (-0.93, 0.52, (-1.45, -1.9, -0.9), True),
        (-0.93, -0.35, (-0.58, -0.9, -0.1), True),  # the same sign, and apart beyond chance
        (-0.1, 0.05, (-0.15, -0.5, 0.2), True),  # opposite signs
        (-0.5, -0.4, (-0.1, -0.3, 0.1), False),
        (-0.5, np.nan, (np.nan, np.nan, np.nan), False),
    ],
)
def test_a_correlation_that_folds_make_is_a_warning(pooled, within, minus, warned):
    values = {"rho_tumour": (pooled, pooled - 0.05, pooled + 0.05),
              "rho_tumour_within_folds": (within, within - 0.1, within + 0.1),
              "rho_tumour_minus_within": minus}  # fmt: skip
    rows = [("csnet", 0.2, 30, "segmentation", name, *value, 40, "", "")
            for name, value in values.items()]  # fmt: skip
    texts = fold_warnings(pd.DataFrame(rows, columns=COLUMNS), 0.2, 30)
    assert len(texts) == warned
    if pooled == -0.93 and within > 0:
        assert texts[0].startswith(
            "csnet, uncertainty of the predicted tumour: its correlation with Dice is −0.93 "
            "(−0.98 to −0.88) pooled over folds and 0.52 (0.42 to 0.62) within them."
        )
    assert fold_warnings(None, 0.2, 30) == fold_warnings(segmentation(), 0.2, 30) == []


def test_a_fit_on_too_few_cases_is_a_warning_and_keeps_its_rows():
    cell = {"network": "csnet", "rate": 0.2, "passes": 30, "low": np.nan, "high": np.nan}
    rows = [
        cell | {"method": method, "task": task, "measure": measure, "value": value,
                "reason": "" if method == "raw" else "3 validation patients where 30 are needed"}
        for method, value in (("raw", 0.5), ("temperature", np.nan))
        for task in ("idh", "grade") for measure in ("nll", "ece")
    ]  # fmt: skip
    tables = {"recalibration": pd.DataFrame(rows)}
    assert warnings(tables, 0.2, 30) == [
        "Recalibration by temperature has no values: IDH, 3 validation patients where 30 are "
        "needed; Grade, 3 validation patients where 30 are needed."
    ]
    (table,) = sortable_tables(tables, 0.2, 30)
    assert len(table["rows"]) == 8
    assert "3 validation patients where 30 are needed" in table["rows"][-1]


def test_a_table_shows_four_digits_and_keeps_all_to_sort_and_save_by():
    (table,) = sortable_tables({"classification": classification().assign(value=-1 / 3)}, 0.2, 30)
    assert table["rows"][0][list(table["columns"]).index("value")] == -1 / 3
    assert in_four_digits(-1 / 3) == "−0.3333"
    assert (table["columns"]["value"], table["columns"]["task"]) == (True, False)
    assert "reason" not in table["columns"]
    assert len(table["rows"]) == 6


@pytest.mark.skipif(not chromium.find_chromium(), reason="no Chromium or Chrome is installed")
def test_a_click_on_a_head_sorts_in_a_browser(tmp_path):
    write_report(tmp_path)
    with chromium.browser(tmp_path / "profile") as page:
        page.open(tmp_path / "report.html")
        page.click("#table-classification summary")
        rows = "[...document.querySelectorAll('#classification tbody tr')]"
        column = f"{rows}.map(row => row.cells[4].textContent)"
        page.click("#classification thead th:nth-child(5) button")
        assert page.value(column) == ["auc"] * 3 + ["ece"] * 3
        page.click("#classification thead th:nth-child(5) button")
        assert page.value(column) == ["ece"] * 3 + ["auc"] * 3
        assert page.errors == []


def test_the_same_tables_make_the_same_page(tmp_path):
    assert write_report(tmp_path) == write_report(tmp_path)


def test_learned_needs_dice_at_every_rate_and_auc_above_guessing_at_the_smallest():
    assert learned(classification(), segmentation((0.7, 0.60)), labels=ENOUGH).learned
    assert not learned(classification(), segmentation((0.7, 0.59)), labels=ENOUGH).learned
    assert not learned(classification(auc_low=0.5), segmentation(), labels=ENOUGH).learned
    table = classification()
    table.loc[table["rate"] == 0.4, "low"] = 0.1
    table.loc[table["task"] == "grade", "low"] = 0.1
    assert learned(table, segmentation(), labels=ENOUGH).learned


def test_learned_is_given_these_networks():
    """Intervals of few seeds are wide: they say what other trainings would do."""
    both = classification(auc_low=0.4)
    of_all, of_one = classification().assign(seed="all"), both.assign(seed=1)
    assert not learned(both, labels=ENOUGH).learned
    assert learned(both, by_seed=pd.concat([of_one, of_all]), labels=ENOUGH).learned
    wide = pd.concat([of_one, both.assign(seed="all")])
    assert not learned(both, by_seed=wide, labels=ENOUGH).learned
    ensemble = classification(auc_low=0.3).assign(network="csnet_deep-ensemble")
    checks = learned(pd.concat([both, ensemble]), by_seed=of_all, labels=ENOUGH).checks
    assert [check.passed for check in checks] == [True, True, False, False]
    assert "csnet_deep-ensemble at rate" in checks[2].what


def test_learned_judges_at_the_most_passes():
    table = segmentation()
    table.loc[table["passes"] == 10, "value"] = 0.1
    assert learned(classification(), table, labels=ENOUGH).learned


@pytest.mark.parametrize(
    ("counts", "judged"),
    [
        ({"idh": {0: 20, 1: 20}}, ["AUC of IDH"]),
        ({"1p19q": {0: 20, 1: 20}, "grade": {2: 9, 3: 9, 4: 9}}, ["AUC of 1p/19q"]),
        ({"grade": {2: 14, 3: 13, 4: 13}}, ["AUC of Grade"]),
    ],
)
def test_a_study_is_judged_by_the_tasks_whose_labels_it_has(counts, judged):
    table = classification()
    table = table[table["task"].isin(counts)]  # the others have no rows
    verdict = learned(table, labels=counts)
    assert verdict.sentence == "The networks have learned: the check below holds."
    assert [check.measure for check in verdict.checks] == judged


def test_too_few_labels_cannot_be_judged_and_are_not_called_a_failure():
    few = {"idh": {0: 31, 1: 9}}
    table = classification(auc_low=0.2).query("task == 'idh'")
    verdict = learned(table, labels=few)
    assert verdict.learned is None
    assert verdict.sentence == (
        "Whether the networks have learned cannot be judged. Not judged: AUC of IDH (40 labels: "
        "31 wildtype, 9 mutated; 10 of each class are needed)."
    )
    assert learned(table, labels={"idh": {0: 30, 1: 10}}).learned is False
    # A Dice shows what was learned; that no network collapsed does not.
    assert learned(table, labels=few, training=training()).learned is None
    verdict = learned(table, segmentation(), training=training(), labels=few)
    assert verdict.learned is True
    assert verdict.sentence.startswith(
        "The networks have learned as far as this study can tell: the 3 checks made hold. Not "
        "judged: AUC of IDH (40 labels"
    )
    one_class = learned(table, labels={"idh": {0: 40, 1: 0}})
    assert "40 wildtype, 0 mutated" in one_class.sentence
    assert learned().learned is None


def test_what_could_not_be_measured_cannot_be_judged():
    verdict = learned(classification(auc_low=np.nan), labels=ENOUGH)
    assert verdict.learned is None
    assert "AUC of IDH (0.81 (no interval))" in verdict.sentence
    verdict = learned(classification(), segmentation((np.nan, 0.7)), labels=ENOUGH)
    assert verdict.learned is True
    assert "Not judged: mean Dice (not measured)." in verdict.sentence


def test_the_page_says_that_it_cannot_judge(tmp_path):
    html = write_report(tmp_path, published=True, counts={"idh": {0: 35, 1: 5}})
    assert '<div class="verdict unjudged"><p>Whether the networks have learned cannot' in html
    assert "not judged</td>" in html
    assert "have not learned" not in html
    assert "1p/19q known" in html  # a column of the table names it
    assert "0 of 40: 0 intact, 0 co-deleted" in html


def test_known_labels_are_those_of_cases_not_of_rows():
    assert known_labels(labelled()) == ENOUGH
    assert known_labels(labelled({"idh": {0: 3, 1: 1}})) == {"idh": {0: 3, 1: 1}}


def background(values):
    """Return a table of the mean probability of tumour outside it, at each rate."""
    table = segmentation(dice=values)
    return table.assign(measure="background_probability")


@pytest.mark.parametrize(("most", "passed"), [(0.1, True), (0.11, False), (np.nan, None)])
def test_networks_that_give_the_background_to_the_tumour_have_not_learned(most, passed):
    table = pd.concat([segmentation(), background((0 * most + 0.02, most))])
    verdict = learned(None, table)
    check = verdict.checks[0]
    assert (check.passed, check.required) == (passed, "at most 0.10")
    if passed is False:
        assert verdict.learned is False
        assert verdict.sentence.startswith(
            "The networks have not learned: mean probability of tumour outside it of csnet at rate "
            "0.40 is 0.11, expected at most 0.10."
        )


def test_a_summary_says_where_its_n_differs_and_where_an_interval_is_missing():
    table = classification()
    table.loc[(table["task"] == "idh") & (table["measure"] == "ece"), "n"] = 33
    refused = (table["task"] == "grade") & (table["measure"] == "auc")
    table.loc[refused, ["low", "high"]] = np.nan
    found = summary(table, 0.2, 30)
    assert found["tasks"] == [("IDH", 40), ("1p/19q", 40), ("Grade", 40)]
    rows = dict(found["rows"])
    assert rows["Expected calibration error"][0] == "0.810 (0.700 to 0.900), n = 33"
    assert rows["ROC-AUC"][2] == "0.810 (no interval)"


def test_numbers_are_told_with_a_true_minus_and_tiny_p_in_powers_of_ten():
    assert with_interval(-0.5, -0.6, -0.4) == "−0.50 (−0.60 to −0.40)"
    assert [p_value(p) for p in (7.6e-9, 0.012, 0.5)] == ["7.6 × 10⁻⁹", "0.012", "0.50"]


def test_no_number_that_rounds_to_zero_has_a_minus():
    assert with_interval(-0.00001, -0.0, 0.004, 4) == "0.0000 (0.0000 to 0.0040)"
    assert [in_four_digits(x) for x in (-0.0, -1e-9, -2.0)] == ["0", "−1e−09", "−2"]
    assert plain(-0.0) == "0"
    assert format_range([-0.001, 0.001]) == "0.00"
    assert [format_number(x, "+.2f") for x in (-0.001, 0.001, -0.01)] == ["+0.00", "+0.00", "−0.01"]


def test_captions_speak_of_what_the_study_has():
    facts = {"passes": 30, "rate": "0.20", "level": "95", "dice_threshold": 0.8}
    words = {"segmentation": "Dice", "truth": "phantom", "seeds": "seeds of training"}
    names = ("calibration_by_rate", "uncertainty_by_correctness", "risk_coverage",
             "uncertainty_by_passes", "uncertainty_shares", "learning_curves")  # fmt: skip
    bare = " ".join(caption(name, **facts)[1] for name in names)
    for what, word in words.items():
        assert word not in bare
        assert word in " ".join(caption(name, has=[what], **facts)[1] for name in names)
    assert "segmentation" not in bare


def test_a_figure_without_a_caption_is_refused():
    with pytest.raises(BadInput, match="found figure_9; write glioma_uq/figures/figure_9.py"):
        caption("figure_9")


def test_cases_with_missing_series_are_named_and_warned_of_without_modality_dropout(tmp_path):
    text = write_report(tmp_path, imputed="flair")
    assert "FLAIR imputed" in text
    warned = "Missing series are imputed by zeros in 1 of 1 case"
    assert warned in text
    dropped = {"augmentation": ["modality_dropout"]}
    assert warned not in write_report(tmp_path, imputed="flair", training=dropped)
    assert "imputed" not in write_report(tmp_path)


def test_a_patient_counts_with_each_label_that_a_scan_has():
    tested = pd.DataFrame(
        {"case": list("abcd"), "patient": ["P", "P", "Q", "Q"], "idh_label": [-1, 1, -1, 0],
         "1p19q_label": -1, "grade_label": -1}
    )  # fmt: skip
    assert known_labels(tested) == {"idh": {0: 1, 1: 1}}
