"""The study of small tumours made tiny: what it leaves beside the report."""

import pandas as pd
import pytest
from brats import WITHOUT_REFERENCE

STUDY = "results/studies/small_tumours_as_published"
NETWORKS = ["dmfnet-deterministic", "dmfnet-umodule-deterministic"]
pytestmark = pytest.mark.workflow


def test_the_report_shows_the_three_tables_and_every_figure(published):
    report = (published / STUDY / "report.html").read_text()
    for number in (1, 2, 3):
        assert f"Table {number}" in report
        table = pd.read_csv(published / STUDY / f"statistics/table_{number}.csv")
        assert set(table["origin"]) == {"measured", "quoted"}
        measured = table.loc[table["origin"] == "measured", "network"]
        assert set(measured) == set(NETWORKS)
    for name in ("tumour_volumes", "segmentation_gallery", "dice_by_size", "froc"):
        for ending in ("pdf", "png", "csv"):
            assert (published / STUDY / f"figures/{name}.{ending}").stat().st_size > 0
    assert report.count("data:image/png;base64,") >= 5


def test_the_curve_of_a_network_with_u_modules_has_their_terms_and_weights(published):
    """The first of two epochs has the first weights."""
    path = "dmfnet-umodule/dropout-0.00/fold-1/seed-1/learning_curve.csv"
    curve = pd.read_csv(published / STUDY / path)
    assert curve["weight_labels"].tolist() == [0.5, 1.0]
    assert curve["weight_auxiliary"].tolist() == pytest.approx([0.5, 0.05])
    terms = [f"auxiliary_reconstruction_{level}{end}" for level in (1, 2)
             for end in ("", "_relative")]  # fmt: skip
    assert (curve[terms] > 0).all(axis=None)
    plain = pd.read_csv(published / STUDY / path.replace("-umodule", ""))
    assert not set(terms) & set(plain)


def test_every_case_is_counted_once_in_every_region_under_every_rule(published):
    folds = pd.read_csv(published / STUDY / "folds.csv")
    cases = set(folds.loc[folds["split"] == "test", "case"]) - {WITHOUT_REFERENCE}
    volumes = pd.read_csv(published / STUDY / "figures/tumour_volumes.csv")
    for network in NETWORKS:
        table = pd.read_csv(published / STUDY / network / "dropout-0.00/passes-001/overlap.csv")
        assert set(table["case"]) == cases
        assert len(table) == len(cases) * 3 * 2
        assert not table.duplicated(["case", "region", "rule"]).any()
        counted = table[table["rule"] == "none"].merge(volumes, on=["case", "region"])
        assert (counted["reference_volume_mm3"] == counted["volume_mm3"]).all()
        assert len(counted) == len(cases) * 3
