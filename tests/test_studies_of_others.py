"""A study from somebody else: what it may say, and what is said of it before anything runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from configs import DEFAULT, checked

from glioma_uq import machine
from glioma_uq.configuration.documents import MOST_BYTES, OnceEach, read_yaml
from glioma_uq.configuration.studies_of_others import describe_study, in_words
from glioma_uq.errors import BadInput
from glioma_uq.plans import make_plans

ROOT = Path(__file__).resolve().parents[1]
CODE = '?open("ran", "w").write("1")'
FOLDER = {"source": "folder", "folder": {"path": "scans"}, "labels": {"table": "labels.csv"}}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")


def study(**cohort):
    """Write a study of a cohort in a file of its own; return its path."""
    described = {"cohort": {"name": "theirs"} | FOLDER | cohort}
    write("cohort.yaml", yaml.safe_dump(described))
    write("study.yaml", "study: theirs\ncohort: cohort.yaml\n")
    return "study.yaml"


# Code in a file of settings.


@pytest.mark.parametrize(
    "text",
    [
        f"__use_yte__: true\nstudy: '{CODE}'\n",
        f"study: '{CODE}'\n'__use_yte__': 1\n",
        f"\"__use\\u005fyte__\": yes\nstudy: '{CODE}'\n",
        f"? __use_yte__\n: true\nstudy: '{CODE}'\n",
        f"? !!str __use_yte__\n: true\nstudy: '{CODE}'\n",
        f"base: &base {{__use_yte__: true}}\n<<: *base\nstudy: '{CODE}'\n",
        f"<<: [{{seed: 1}}, {{__use_yte__: true}}]\nstudy: '{CODE}'\n",
        f"\ufeff__use_yte__: true\nstudy: '{CODE}'\n",
        f"%YAML 1.1\n---\n__use_yte__: true\nstudy: '{CODE}'\n...\n",
        json.dumps({"__use_yte__": True, "study": CODE}),
        "__use_yte__: false\nstudy: x\n",
    ],
)
def test_a_file_that_could_run_as_code_is_refused_and_not_run(text):
    write("theirs.yaml", text)
    with pytest.raises(BadInput, match="expected settings only in theirs.yaml, found the key"):
        describe_study(["theirs.yaml"])
    assert not Path("ran").exists()


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system",
                                 "!!python/tuple [1]"])  # fmt: skip
def test_objects_of_python_are_no_settings(tag):
    write("theirs.yaml", f"study: {tag}\n")
    with pytest.raises(BadInput, match="expected YAML in theirs.yaml"):
        describe_study(["theirs.yaml"])


def test_every_file_of_a_study_is_looked_at():
    write("code.yaml", f"__use_yte__: true\nseed: '{CODE}'\n")
    with pytest.raises(BadInput, match="found the key __use_yte__"):
        describe_study([study(), "code.yaml"])
    write("cohort.yaml", f"__use_yte__: true\ncohort: '{CODE}'\n")
    with pytest.raises(BadInput, match=r"expected settings only in cohort.yaml"):
        describe_study(["study.yaml"])


def test_a_run_refuses_it_too_though_late():
    write("theirs.yaml", "__use_yte__: true\nstudy: x\n")
    with pytest.raises(BadInput, match="if a run was what told you this, that code has run"):
        make_plans(dict(DEFAULT), files=["theirs.yaml"])


@pytest.mark.workflow
def test_snakemake_runs_such_a_file_and_the_check_does_not(tmp_path):
    """What the check is for: without it the sentence comes too late."""
    write("theirs.yaml", f"__use_yte__: true\nseed: '{CODE}'\n")
    command = [sys.executable, ROOT / "workflow_scripts/check_study.py", "theirs.yaml"]
    checked_first = subprocess.run(command, capture_output=True, text=True)
    assert checked_first.returncode == 1
    assert "found the key __use_yte__" in checked_first.stderr
    assert not Path("ran").exists()
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", ROOT / "Snakefile"]
    command += ["--configfile", "theirs.yaml"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert "that code has run" in run.stdout + run.stderr
    assert Path("ran").exists()


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]", "a: &a {b: *a}",
     "\n".join(["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))])],
)  # fmt: skip
def test_aliases_that_repeat_without_end_are_refused(text):
    write("theirs.yaml", text)
    with pytest.raises(BadInput, match="expected at most 100,000 values in theirs.yaml"):
        read_yaml("theirs.yaml")


@pytest.mark.parametrize(
    "text", ["#" + "x" * 1_000_000, "a: " + "[" * 1_000_000, "é: 1\n" * 200_000]
)
def test_a_file_that_is_too_large_for_settings_is_not_parsed(monkeypatch, text):
    monkeypatch.setattr(OnceEach, "get_single_data", lambda loader: pytest.fail("parsed"))
    write("theirs.yaml", text)
    with pytest.raises(
        BadInput, match="expected at most 1,000,000 bytes of settings in theirs.yaml"
    ):
        read_yaml("theirs.yaml")


def test_a_file_of_the_largest_size_is_read():
    write("ours.yaml", "a: 1\n#".ljust(MOST_BYTES, "x"))
    assert read_yaml("ours.yaml") == {"a": 1}


def test_usual_aliases_are_read():
    write("ours.yaml", "a: &a {b: [1, 2]}\nc: {<<: *a, d: *a}\n")
    assert read_yaml("ours.yaml")["c"] == {"b": [1, 2], "d": {"b": [1, 2]}}


# Programs.


@pytest.mark.parametrize("name", ["command", "weights", "sha256"])
def test_a_study_chooses_no_program_and_no_hash(name):
    with pytest.raises(BadInput, match=f"expected {name} of HD-BET among the settings of this"):
        checked({"preprocessing": {"hd_bet": {name: 64 * "0"}}})


def test_no_key_of_a_config_names_a_program():
    """The keys of the schema, at any depth: a new one of these kinds needs a thought."""
    text = (ROOT / "rules/config.schema.yaml").read_text()
    keys = set()

    def collect(part):
        if isinstance(part, dict):
            keys.update(part.get("properties") or ())
            for value in part.values():
                collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    collect(yaml.safe_load(text))
    assert {"study", "device", "address"} <= keys
    words = (
        "command",
        "executable",
        "program",
        "binary",
        "script",
        "sha256",
        "module",
        "environment",
    )
    assert not [key for key in keys if any(word in key for word in words)]


def test_programs_are_those_of_the_checkout_or_of_the_shell(monkeypatch):
    for variable, _ in machine.HD_BET.values():
        monkeypatch.delenv(variable, raising=False)
    assert machine.settings_of_hd_bet() == {
        "command": f"{ROOT}/.venv-hd-bet/bin/hd-bet",
        "weights": f"{ROOT}/.venv-hd-bet/hd-bet_params/release_2.0.0",
        "sha256": None,
    }
    monkeypatch.setenv("GLIOMA_UQ_HD_BET_COMMAND", "/opt/hd-bet")
    monkeypatch.setenv("GLIOMA_UQ_HD_BET_SHA256", 64 * "1")
    cohort = {"name": "ours"} | FOLDER
    config = {"cohort": cohort, "preprocessing": {"skull_stripping": "hd-bet"}}
    options = make_plans(config, first=False)[0].stripping_options()
    assert machine.settings_of_hd_bet()["command"] == "/opt/hd-bet"
    assert options == {"device": "cpu", "mirrored": False, "sha256": 64 * "1"}


@pytest.mark.parametrize("name", ["..machine", "os", "csnet.", "__init__", "../csnet", "CSNet"])
def test_a_network_is_one_of_the_folder_of_networks(name):
    with pytest.raises(BadInput, match="expected (networks among csnet|a text of the form)"):
        checked({"networks": [name], "network_options": {}})


# What is said of a study.


def test_what_a_study_touches_is_said():
    Path("link").symlink_to("/etc")
    theirs = study(folder={"path": "/data/scans"}, labels={"table": "../labels.csv"})
    write(
        "templates.yaml",
        "preprocessing: {head_templates: {t1: link/head.nii.gz}, skull_stripping: hd-bet}\n"
        "departures: {rates: because/../../of}\n",
    )
    with pytest.raises(BadInput, match="expected preprocessing in cohort.yaml"):
        describe_study([theirs, "templates.yaml"])
    said = describe_study([theirs])
    assert said["files and folders outside of this one"] == [
        "cohort.folder.path: /data/scans", "cohort.labels.table: ../labels.csv",
    ]  # fmt: skip
    assert said["results in"] == ["results/cohorts/theirs", "results/studies/theirs"]
    home = describe_study([study(folder={"path": "~/scans"}, labels={"table": "~me/t.csv"})])
    assert home["files and folders outside of this one"][0] == "cohort.folder.path: ~/scans"
    assert said["programs"] == said["addresses"] == said["environment variables"] == []


def test_links_that_are_followed_are_said():
    theirs = study(folder={"path": "scans"}, labels={"table": "t.csv"})
    assert not describe_study([theirs])["links out of a cohort's folder"]
    content = yaml.safe_load(Path("cohort.yaml").read_text(encoding="utf-8"))
    content["cohort"]["follow_links"] = True
    write("cohort.yaml", yaml.safe_dump(content))
    said = describe_study([theirs])["links out of a cohort's folder"]
    assert said == ["cohort.follow_links: true"]


def test_links_programs_addresses_and_variables_are_said(monkeypatch):
    monkeypatch.delenv("GLIOMA_UQ_HD_BET_COMMAND", raising=False)
    Path("link").symlink_to("/etc")
    templates = {"head_templates": {"t1": "link/head.nii.gz"}, "skull_stripping": "hd-bet"}
    tcia = {"source": "tcia", "tcia": {"collection": "TCGA-LGG"}, "labels": {"table": "x.csv"}}
    cohort = {"cohort": {"name": "theirs", **tcia}, "preprocessing": templates}
    write("cohort.yaml", yaml.safe_dump(cohort))
    said = describe_study(["cohort.yaml"])
    assert said["files and folders outside of this one"] == [
        "preprocessing.head_templates.t1: link/head.nii.gz"
    ]
    address = "https://services.cancerimagingarchive.net/nbia-api"
    assert said["addresses"] == [f"cohort.tcia.address: {address}"]
    assert said["environment variables"] == [
        "cohort.tcia.variables.user: TCIA_USER", "cohort.tcia.variables.password: TCIA_PASSWORD",
    ]  # fmt: skip
    assert [text.split(",")[0] for text in said["programs"]] == [
        "dcm2niix", f"{ROOT}/.venv-hd-bet/bin/hd-bet",
    ]  # fmt: skip
    assert said["results in"] == ["results/cohorts/theirs"]


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.stem)
def test_our_own_studies_pass(path):
    assert in_words([path])[0].endswith("settings only, and no code. It names")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("study: x\nonstart: 'rm -r /'\n", "expected a known key, found 'onstart'"),
        ("study: x\ncohort: nowhere.yaml\n", "found no 'nowhere.yaml'"),
        ("study: x\ncohort: /dev/zero\n", "found no '/dev/zero'"),
        ("[1, 2]\n", "expected the keys of a study in theirs.yaml, found none"),
        ("", "expected the keys of a study in theirs.yaml, found none"),
        ("study: \"a\\e[2Jb\"\n", "expected"),
    ],
)  # fmt: skip
def test_what_is_no_study_is_refused(text, sentence):
    write("theirs.yaml", text)
    with pytest.raises(BadInput) as caught:
        describe_study(["theirs.yaml"])
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_is_said_has_no_control_characters():
    theirs = study(labels={"table": "/data/‮fdp.csv"})
    with pytest.raises(BadInput, match="text without line breaks and control") as refused:
        in_words([theirs])
    assert str(refused.value).isprintable()


def test_the_command_says_it_in_one_sentence_and_exits_with_1():
    command = [sys.executable, ROOT / "workflow_scripts/check_study.py"]
    for arguments, code, said in (
        ([], 1, "expected the file of a study, found none"),
        ([""], 1, "expected the file of a study, found none"),
        (["nowhere.yaml"], 1, "expected the file of a study in nowhere.yaml, found none"),
        ([study()], 0, "settings only, and no code"),
    ):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        assert done.returncode == code
        assert said in (done.stderr if code else done.stdout)
        assert "Traceback" not in done.stderr
