"""No text from a table, a scan's folder or a path runs in a shell on the way through Slurm.

The Slurm is one of scripts, which need the executor alone: sbatch runs the job at once. One test is
on a real Slurm.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pytest
import yaml
from scans import CASE, NAMES, whole_case
from workflows import ROOT, copy_of_repository

HERE = Path(__file__).parent
TRICK = "$(touch ran)"
CASES = ("Müller.1+a", "007", "NA")
SCRIPTS = {
    "sbatch": """
for word in "$@"; do case "$word" in --wrap=*) job="${word#--wrap=}";; esac; done
number=$$
if SLURM_JOB_ID=$number sh -c "$job" > "$STUB/$number.log" 2>&1
then state=COMPLETED; else state=FAILED; fi
echo "$number|$state" >> "$STUB/jobs"
echo "$number"
""",
    "srun": 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',
    "squeue": 'cat "$STUB/jobs"',
    "sacct": "exit 1",  # no accounting
    "sacctmgr": "exit 1",
    "sinfo": "printf 'PARTITION\\ncpu*\\n'",
    "scontrol": "echo MinJobAge = 3600 sec",
}
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
        reason="needs snakemake-executor-plugin-slurm: `make slurm` installs it",
    ),
]


@pytest.fixture
def place(tmp_path):
    """A checkout with a cohort of the CASES, one folder each, and the scripts of a Slurm."""
    for name, script in SCRIPTS.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "bin" / "jobs").touch()
    folder = copy_of_repository(tmp_path / "checkout")
    scans = whole_case(folder)
    for case in CASES:
        shutil.copytree(scans / CASE, scans / normalize("NFD", case))
    write_table(folder, *CASES)
    write_config(folder)
    return folder


def write_table(folder, *cases, name="labels.csv"):
    rows = ['"{}",1,0,3'.format(case.replace('"', '""')) for case in cases]
    (folder / name).write_text("\n".join(["case,idh,1p19q,grade", *rows, ""]))


def write_config(folder, name="config of mine.yaml", **changes):
    cohort = {
        "name": "mine", "source": "folder", "labels": {"table": "labels.csv"},
        "folder": {"path": "cohort", "names": NAMES | {"t2": "*t2*"}}, **changes,
    }  # fmt: skip
    preprocessing = {"skull_stripping": "none", "bias_field": None}
    content = {"cohort": cohort, "preprocessing": preprocessing, "study": None}
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True))


def through_slurm(folder, *targets, config="config of mine.yaml", options=(), real=False):
    """Run targets through the scripts, or a real Slurm; return (the driver's end, all words).

    What a shell ran by mistake would have left a file.
    """
    stub = folder.parent / "bin"
    command = [
        sys.executable, str(HERE / "fast_snakemake.py"), *targets, "--configfile", config,
        "--workflow-profile", str(ROOT / "profiles" / "slurm"), "--retries", "0",
        "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5", *options,
    ]  # fmt: skip
    scripts = {"PATH": f"{stub}:{os.environ['PATH']}", "STUB": str(stub)}
    environment = os.environ | ({} if real else scripts)
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    logs = "".join(path.read_text() for path in sorted(stub.glob("*.log")))
    assert not list(folder.parent.rglob("ran")), done.stdout + logs
    return done.returncode, done.stdout + logs


def record(case):
    return f"results/cohorts/mine/quality/{case}/import_case.csv"


def test_ids_of_every_sign_reach_their_job_in_one_group(place):
    code, printed = through_slurm(place, *map(record, CASES))
    assert code == 0, printed[-5000:]
    (group,) = (place.parent / "bin" / "jobs").read_text().splitlines()
    assert group.endswith("|COMPLETED")
    for case in CASES:
        assert (
            (place / record(case)).read_text().splitlines()[1].startswith(f"{case},import_case,,")
        )


@pytest.mark.slurm
def test_on_a_real_slurm_ids_reach_their_job_and_a_name_reaches_no_shell(place, slurm):
    scan = place / "cohort" / "007" / NAMES["t2"]
    scan.rename(scan.with_name(f"{TRICK}t2.nii.gz"))
    labels = "results/cohorts/mine/labels.csv"
    code, printed = through_slurm(place, labels, *map(record, CASES), real=True)
    assert code == 0, printed[-5000:]
    assert "has been submitted with SLURM jobid" in printed
    ends = {case: (place / record(case)).read_text().splitlines()[1] for case in CASES}
    excluded = {case for case, end in ends.items() if not end.startswith(f"{case},import_case,,")}
    assert excluded == {"007"}


@pytest.mark.parametrize("case", [TRICK, "`touch ran`", "a';touch ran;'b", 'a"b', "a\\b"])
def test_an_id_that_a_shell_would_run_is_refused(place, case):
    write_table(place, *CASES, case)
    code, printed = through_slurm(place, record("007"))
    assert code != 0
    assert "expected an id of letters, digits and" in printed


@pytest.mark.parametrize("name", [f"{TRICK}t2.nii.gz", "';touch ran;'t2.nii.gz", "{x}t2.nii.gz"])
def test_a_file_that_a_shell_would_run_excludes_its_case_alone(place, name):
    (place / "cohort" / "007" / NAMES["t2"]).rename(place / "cohort" / "007" / name)
    code, printed = through_slurm(place, "results/cohorts/mine/labels.csv", *map(record, CASES))
    assert code == 0, printed[-5000:]
    problems = (place / "results" / "cohorts" / "mine" / "labels.csv").read_text()
    assert problems.count("expected names of files and folders without control characters") == 1
    assert (place / record("NA")).read_text().splitlines()[1].startswith("NA,import_case,,")


def test_a_path_of_a_config_that_a_shell_would_run_is_refused(place):
    write_table(place, *CASES, name=f"{TRICK}.csv")
    write_config(place, labels={"table": f"{TRICK}.csv"})
    code, printed = through_slurm(place, record("007"))
    assert code != 0
    assert "in cohort.labels.table, which the shell of a submit host reads, found" in printed


def test_other_paths_and_settings_of_the_command_are_refused(place):
    write_config(place, f"{TRICK}.yaml")
    shutil.copytree(place / "cohort", place.parent / TRICK / "cohort")
    write_table(place.parent / TRICK, *CASES)
    refused = "which the shell of a submit host reads, found"
    for options in (
        {"config": f"{TRICK}.yaml"},
        {"options": ["--directory", str(place.parent / TRICK)]},
        {"options": ["--config", f"cohort={{'folder': {{'path': '{TRICK}'}}}}"]},
    ):
        code, printed = through_slurm(place, record("007"), **options)
        assert code != 0
        assert refused in printed, printed[-3000:]
    place = place.rename(place.with_name(f"a {TRICK}"))
    code, printed = through_slurm(place, record("007"))
    assert code != 0
    assert f"in the path of the checkout, {refused}" in printed, printed[-3000:]
