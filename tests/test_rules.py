"""What rules and steps promise each other, read off the parsed workflow without running a job."""

from glioma_uq.steps import arguments

import dis
import importlib
import inspect
import symtable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from bad_config import PUBLISHED
from bad_input import ROOT
from configs import DEMO, merge, read
from snakemake.api import SnakemakeApi
from snakemake.parser import parse
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.sourcecache import LocalSourceFile

from glioma_uq.plans.study import TABLES

FILES = [ROOT / "Snakefile", *sorted((ROOT / "rules").rglob("*.smk"))]
IMPORTED = {
    "sys",
    "check_commands",
    "shield_jobs",
    "fingerprint",
    "in_one_sentence",
    "make_plans",
    "record_start",
    "templates",
}
# Snakemake makes several rules of one by a loop alone; no other file may read its names.
LOOP, LOOP_NAMES = "manifest.smk", {"number", "cases"}
STEPS = {
    path.stem
    for path in (ROOT / "workflow_scripts").glob("*.py")
    if "run(main, snakemake)" in path.read_text()
}


@contextmanager
def parsed(config, folder):
    """Parse the workflow as a run of `config` in `folder` does, and give it as Snakemake has it."""
    (folder / PUBLISHED["path"]).touch()
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    with pytest.MonkeyPatch.context() as patch, SnakemakeApi(OutputSettings()) as api:
        patch.chdir(folder)
        yield api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "study.yaml"]),
            snakefile=ROOT / "Snakefile",
        )._workflow


# One namespace: what one file binds, another one could read or overwrite.


@pytest.fixture(scope="module")
def symbols(tmp_path_factory):
    """Return {file: the symbols at the top level of what Snakemake makes of it}."""
    found = {}
    with parsed(DEMO, tmp_path_factory.mktemp("demo")) as workflow:
        for path in FILES:
            code, *_ = parse(LocalSourceFile(str(path)), workflow, {})
            found[path.name] = at_top_level(code, str(path))
    return found


def at_top_level(code, path):
    """Return the symbols of a file but those of comprehensions, which Python 3.12 lists too."""
    code_of = dis.get_instructions(code)  # a string is compiled
    stored = {each.argval for each in code_of if each.opname == "STORE_NAME"}
    table = symtable.symtable(code, path, "exec").get_symbols()
    return [s for s in table if s.get_name() in stored or not s.is_assigned()]


def bound(symbols):
    """Return the names that a file binds, but for those that Snakemake gives to rules."""
    names = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    return {name for name in names if not name.startswith("__")}


def test_rule_files_share_the_two_plans_and_no_other_name(symbols):
    assert bound(symbols["Snakefile"]) == {"cohort", "study"} | IMPORTED
    others = {name: bound(of) for name, of in symbols.items() if name != "Snakefile"}
    assert {name: names for name, names in others.items() if names} == {LOOP: LOOP_NAMES}


def test_no_file_reads_the_names_of_a_loop_in_another(symbols):
    read = {name: {s.get_name() for s in of if s.is_referenced()} for name, of in symbols.items()}
    assert read.pop(LOOP) >= LOOP_NAMES
    assert not LOOP_NAMES & set().union(*read.values())


def test_the_half_of_the_cohort_does_not_ask_the_study(symbols):
    of_cohort = [path.name for path in FILES if path.parent.name == "cohort"]
    assert len(of_cohort) > 5
    for name in of_cohort:
        assert "study" not in {s.get_name() for s in symbols[name]}, name
        assert "config" not in {s.get_name() for s in symbols[name]}, name


# Rules and steps.


def patients(source, options, **changes):
    cohort = {"name": "mine", "source": source, "labels": {"table": "labels.csv"}, source: options}
    return {"cohort": cohort | changes, "preprocessing": {"skull_stripping": "none"}}


KINDS = {
    "demo": DEMO,
    "authors": merge(read("cohorts/phantom.yaml"), {"preprocessing": {"variant": "authors"}}),
    "folder": {"study": "mine"} | patients("folder", {"path": "x"}),
    "dicom": patients("dicom", {"path": "x"}),
    "reviewed": patients("tcia", {"collection": "x", "series": "series.csv"}),
    "idc": patients("idc", {"collection": "x"}),
    "size sensitivity": read("studies/size_sensitivity_phantom.yaml"),
    "uncertainty by size": read("studies/uncertainty_by_size.yaml"),
    "predictions": {"study": "theirs", "predictions": PUBLISHED},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return {kind: (its plan of a study, the rules that it may use as Snakemake has them)}."""
    found = {}
    for kind, config in KINDS.items():
        folder = tmp_path_factory.mktemp("run")
        rows = [f"P-{i},{i % 2},0,{2 + i % 3}" for i in range(30)]
        (folder / "labels.csv").write_text("\n".join(["case,idh,1p19q,grade", *rows, ""]))
        (folder / "series.csv").write_text("case,modality,SeriesInstanceUID,url,instances\n")
        with parsed(config, folder) as workflow:
            study = workflow.globals["study"]
            unused = {table for table in TABLES if study and table not in study.tables}
            found[kind] = (
                study,
                [
                    rule
                    for rule in workflow.rules
                    if rule.script and not unused & {Path(path).stem for path in rule.output}
                ],
            )
    return found


@pytest.fixture(scope="module")
def rules(runs):
    return {kind: rules for kind, (_, rules) in runs.items()}


def job_of(rule):
    """Return what is known of a rule's jobs before they are planned: all names."""
    wildcards = dict.fromkeys(rule.wildcard_names, "x")
    return SimpleNamespace(
        rule=rule.name, input=rule.input, params=rule.params, output=rule.output,
        wildcards=wildcards, threads=1,
    )  # fmt: skip


def main_of(rule):
    return importlib.import_module(Path(rule.script).stem).main


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_names_just_what_its_step_takes(rules, kind):
    """Else a job would fail, after hours of others maybe; no test has to run it to see that."""
    assert len(rules[kind]) > 10
    for rule in rules[kind]:
        main = main_of(rule)
        try:
            inspect.signature(main).bind(**arguments(main, job_of(rule)))
        except TypeError as error:
            pytest.fail(f"{rule.name}: {error}")


def test_every_step_has_a_rule(rules):
    assert {Path(rule.script).stem for of in rules.values() for rule in of} == STEPS


def test_every_table_and_every_figure_of_a_plan_comes_from_one_rule(runs):
    for study, rules in runs.values():
        names = {rule.name for rule in rules}
        for table in study.tables if study else []:
            assert f"tabulate_{table}" in names
        for figure in study.figures if study else []:
            assert f"draw_{figure}" in names


def of_studies(rules):
    """Yield the rules of the half of the study, of all kinds."""
    for rule in (rule for of in rules.values() for rule in of):
        if "/rules/study/" in str(rule.snakefile):
            yield rule


def test_what_reads_a_cohort_names_its_manifest_as_an_input(rules):
    """As a param its content could change and nothing would run again."""
    named = {rule.name for rule in of_studies(rules) if "volumes" in dict(rule.input.items())}
    assert named == {
        "assign_folds", "train_network", "sample_network", "sample_validation", "gather_cells",
        "gather_validation", "measure_overlap", "draw_case_gallery", "draw_segmentation_gallery",
        "make_viewer", "make_report", "tabulate_subgroups",
    }  # fmt: skip
    for rule in of_studies(rules):
        assert "results/cohorts" not in str([*rule.params.items()]), rule.name


def test_no_param_is_a_path_with_a_pathvar(rules):
    """Snakemake fills them in in inputs, outputs and logs alone."""
    for rule in (rule for of in rules.values() for rule in of):
        assert not [value for value in rule.params if isinstance(value, str) and "<" in value]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_has_a_log_an_environment_a_docstring_and_a_fingerprint(rules, kind):
    for rule in rules[kind]:
        assert rule.log, rule.name
        assert rule.conda_env, rule.name
        assert rule.docstring, rule.name
        assert rule.params.get("library"), rule.name
