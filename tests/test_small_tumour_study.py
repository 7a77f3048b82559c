"""The study of small tumours made tiny: the same Snakefile, parts of tumours instead of tasks."""

import pandas as pd
import pytest
from workflows import PARTS, copy_of, finished_once, rules_in, snakemake

STUDY = "results/studies/tiny_parts"
NETWORKS = ["dmfnet-deterministic", "dmfnet-umodule-deterministic"]
pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(tiny, tmp_path_factory):
    """A copy of the finished tiny study in which that of its subregions has run to its end."""

    def make(folder):
        (folder / "printed.txt").write_text(snakemake(copy_of(tiny, folder), config=PARTS))

    return finished_once(tmp_path_factory, "tiny_parts", make)


def test_the_cohort_of_another_study_is_used_as_it_is(finished):
    """No step of a case runs again, though the second study asks for the cohort's report too."""
    ran = rules_in((finished / "printed.txt").read_text())
    assert {"assign_folds", "train_network", "measure_overlap", "make_report"} <= ran
    assert not ran & {"make_phantom_case", "normalise_case", "collect_cohort", "make_cohort_report"}


def test_the_report_shows_the_three_tables_and_every_figure(finished):
    report = (finished / STUDY / "report.html").read_text()
    for number in (1, 2, 3):
        assert f"Table {number}" in report
        table = pd.read_csv(finished / STUDY / f"statistics/table_{number}.csv")
        assert set(table["origin"]) == {"measured", "quoted"}
        measured = table.loc[table["origin"] == "measured", "network"]
        assert set(measured) == set(NETWORKS)
    for name in ("tumour_volumes", "segmentation_gallery", "dice_by_size", "froc"):
        for ending in ("pdf", "png", "csv"):
            assert (finished / STUDY / f"figures/{name}.{ending}").stat().st_size > 0
    assert report.count("data:image/png;base64,") >= 5


def test_the_curve_of_a_network_with_u_modules_has_their_terms_and_weights(finished):
    """The first of two epochs has the first weights."""
    path = "dmfnet-umodule/dropout-0.00/fold-1/seed-1/learning_curve.csv"
    curve = pd.read_csv(finished / STUDY / path)
    assert curve["weight_labels"].tolist() == [0.5, 1.0]
    assert curve["weight_auxiliary"].tolist() == pytest.approx([0.5, 0.05])
    terms = [f"auxiliary_reconstruction_{level}{end}" for level in (1, 2)
             for end in ("", "_relative")]  # fmt: skip
    assert (curve[terms] > 0).all(axis=None)
    plain = pd.read_csv(finished / STUDY / path.replace("-umodule", ""))
    assert not set(terms) & set(plain)


def test_every_case_is_counted_once_in_every_region_under_every_rule(finished):
    cases = pd.read_csv(finished / "results/cohorts/tiny/volumes.csv")["case"]
    volumes = pd.read_csv(finished / STUDY / "figures/tumour_volumes.csv")
    for network in NETWORKS:
        table = pd.read_csv(finished / STUDY / network / "dropout-0.00/passes-001/overlap.csv")
        assert len(table) == len(cases) * 3 * 2
        assert not table.duplicated(["case", "region", "rule"]).any()
        counted = table[table["rule"] == "none"].merge(volumes, on=["case", "region"])
        assert (counted["reference_volume_mm3"] == counted["volume_mm3"]).all()
        assert len(counted) == len(cases) * 3


def test_neither_study_has_anything_to_do_again(finished):
    for config in (PARTS, "tiny.yaml"):
        assert "Nothing to be done" in snakemake(finished, config=config)
