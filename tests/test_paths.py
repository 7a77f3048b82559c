"""Paths: a ~ is written out; none has a sign that Snakemake, a shell or a terminal reads."""

import copy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from configs import DEFAULT, checked
from scans import CASE, NAMES, look, whole_case

from glioma_uq.configuration.paths import check_commands, paths_of
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadInput

COHORT = {
    "name": "mine", "source": "folder", "folder": {"path": "~/scans"},
    "labels": {"table": "~/labels.csv"},
}  # fmt: skip
DATASET = {"name": "brats", "version": 2021, "path": "~/brats"}


def config_of(**changes):
    return check_config({"cohort": copy.deepcopy(COHORT) | changes})


def test_the_home_is_written_out_in_every_path(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = config_of()
    assert config["cohort"]["folder"]["path"] == f"{tmp_path}/scans"
    assert config["cohort"]["labels"]["table"] == f"{tmp_path}/labels.csv"
    (tmp_path / "cohort.yaml").write_text(f"cohort: {COHORT}\n")
    assert check_config({"cohort": "~/cohort.yaml"})["cohort"] == config["cohort"]
    config = {
        "cohort": {"name": "a", "source": "datasets", "datasets": [DATASET | {"table": "~/t.csv"}]}
    }
    check_config(config)
    assert [part[key] for part, key, _ in paths_of(config)] == [
        f"{tmp_path}/brats", f"{tmp_path}/t.csv"
    ]  # fmt: skip


def test_a_path_with_braces_is_refused():
    with pytest.raises(BadInput, match=r"a path without braces for cohort.labels.table, found 'a"):
        config_of(labels={"table": "a{case}.csv"})
    assert config_of(folder={"path": "x", "names": {"t1": "{case}_t1.nii"}})


@pytest.mark.parametrize("text", ["a\x1b[2J", "a\u202eb", "a\u200bb", "a\nb"])
def test_a_text_of_a_config_holds_no_control_or_format_characters(text):
    with pytest.raises(BadInput, match="without line breaks and control characters for cohort.fo"):
        config_of(folder={"path": text})
    with pytest.raises(BadInput, match="without line breaks and control characters for cohort.lab"):
        config_of(labels={"table": "x.csv", "values": {"idh": {text: 1}}})


@pytest.mark.parametrize(
    "sign", ["$(x)", "`x`", "'", '"', "\\", "{a}", "\x1b[2J", "\u202e", "\u200b"]
)
def test_a_file_with_a_sign_of_a_shell_or_a_terminal_excludes_its_case(tmp_path, sign):
    cohort = whole_case(tmp_path)
    (cohort / CASE / NAMES["t1"]).rename(cohort / CASE / f"a{sign}.nii.gz")
    problem = look(cohort, names=NAMES | {"t1": "a*.nii*"})[CASE]
    assert "expected names of files and folders without control characters, quotes" in problem


def test_a_folder_of_the_users_own_may_have_any_sign_on_one_machine(tmp_path):
    cohort = whole_case(tmp_path / "a 'b' $c (d)")
    assert look(cohort) == {CASE: ""}


def submitting(**changes):
    """Return Snakemake's workflow as check_commands reads it."""
    parts = {
        "non_local_exec": True,
        "main_snakefile": "/home/ada/my glioma-uq/Snakefile",
        "workdir_init": "/home/ada",
        "overwrite_configfiles": [Path("study.yaml")],
        "config_settings": SimpleNamespace(config={}),
        "sourcecache": SimpleNamespace(runtime_cache_path="/home/ada/.cache"),
    }
    return SimpleNamespace(**parts | changes)


@pytest.mark.parametrize("trick", ["$(x)", "`x`", "it's", 'a"b', "a\\b"])
def test_a_cluster_gets_no_path_that_its_shell_would_change(trick):
    config = checked({}, DEFAULT)
    check_commands(config, submitting())
    for changes, what in (
        ({"main_snakefile": f"/{trick}/Snakefile"}, "the path of the checkout"),
        ({"workdir_init": f"/{trick}"}, "the path of the folder of the run"),
        ({"overwrite_configfiles": [f"{trick}.yaml"]}, "the path of a config file"),
        ({"config_settings": SimpleNamespace(config={"a": {"b": [trick]}})}, "--config"),
        ({"sourcecache": SimpleNamespace(runtime_cache_path=trick)}, "the path of Snakemake's cac"),
    ):
        check_commands(config, submitting(**changes, non_local_exec=False))
        with pytest.raises(BadInput, match=f"in {what}.* which the shell of a submit host reads"):
            check_commands(config, submitting(**changes))
    with pytest.raises(BadInput, match="in cohort.folder.path, which the shell of a submit host"):
        check_commands({"cohort": {"folder": {"path": trick}}}, submitting())


def test_a_cluster_gets_no_python_that_its_shell_would_split(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/home/ada/my env/bin/python")
    with pytest.raises(BadInput, match="a path of Python without spaces and signs of the shell"):
        check_commands({}, submitting())
