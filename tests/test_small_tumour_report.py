"""The report of the study of small tumours, from tables that its own statistics made."""

import json

import numpy as np
import pandas as pd
import pytest
from configs import checked, read
from PIL import Image as Picture
from test_small_tumour_figures import NETWORKS, tables  # noqa: F401, a fixture

import make_report
from glioma_uq.report import small_tumours
from glioma_uq.report.statistics_tables import TABLES
from glioma_uq.report.verdict import learned, mean_of_nonempty
from glioma_uq.statistics.long_tables import COLUMNS


def test_quoted_rows_stand_apart_from_measured_ones(tables):
    about = small_tumours.about_subregions(tables, 0.0, 1, 0.95)
    first = about["tables"][0]
    assert [row[0] for row in first["measured"]] == [
        "dmfnet", "dmfnet, few voxels to core", "dmfnet-umodule",
        "dmfnet-umodule, few voxels to core",
    ]  # fmt: skip
    assert first["quoted"][0] == ["DMFNet", "not given", "0.2720", "0.2316", "0.0000"]
    assert first["quoted"][-1][2] == "0.4499"
    assert about["tables"][2]["quoted"][0][1] == "66"
    assert about["cases"] == {"all": 14, "below_2000": 5, "below_1000": 3, "empty": 2}


def test_better_is_said_only_where_interval_and_test_agree(tables):
    about = small_tumours.about_subregions(tables, 0.0, 1, 0.95)
    assert about["summary"][0].startswith("dmfnet-umodule minus dmfnet, Dice of enhancing tumour")
    row = next(
        small_tumours.paired_rows(tables["overlap_tests"], NETWORKS, "below_2000").__iter__()
    )
    assert small_tumours.judged(row._replace(low=0.1, high=0.2, p_holm=0.01), 0.95) == "better"
    assert "undecided" in small_tumours.judged(row._replace(low=0.1, high=0.2, p_holm=0.2), 0.95)
    assert "undecided" in small_tumours.judged(row._replace(low=-0.1, p_holm=0.01), 0.95)


def test_uncertainty_of_missed_tumours_is_given_with_its_side_of_chance(tables):
    said = small_tumours.about_subregions(tables, 0.0, 1, 0.95)["summary"][1:]
    assert said == [
        "dmfnet, uncertainty of the predicted tumour as a sign of a missed enhancing tumour: "
        "AUROC 0.70 (0.65 to 0.75), n = 9: larger for missed tumours.",
        "dmfnet-umodule, uncertainty of the predicted tumour as a sign of a missed enhancing "
        "tumour: AUROC 0.80 (0.75 to 0.85), n = 9: larger for missed tumours.",
    ]
    table = tables["uncertainty_by_size"].assign(low=0.1, high=0.4)
    names = dict.fromkeys(NETWORKS, "it")
    assert "smaller for missed" in small_tumours.detections(table, names, 0.0, 1)[0]
    assert "undecided" in small_tumours.detections(table.assign(high=0.6), names, 0.0, 1)[0]


def test_few_small_tumours_are_a_warning(tables):
    about = small_tumours.about_subregions(tables, 0.0, 1, 0.95)
    assert "Only 5 cases have enhancing tumour below 2,000 mm³" in small_tumours.warnings(about)[0]
    assert small_tumours.facts(about)[0][1] == (
        "in 12 of 14 cases; 5 below 2,000 mm³, 3 of them below 1,000 mm³"
    )


def test_enhancing_tumour_must_be_found_where_there_is_some():
    groups = pd.DataFrame({"value": [0.5, 1.0], "n": [10, 4]}, index=["all", "empty"])
    assert mean_of_nonempty(groups) == pytest.approx(1 / 6)
    assert np.isnan(mean_of_nonempty(groups.assign(n=[4, 4])))
    assert mean_of_nonempty(groups.assign(value=[0.5, np.nan], n=[10, 0])) == 0.5


def write_report(folder, tables, paper="small_tumours", dice=0.7):
    """Write the report of a study of segmentation alone."""
    names = ["table_1", "table_2", "table_3", "overlap", "overlap_tests", "lesions", "froc"]
    mine = {name: tables[name] for name in names}
    row = (0.0, 1, "segmentation", "dice", dice, 0.5, 0.8, 12, "", "")
    mine["segmentation"] = pd.DataFrame([(n, *row) for n in NETWORKS], columns=COLUMNS)
    rank = ["network", "rate", "passes", "task", "n_right", "n_wrong", "u", "p", "p_holm"]
    rank += ["auroc", "auroc_low", "auroc_high"]
    mine["rank_tests"] = pd.DataFrame(
        [(NETWORKS[0], 0.0, 1, "segmentation", 8, 4, 20.0, 0.1, 0.1, 0.7, 0.6, 0.8)], columns=rank
    )
    mine["selection"] = pd.DataFrame(
        {"network": NETWORKS[:1], "rule": "fixed", "cases": "config", "exploratory": False,
         "item": "selected", "rate": 0.0, "passes": 1, "task": "", "measure": "settled",
         "value": 1.0}
    )  # fmt: skip
    rest = {
        "volumes": pd.DataFrame(
            {"case": ["a"], "source": "x", "idh": -1, "1p19q": -1, "grade": -1, "imputed": ""}
        ),
        "excluded": pd.DataFrame(columns=["case", "step", "reason"]),
        "curves": pd.DataFrame(
            {"network": "dmfnet", "rate": 0.0, "fold": 1, "seed": 1, "epoch": [9]}
        ),
    }
    for name, table in {**mine, **rest}.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "provenance.json").write_text(json.dumps({"code": {"commit": "abc"}}))
    figures = []
    for name in ("tumour_volumes", "froc"):
        figures.append(folder / f"{name}.png")
        Picture.new("RGB", (1, 1)).save(figures[-1])
    study = read("studies/small_tumours_phantom.yaml")
    make_report.main(
        statistics=[folder / f"{name}.csv" for name in mine],
        **{name: folder / f"{name}.csv" for name in rest},
        tested=[], figures=figures, learning_curves=None, viewer=None, overlays=[],
        provenance=folder / "provenance.json", network=NETWORKS[0],
        has=["networks", "segmentation", "subregions"], output=folder / "report.html",
        config=checked({"paper": paper, "departures": {}}, study | {"departures": {}}),
    )  # fmt: skip
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_of_segmentation_alone_tells_of_small_tumours_and_of_no_subtype(
    tables, tmp_path
):
    html = write_report(tmp_path, tables)
    for text in ("How well do networks segment small tumours?", "The networks have learned",
                 "mean Dice of enhancing tumour, cases with it, of dmfnet-deterministic",
                 "The networks are dmfnet, dmfnet-umodule", "Quoted from the paper: BraTS 2018",
                 "The two tables cannot be ranked together", "in 12 of 14 cases"):  # fmt: skip
        assert text in html, text
    assert html.index("Table 1. Enhancing") < html.index('id="figures"')
    for text in ("IDH", "1p/19q", "ECE", 'id="findings"'):
        assert text not in html, text


def test_a_network_that_lost_the_enhancing_tumour_has_not_learned(tables):
    lost = tables["overlap"].assign(value=lambda t: t["value"].where(t["group"] == "empty", 0.2))
    verdict = learned(None, None, lost)
    assert not verdict.learned
    assert "cases with it, of dmfnet-deterministic at rate 0.00 is 0.07" in verdict.sentence


def test_tables_of_small_tumours_can_be_sorted_in_the_report(tables):
    assert {name for name in tables if name not in ("cells", "froc")} <= set(TABLES)


def test_subregions_of_tumours_of_any_size_are_judged_by_the_whole_tumour(tables, tmp_path):
    """In a study of real patients: the first lines say that its networks do not find the tumour."""
    html = write_report(tmp_path, tables, paper="mc_dropout", dice=0.55)
    assert "How far can the networks’ uncertainty be trusted?" in html
    assert "The networks have not learned: mean Dice of dmfnet-deterministic at rate" in html
    assert "is 0.55, expected at least 0.60" in html
