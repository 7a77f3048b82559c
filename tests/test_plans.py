"""What a run makes is computed from its config: exactly, for every kind of study."""

import pytest
import yaml
from bad_config import PUBLISHED
from bad_input import ROOT
from configs import DEFAULT, DEMO, checked, planned, read
from layouts import folders_of, write_dataset

from glioma_uq.cohorts.cases import list_cases
from glioma_uq.configuration import preflight
from glioma_uq.configuration.datasets import read_dataset
from glioma_uq.errors import BadInput
from glioma_uq.plans import CohortPlan, StudyPlan, make_plans, record_start

COHORTS = sorted((ROOT / "cohorts").glob("*.yaml"))
STUDIES = sorted((ROOT / "studies").glob("*.yaml"))
OF_FOLDER = {
    "name": "mine", "source": "folder", "folder": {"path": "x"}, "labels": {"table": "none.csv"},
}  # fmt: skip
PATIENTS = {"study": "mine", "cohort": OF_FOLDER}
PREDICTIONS = {"study": "theirs", "predictions": PUBLISHED}
SIZES = {"cohort": {"phantom": {"size_sensitivity": [1.0, 0.5]}}}
ONE_PASS = {"rates": [0.0], "sampling": {"samplers": ["deterministic"], "passes": [1]},
            "selection": {"rate": 0.0, "passes": 1}}  # fmt: skip
OUTLINES = {"tasks": [], "segmentation": "subregions", "statistics": {"mask_control": None}}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whatever labels table lies where a study looks for it


def tables_and_figures(override, base=DEFAULT):
    _, study = planned(override, base)
    return study.tables, study.figures


# Tables and figures: first what is common to the studies of one paper, then the kinds.

TWO_CLASS = (
    "classification rank_tests selection findings reliability risk_coverage subgroups segmentation "
    "differences recalibration conformal mask_control training",
    "uncertainty_by_passes calibration_by_rate segmentation_quality uncertainty_by_correctness "
    "reliability risk_coverage uncertainty_shares rate_differences case_gallery learning_curves",
)
ON_PHANTOM = (
    "classification rank_tests selection findings reliability risk_coverage subgroups segmentation "
    "differences recalibration conformal mask_control posterior_truth training",
    "uncertainty_by_passes calibration_by_rate segmentation_quality uncertainty_by_correctness "
    "reliability risk_coverage uncertainty_shares rate_differences posterior_truth case_gallery "
    "learning_curves",
)
ONE_RATE = (
    ON_PHANTOM[0],
    "uncertainty_by_passes calibration_by_rate segmentation_quality uncertainty_by_correctness "
    "reliability risk_coverage uncertainty_shares posterior_truth case_gallery learning_curves",
)
SUBREGIONS = (
    "rank_tests selection risk_coverage subgroups segmentation differences table_1 table_2 table_3 "
    "overlap overlap_tests lesions froc training",
    "tumour_volumes segmentation_gallery dice_by_size froc risk_coverage learning_curves",
)
SIZE_SENSITIVITY = (
    "rank_tests selection risk_coverage subgroups segmentation differences table_1 table_2 table_3 "
    "overlap overlap_tests lesions froc size_sensitivity training",
    "tumour_volumes segmentation_gallery dice_by_size froc size_sensitivity risk_coverage "
    "learning_curves",
)
UNCERTAIN_SUBREGIONS = (
    "rank_tests selection findings risk_coverage subgroups segmentation differences table_1 "
    "table_2 table_3 overlap overlap_tests lesions froc uncertainty_by_size "
    "uncertainty_by_size_differences training",
    "tumour_volumes segmentation_gallery dice_by_size froc uncertainty_by_size "
    "segmentation_quality risk_coverage case_gallery learning_curves",
)
OF_BRATS = (
    f"{UNCERTAIN_SUBREGIONS[0]} by_seed".replace("differences", "differences mask_control", 1),
    UNCERTAIN_SUBREGIONS[1].replace("risk_coverage", "risk_coverage rate_differences"),
)
OF_BRATS_SMALL = (OF_BRATS[0].replace("mask_control ", ""), OF_BRATS[1])
OF_PREDICTIONS = (
    "classification rank_tests selection findings reliability risk_coverage subgroups",
    "calibration_by_rate uncertainty_by_correctness reliability risk_coverage",
)
KINDS = {
    "two classes, patients": (PATIENTS, {}, TWO_CLASS),
    "the demo": (
        {}, DEMO,
        ("classification rank_tests selection findings reliability risk_coverage subgroups "
         "segmentation differences posterior_truth training by_seed", ON_PHANTOM[1]),
    ),
    "two classes, phantom": ({}, DEFAULT, ON_PHANTOM),
    "two classes, a phantom with lesion groups": (SIZES, DEFAULT, ON_PHANTOM),
    "several samplers": ({"sampling": {"samplers": ["deterministic", "mc-dropout"]}}, DEFAULT,
                         ON_PHANTOM),
    "an ensemble alone": (
        {"seeds": [1, 2], "sampling": {"samplers": ["deep-ensemble"]}}, DEFAULT, ON_PHANTOM,
    ),
    "one rate": ({"rates": [0.2]}, DEFAULT, ONE_RATE),
    "deterministic alone": (ONE_PASS, DEFAULT, ONE_RATE),
    "nothing fitted": (
        {"statistics": {"recalibration": [], "conformal": None, "mask_control": None}}, DEFAULT,
        ("classification rank_tests selection findings reliability risk_coverage subgroups "
         "segmentation differences posterior_truth training", ON_PHANTOM[1]),
    ),
    "no tasks": (
        {"tasks": []}, DEFAULT,
        ("rank_tests selection findings risk_coverage subgroups segmentation differences "
         "mask_control training",
         "segmentation_quality risk_coverage rate_differences case_gallery learning_curves"),
    ),
    "no segmentation": (
        {"segmentation": "none"}, DEFAULT,
        ("classification rank_tests selection findings reliability risk_coverage subgroups "
         "differences recalibration conformal posterior_truth training",
         "uncertainty_by_passes calibration_by_rate uncertainty_by_correctness reliability "
         "risk_coverage uncertainty_shares rate_differences posterior_truth learning_curves"),
    ),
    "no tasks, deterministic": (
        ONE_PASS | {"tasks": []}, DEFAULT,
        ("rank_tests selection risk_coverage subgroups segmentation differences mask_control "
         "training",
         "risk_coverage learning_curves"),
    ),
    "no maps": (
        {"sampling": {"maps": []}}, DEFAULT,
        (ON_PHANTOM[0],
         "uncertainty_by_passes calibration_by_rate segmentation_quality "
         "uncertainty_by_correctness reliability risk_coverage uncertainty_shares "
         "rate_differences posterior_truth learning_curves"),
    ),
    "subregions, patients": (PATIENTS | OUTLINES | ONE_PASS, {}, SUBREGIONS),
    "subregions, phantom": (OUTLINES | ONE_PASS, DEFAULT, SUBREGIONS),
    "subregions, a phantom with lesion groups": (OUTLINES | ONE_PASS | SIZES, DEFAULT,
                                                 SIZE_SENSITIVITY),
    "subregions and the cavity": (
        OUTLINES | ONE_PASS | {"segmentation": "subregions_and_cavity", "cohort": {
            "segmentation_labels": {"core": [1], "oedema": [2], "enhancing": [3], "cavity": [4]}}},
        DEFAULT, SUBREGIONS,
    ),
    "subregions and tasks": (
        {"segmentation": "subregions"}, DEFAULT,
        ("classification rank_tests selection findings reliability risk_coverage subgroups "
         "segmentation differences recalibration conformal mask_control posterior_truth table_1 "
         "table_2 table_3 overlap overlap_tests lesions froc uncertainty_by_size "
         "uncertainty_by_size_differences training",
         "uncertainty_by_passes calibration_by_rate segmentation_quality "
         "uncertainty_by_correctness reliability risk_coverage uncertainty_shares "
         "rate_differences posterior_truth case_gallery tumour_volumes segmentation_gallery "
         "dice_by_size froc uncertainty_by_size learning_curves"),
    ),
    "published predictions": (PREDICTIONS, {}, OF_PREDICTIONS),
}  # fmt: skip
OF_STUDIES = {
    "mc_dropout": TWO_CLASS,
    "samplers": ONE_RATE,
    "brats": OF_BRATS,
    "brats_small": OF_BRATS_SMALL,
    "small_tumours": SUBREGIONS,
    "small_tumours_as_published": SUBREGIONS,
    "small_tumours_phantom": SUBREGIONS,
    "size_sensitivity_phantom": SIZE_SENSITIVITY,
    "uncertainty_by_size": UNCERTAIN_SUBREGIONS,
    "published_predictions": OF_PREDICTIONS,
}
SEVERAL_SEEDS = {
    "mc_dropout", "samplers", "small_tumours", "small_tumours_phantom", "uncertainty_by_size",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_study_has_these_tables_and_figures(kind):
    override, base, (tables, figures) = KINDS[kind]
    assert tables_and_figures(override, base) == (tables.split(), figures.split())


def test_a_study_of_predictions_has_the_tasks_that_its_columns_name():
    named = {"label": "Grade", "probabilities": ["p2", "p3", "p4"]}
    columns = {"case": "Patient", "grade": named}
    _, study = planned({"predictions": PUBLISHED | {"columns": columns}}, {"study": "theirs"})
    assert study.tasks == ["grade"]
    columns |= {"idh": PUBLISHED["columns"]["idh"], "source": "Hospital"}
    _, study = planned({"predictions": PUBLISHED | {"columns": columns}}, {"study": "theirs"})
    assert study.tasks == ["idh", "grade"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_has_these_tables_and_figures(path):
    tables, figures = OF_STUDIES[path.stem]
    found = tables_and_figures({}, read(path))
    assert found == (
        [*tables.split(), *["by_seed"] * (path.stem in SEVERAL_SEEDS)],
        figures.split(),
    )


KINDS_OF_FILES = ("pdf", "png", "csv")


def test_targets_of_a_cohort_are_all_that_people_look_at():
    cohort, _ = planned({})
    place = "results/cohorts/phantom"
    metrics = [f"{place}/quality_metrics.{kind}" for kind in KINDS_OF_FILES]
    sheets = [f"{place}/figures/{case}.png" for case in cohort.cases]
    assert cohort.targets == [f"{place}/volumes.csv", f"{place}/report.html", *metrics, *sheets]


@pytest.mark.parametrize("maps", [[40], []])
def test_targets_of_a_study_are_all_that_people_look_at(maps):
    _, study = planned({"sampling": {"maps": maps}})
    place = "results/studies/phantom"
    pages = {"report.html", "provenance.json"} | ({"viewer.html"} if maps else set())
    tables = {f"statistics/{table}.csv" for table in study.tables}
    drawn = {f"figures/{name}.{kind}" for name in study.figures for kind in KINDS_OF_FILES}
    assert set(study.targets) == {f"{place}/{file}" for file in pages | tables | drawn}


# The grid.


def test_a_study_trains_every_network_once_for_each_rate_fold_and_seed():
    _, study = planned({"rates": [0.2, 0.35], "seeds": [1, 4]})
    assert study.runs("model.safetensors") == [
        f"results/studies/phantom/csnet/dropout-{rate}/fold-{fold}/seed-{seed}/model.safetensors"
        for rate in ("0.20", "0.35")
        for fold in (1, 2)
        for seed in (1, 4)
    ]
    assert study.cells("classification") == [
        f"results/studies/phantom/csnet/dropout-{rate}/passes-{t}/classification.csv"
        for rate in ("0.20", "0.35")
        for t in ("010", "020", "030", "040")
    ]


def test_provenance_rests_on_the_manifest_the_folds_and_all_weights():
    _, study = planned({})
    manifest, folds, *weights = study.provenance_inputs()
    assert manifest == "results/cohorts/phantom/volumes.csv"
    assert folds == "results/studies/phantom/folds.csv"
    assert weights == study.runs("model.safetensors")
    assert len(weights) == 3 * 2 * 1
    _, theirs = planned({}, PREDICTIONS)
    assert theirs.provenance_inputs() == [PUBLISHED["path"]]


def test_an_ensemble_is_sampled_once_for_all_seeds():
    _, study = planned({"seeds": [1, 2], "sampling": {"samplers": ["mc-dropout", "deep-ensemble"]}})
    assert list(study.sampled) == ["csnet", "csnet-deep-ensemble"]
    assert study.seeds_of("csnet") == [1, 2]
    assert study.seeds_of("csnet-deep-ensemble") == ["all"]


@pytest.mark.parametrize(
    ("rule", "table"),
    [("fixed", "classification"), ("paper", "classification"), ("nll", "validation")],
)
def test_a_cell_is_selected_by_validation_cases_unless_the_paper_or_the_config_does(rule, table):
    _, study = planned({"selection": {"rule": rule}})
    paths = study.selected_by["classification"]
    assert {path.rsplit("/", 1)[1] for path in paths} == {f"{table}.csv"}
    assert len(paths) == len(study.cells("classification"))


def test_without_histograms_there_are_no_tables_of_voxels():
    off = {"sampling": {"voxel_histograms": False}, "statistics": {"mask_control": None}}
    _, study = planned(off)
    assert study.cells("voxels") == study.mapped_cells("voxels") == []
    assert planned({})[1].cells("voxels")


# A cohort knows of no study.


@pytest.mark.parametrize("path", COHORTS, ids=lambda path: path.stem)
def test_a_cohort_alone_is_a_config(path):
    cohort, study = planned({}, read(path))
    assert study is None
    assert cohort.name == path.stem
    assert cohort.manifest == f"results/cohorts/{path.stem}/volumes.csv"


def test_a_cohorts_plan_reads_cohort_and_preprocessing_alone():
    whole = checked({})
    alone = CohortPlan({key: whole[key] for key in ("cohort", "preprocessing")})
    other = checked({"rates": [0.5], "selection": {"rate": None}, "networks": ["dmfnet"],
                     "network_options": {}, "tasks": [], "seed": 7})  # fmt: skip
    beside = CohortPlan(other)
    names = [n for n in dir(CohortPlan) if isinstance(getattr(CohortPlan, n), property)]
    names += [*vars(alone), "cases"]
    assert len(names) > 25
    of_patients = {"reviewed", "chosen_series", "contents"}
    for name in {*names} - of_patients:
        assert getattr(alone, name) == getattr(beside, name), name
    for plan in (alone, beside):
        assert plan.cases == list_cases(whole["cohort"], whole["cohort"]["phantom"])
        assert len(plan.records()) == len(plan.cases) * len(plan.steps)
        assert sorted(case for batch in plan.batches().values() for case in batch) == plan.cases


def test_a_cohorts_seeds_are_its_own():
    mine, other = planned({"seed": 7})[0], planned({"cohort": {"seed": 7}})[0]
    assert (
        planned({})[0].seed_for("coregister")
        == mine.seed_for("coregister")
        != other.seed_for("coregister")
    )


def test_a_cohort_by_its_file_is_the_cohort_in_the_config():
    by_file = yaml.safe_load((ROOT / "config.yaml").read_text())
    assert by_file["cohort"] == "cohorts/phantom.yaml"
    assert checked({}, by_file) == checked({}, read("config.yaml"))


def test_the_users_own_file_comes_before_the_checkouts(tmp_path):
    (tmp_path / "cohorts").mkdir()
    mine = read("cohorts/phantom.yaml")
    mine["cohort"]["name"] = "mine"
    (tmp_path / "cohorts/phantom.yaml").write_text(yaml.safe_dump(mine))
    config = {"study": "mine", "cohort": "cohorts/phantom.yaml", "folds": {"number": 2}}
    assert planned({}, config)[0].name == "mine"


# What is looked at before the first job, and what of a cohort without a study is not.

ONE_CLASS = "case,idh,1p19q,grade\nA,0,0,4\nB,0,,4\nC,1,0,\n"


@pytest.mark.parametrize("path", COHORTS, ids=lambda path: path.stem)
def test_a_cohort_alone_is_asked_for_nothing_that_only_a_study_needs(path, tmp_path):
    """Three patients, of a task one class or a class of one: no study could be made of them."""
    config = yaml.safe_load(path.read_text())
    if "datasets" in config["cohort"]:
        (entry,) = config["cohort"]["datasets"]
        entry["path"] = str(tmp_path)
        dataset = read_dataset(entry["name"], entry["version"])
        write_dataset(tmp_path, dataset, folders_of(dataset, 3), ["t1ce"])
    if "labels" in config["cohort"]:
        (tmp_path / "labels.csv").write_text(ONE_CLASS)
        labels = config["cohort"]["labels"]
        config["cohort"]["labels"] = labels | {"table": "labels.csv", "columns": {}, "only": {}}
    cohort, study = planned({}, config)
    assert study is None
    assert len(cohort.cases) == config["cohort"].get("phantom", {"cases": 3})["cases"] or (
        cohort.has_lesion_groups
    )
    if not cohort.is_phantom:
        with pytest.raises(BadInput, match="found 3 in .*: add patients, every split needs 6"):
            planned({"study": "mine"}, config)


def test_patients_of_a_class_are_counted_not_cases():
    cases = [{"patient": f"P{i // 2}", "idh": int(i < 4)} for i in range(20)]
    preflight.check_classes(cases, ["idh"], 2, "x.csv")
    with pytest.raises(BadInput, match="3 patients of each class for 3 folds, found 2 with idh 1"):
        preflight.check_classes(cases, ["idh"], 3, "x.csv")


def test_a_cohorts_folder_is_looked_for_before_the_first_job_and_not_to_plan(tmp_path):
    (tmp_path / "labels.csv").write_text(ONE_CLASS)
    cohort = OF_FOLDER | {"labels": {"table": "labels.csv"}}
    stripped = {"skull_stripping": "none"}
    plan, _ = planned({}, {"cohort": cohort, "preprocessing": stripped})
    with pytest.raises(BadInput) as refused:
        record_start(plan, None)
    assert str(refused.value) == (
        "expected the folder of the cohort's cases in x, found no such folder: correct "
        "cohort.folder.path."
    )
    (tmp_path / "x" / "A").mkdir(parents=True)
    with pytest.raises(BadInput, match="found none of all 3; A: expected T1.nii.gz, T1CE.nii.gz"):
        record_start(plan, None)
    for name in ("T1", "T1CE", "T2", "FLAIR"):
        (tmp_path / "x" / "A" / f"{name}.nii.gz").touch()
    plan, _ = planned({}, {"cohort": cohort, "preprocessing": stripped})
    record_start(plan, None)
    phantom, _ = planned({})
    record_start(phantom, None)


# Names that are taken.


@pytest.fixture
def taken(tmp_path):
    """A folder in which the study `phantom` has results of another cohort."""
    preflight.claim_name(checked({"cohort": {"name": "theirs"}}))
    return tmp_path


def files_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_name_that_is_taken_is_refused_before_anything_is_written(taken):
    before = files_in(taken)
    assert len(before) == 1
    with pytest.raises(BadInput, match="expected an unused name for the study of the cohort"):
        make_plans(checked({}), first=True)
    assert files_in(taken) == before


def test_a_name_is_claimed_at_the_start_and_free_for_the_same_cohort_alone(taken):
    _, study = planned({"study": "new"})
    before = files_in(taken)
    preflight.check_results(study.config)
    assert files_in(taken) == before
    record_start(None, study)
    (claim,) = files_in(taken).keys() - before.keys()
    assert claim == taken / "results/studies/new/belongs_to.txt"
    preflight.check_results(study.config)
    with pytest.raises(BadInput, match="'new', whose folder holds results of the cohort phantom"):
        preflight.check_results(checked({"study": "new", "cohort": {"name": "theirs"}}))
    with pytest.raises(BadInput, match="expected an unused name for the study of the pred"):
        preflight.check_results(checked({"study": "new"}, PREDICTIONS))


BROKEN = ["", "[]", "{}", '{"config": {}}', '{"config": []}', '{"config": {"cohort": {}}}',
          '{"config": {"cohort": "x"}}', '{"config": {"predictions": [1]}}', "[" * 100_000,
          b"\xff"]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_provenance_blocks_its_own_name_alone(tmp_path, capsys, content):
    path = tmp_path / "results/studies/theirs/provenance.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    preflight.check_results(checked({"study": "new"}))
    assert "results/studies/theirs is passed over: expected the prov" in capsys.readouterr().err
    with pytest.raises(BadInput, match="expected the provenance of a finished study in .*theirs"):
        preflight.check_results(checked({"study": "theirs"}))


def test_a_study_of_predictions_has_no_cohort():
    cohort, study = planned({}, PREDICTIONS)
    assert cohort is None
    assert isinstance(study, StudyPlan)
    assert (study.network, study.rates, study.passes) == ("theirs", ["0.00"], ["001"])
    assert study.cells("segmentation") == study.cells("voxels") == study.maps == []
    assert study.reported()["volumes"] == study.reported()["viewer"] == []
