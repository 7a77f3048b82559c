"""The study and its accidents on a real Slurm of one node: profiles/slurm, polled every second.

pytest tests/slurm    as root, after `tests/slurm/cluster.sh install` and `make slurm`
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import patients
import pytest
import yaml
from workflows import ROOT, TINY, write_config
from workflows import copy_of_repository as copy_of_checkout

SNAKEMAKE = [sys.executable, str(Path(__file__).with_name("fast_snakemake.py"))]
# A login node's patience is not a test's.
FASTER = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5", "--cores", "8"]
STUDY = ["--configfile", "tiny.yaml"]
# The tiny study of small tumours with dropout active: its tables rest on those of the first study.
SUBREGIONS = {
    **{key: value for key, value in patients.SUBREGIONS.items() if key != "sampling"},
    **{key: TINY[key] for key in ("cohort", "preprocessing")},
    "rates": [0.2],
    "sampling": {"passes": [2], "batch_size": 2},
}
NETWORKS = ("train_network", "sample_network", "sample_validation")
pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.usefixtures("slurm")]


def start(folder, *arguments, group=False):
    """Start a driver in `folder`; its words go to driver.log there."""
    # What a shell starts in the background is deaf to Ctrl-C, and so is all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    mine = folder / "profiles" / "slurm"
    profile = mine if mine.exists() else ROOT / "profiles" / "slurm"
    with open(folder / "driver.log", "a", encoding="utf-8") as log:
        return subprocess.Popen(
            [*SNAKEMAKE, "--workflow-profile", str(profile), *FASTER, *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=group,
        )


def run(folder, *arguments, timeout=600):
    """Run a driver to its end; return how it ended and what it printed."""
    (folder / "driver.log").unlink(missing_ok=True)
    code = start(folder, *arguments).wait(timeout=timeout)
    return code, (folder / "driver.log").read_text()


def jobs(*states):
    """Return {Slurm's number: comment} of the jobs in some states."""
    command = ["squeue", "--noheader", f"--states={','.join(states)}", "--format=%i %k"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def wait_for(condition, seconds=90):
    """Wait until `condition` returns something true; return that."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"waited {seconds} s for it in vain"
        time.sleep(0.2)
    return found


def running(rule, before=()):
    """Return the number of a running job of `rule` that is not in `before`, or None."""
    found = [n for n, comment in jobs("RUNNING").items() if comment.startswith(f"rule_{rule}")]
    return next((number for number in found if number not in before), None)


def locks(folder):
    return list((folder / ".snakemake" / "locks").glob("*"))


@pytest.fixture
def folder(tmp_path):
    """An empty folder; whatever job is left when the test ends is cancelled."""
    yield tmp_path
    subprocess.run(["scancel", "--user=root"], check=True)
    wait_for(lambda: not jobs("PENDING", "RUNNING", "COMPLETING"))


def write_rules(folder, rules):
    (folder / "Snakefile").write_text(f"PYTHON = {sys.executable!r}\n{rules}")


# ---- accidents -------------------------------------------------------------------------------


def test_a_job_over_its_memory_is_killed_and_succeeds_with_more(folder):
    """The first attempt may take 1,000 MB, the second 2,000: the profile's default."""
    write_rules(
        folder,
        """
rule hungry:
    output: "done.txt"
    shell:
        "{PYTHON} -c 'import time; x = bytearray(13 * 10**8); time.sleep(6)' && echo ok > {output}"
""",
    )
    code, printed = run(folder)
    assert code == 0, printed
    assert (folder / "done.txt").read_text() == "ok\n"
    assert len(re.findall("has been submitted with SLURM jobid", printed)) == 2
    assert "Trying to restart job" in printed
    logs = "".join(p.read_text() for p in (folder / ".snakemake/slurm_logs").rglob("*.log"))
    assert "mem_mb=1000" in logs
    assert "mem_mb=2000" in logs


def test_a_job_over_its_time_is_an_error_that_says_so(folder):
    write_rules(
        folder,
        """
rule slow:
    output: "done.txt"
    shell: "echo half > {output}; sleep 600"
""",
    )
    code, printed = run(folder, "--set-resources", "slow:runtime=1", "--retries", "0")
    assert code != 0
    assert "SLURM status is: 'TIMEOUT'" in printed
    assert not (folder / "done.txt").exists()
    assert not locks(folder)


def test_a_job_that_somebody_cancels_runs_again(folder):
    write_rules(
        folder,
        """
rule cancelled:
    output: "done.txt"
    shell: "test -e again || sleep 600; echo ok > {output}"
""",
    )
    driver = start(folder)
    number = wait_for(lambda: running("cancelled"))
    (folder / "again").touch()
    subprocess.run(["scancel", number], check=True)
    assert driver.wait(timeout=120) == 0
    assert "SLURM status is: 'CANCELLED'" in (folder / "driver.log").read_text()
    assert (folder / "done.txt").read_text() == "ok\n"


def test_ctrl_c_cancels_the_jobs_and_leaves_no_lock(folder):
    write_rules(
        folder,
        """
rule all:
    input: "1.txt", "2.txt"

rule patient:
    output: "{number}.txt"
    shell: "test -e again || (echo half > {output}; sleep 600); echo ok > {output}"
""",
    )
    driver = start(folder, group=True)
    wait_for(lambda: len([c for c in jobs("RUNNING").values() if "patient" in c]) == 2)
    os.killpg(driver.pid, signal.SIGINT)
    assert driver.wait(timeout=60) != 0
    wait_for(lambda: not jobs("PENDING", "RUNNING", "COMPLETING"))
    assert not locks(folder)
    (folder / "again").touch()
    code, printed = run(folder)
    assert code == 0, printed
    assert [(folder / f"{n}.txt").read_text() for n in (1, 2)] == ["ok\n", "ok\n"]


SLOW_WRITER = """
import sys, time
from glioma_uq.files import written_whole

with written_whole(sys.argv[1]) as temporary, open(temporary, "w") as file:
    for line in range(30):
        print(line, file=file, flush=True)
        time.sleep(0.5)
"""


def test_after_a_driver_killed_with_9_the_old_job_and_the_new_one_spoil_nothing(folder):
    """Unlocked and rerun while the old job still runs: at no moment is there half a file."""
    (folder / "writer.py").write_text(SLOW_WRITER)
    write_rules(
        folder,
        f"""
rule written:
    output: "done.txt"
    shell: "PYTHONPATH={ROOT}/workflow_scripts {{PYTHON}} writer.py {{output}}"
""",
    )
    driver = start(folder, group=True)
    old = wait_for(lambda: running("written"))
    wait_for(lambda: [p for p in folder.iterdir() if p.name.endswith(".done.txt")])
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    code, printed = run(folder)
    assert code != 0
    assert "--unlock" in printed
    assert run(folder, "--unlock")[0] == 0
    driver = start(folder)
    new = wait_for(lambda: running("written", before=[old]))
    assert old in jobs("RUNNING"), "the old job should still run when the new one starts"
    whole = "".join(f"{line}\n" for line in range(30))
    while driver.poll() is None:
        try:
            assert (folder / "done.txt").read_text() == whole
        except FileNotFoundError:
            time.sleep(0.1)
    assert driver.returncode == 0
    assert {old, new} <= jobs("COMPLETED").keys()
    assert (folder / "done.txt").read_text() == whole
    assert not [path for path in folder.iterdir() if path.name.endswith(".done.txt")]
    assert "Nothing to be done" in run(folder)[1]


def test_jobs_of_a_rule_can_be_one_array(folder):
    write_rules(
        folder,
        """
rule all:
    input: expand("{number}.txt", number=range(4))

rule many:
    output: "{number}.txt"
    shell: "echo {wildcards.number} > {output}"
""",
    )
    code, printed = run(folder, "--slurm-array-jobs", "many")
    assert code == 0, printed
    assert "The individual task IDs are 1-4" in printed
    assert [(folder / f"{n}.txt").read_text() for n in range(4)] == [f"{n}\n" for n in range(4)]


# ---- the study -------------------------------------------------------------------------------


def copy_of_repository(folder):
    """Return a new folder with a copy of the checkout and the configs of both studies."""
    folder.mkdir()
    copy_of_checkout(folder)
    write_config(folder, "subregions.yaml", **SUBREGIONS)
    return folder


def adapt_profile(folder):
    """Adapt the profile to the node and to one thread a job: threads move rounding.

    On the command line --set-resources would replace the profile's list, with its GPUs.
    """
    path = folder / "profiles" / "slurm" / "config.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["set-threads"] = dict.fromkeys(NETWORKS, 1)
    for rule in ("strip_skull", *NETWORKS):
        profile["set-resources"][rule]["mem_mb"] = 2000
    path.write_text(yaml.safe_dump(profile))
    return folder


def hashes(folder):
    """Return {path: sha256} of weights, tables and figures' tables."""
    results = folder / "results"
    files = [p for ending in ("csv", "safetensors") for p in results.rglob(f"*.{ending}")]
    kept = [path for path in files if not path.name.startswith(".")]
    return {str(p.relative_to(results)): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def on_one_machine(folder, config):
    """Return the hashes of a study as one machine makes it, without Slurm."""
    place = copy_of_repository(folder / "study")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", config]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return hashes(place)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return on_one_machine(tmp_path_factory.mktemp("local"), "tiny.yaml")


@pytest.fixture(scope="module")
def on_slurm(tmp_path_factory, slurm):
    """A folder in which the tiny study ran through Slurm, and what the driver printed."""
    place = adapt_profile(copy_of_repository(tmp_path_factory.mktemp("slurm") / "study"))
    code, printed = run(place, *STUDY, timeout=2400)
    assert code == 0, printed[-5000:]
    return place, printed


def test_the_tiny_study_through_slurm_gives_the_same_bytes_as_on_one_machine(on_slurm, expected):
    place, _ = on_slurm
    found = hashes(place)
    assert len(found) > 100
    assert found == expected
    assert (place / "results/studies/tiny/report.html").stat().st_size > 0
    assert not locks(place)
    assert "Nothing to be done" in run(place, *STUDY)[1]


def test_short_steps_shared_jobs_and_networks_had_a_gpu(on_slurm):
    _, printed = on_slurm
    submitted = len(re.findall("has been submitted with SLURM jobid", printed))
    assert submitted < 30, "some 130 jobs of Snakemake should be fewer of Slurm"
    columns = "Comment:100,Partition:20,tres-per-job:40"
    command = ["squeue", "--noheader", "--states=COMPLETED", f"--Format={columns}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    trained = [line.split()[1:] for line in ended if line.startswith("rule_train_network")]
    assert trained == [["gpu", "gres:gpu:1"]] * 4


def test_a_driver_killed_with_9_while_networks_train_ends_with_the_same_weights(on_slurm, expected):
    """The second driver starts the same trainings while those of the first still run."""
    place, _ = on_slurm
    models = sorted((place / "results").rglob("model.safetensors"))
    names = [str(path.relative_to(place)) for path in models]
    for path in models:
        path.unlink()
    before = jobs("COMPLETED")
    driver = start(place, *names, *STUDY, group=True)
    old = wait_for(lambda: running("train_network", before))
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    assert run(place, "--unlock", *STUDY)[0] == 0
    code, printed = run(place, *STUDY, timeout=1200)
    assert code == 0, printed[-5000:]
    wait_for(lambda: old not in jobs("PENDING", "RUNNING"), 120)
    assert hashes(place) == expected
    hidden = {path.name for path in (place / "results").rglob(".*")}
    assert hidden <= {".snakemake_timestamp"}, "that one is Snakemake's own, in folders"


def test_the_study_of_small_tumours_through_slurm_gives_the_same_bytes(tmp_path):
    place = adapt_profile(copy_of_repository(tmp_path / "slurm"))
    code, printed = run(place, "--configfile", "subregions.yaml", timeout=1800)
    assert code == 0, printed[-5000:]
    found = hashes(place)
    assert "studies/patients_subregions/statistics/uncertainty_by_size.csv" in found
    assert found == on_one_machine(tmp_path, "subregions.yaml")
