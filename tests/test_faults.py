"""Full disks, read-only results, vanished files, wrong clocks: a sentence or right results."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glioma_uq.files import temporary_beside, written_whole
from glioma_uq.training.checkpoints import read_checkpoint

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "envs", "profiles")
CASE = "results/cohorts/tiny/normalised/{case}/t1ce.nii.gz"


# ---- files -----------------------------------------------------------------------------------


def process_that_has_ended():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def write_again(path):
    with written_whole(path) as temporary:
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    path.unlink()


def find_no_checkpoint(path):
    assert read_checkpoint(path, identity={}) is None


@pytest.mark.parametrize("act", [write_again, find_no_checkpoint])
def test_what_a_killed_process_left_goes_and_what_others_write_stays(tmp_path, act):
    path = tmp_path / "table[1].csv"
    job = subprocess.Popen(["sleep", "60"])
    left = temporary_beside(path, process_that_has_ended())
    others = [
        temporary_beside(path, job.pid),  # still at work
        path.with_name(f".another-node.{process_that_has_ended()}.{path.name}"),
        temporary_beside(tmp_path / "other.csv", process_that_has_ended()),
    ]
    for file in (left, *others):
        file.write_text("half")
    try:
        act(path)
    finally:
        job.kill()
        job.wait()
    assert sorted(tmp_path.iterdir()) == sorted(others)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_killed_while_it_writes_leaves_the_old_file(tmp_path, sign):
    path = tmp_path / "a.csv"
    path.write_text("old")
    # What a shell starts in the background is deaf to SIGINT, and so is all that it starts.
    code = f"""
import signal, time
from glioma_uq.files import written_whole
signal.signal(signal.SIGINT, signal.default_int_handler)
with written_whole({str(path)!r}) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
    job = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow_scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert job.stdout.readline() == b"writing\n"
    job.send_signal(sign)
    job.communicate(timeout=10)
    assert path.read_text() == "old"
    with written_whole(path) as temporary:
        temporary.write_text("new")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "new")]


# ---- runs ------------------------------------------------------------------------------------


def copy_of_repository(folder):
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    shutil.copy2(ROOT / "tests" / "tiny.yaml", folder)
    return folder


def snakemake(folder, *arguments):
    """Run Snakemake on the tiny study; return how it ended and what it printed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(
        [*command, "--configfile", "tiny.yaml"], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def contents(folder):
    """Return {path: bytes} of all results but logs."""
    results = folder / "results"
    files = [p for p in results.rglob("*") if p.is_file() and "logs" not in p.parts]
    return {str(path.relative_to(results)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def first_case(tmp_path_factory):
    """A copy of the repository in which one case has been made and preprocessed; its target."""
    folder = copy_of_repository(tmp_path_factory.mktemp("one case"))
    code, printed = snakemake(folder, "--dry-run", "--quiet", "progress")
    assert code == 0, printed
    case = re.search(r"results/cohorts/tiny/raw/([^/]+)/t1ce.nii.gz", printed)[1]
    target = CASE.format(case=case)
    code, printed = snakemake(folder, target)
    assert code == 0, printed
    return folder, target


@pytest.fixture
def copied(first_case, tmp_path):
    """A copy of that folder, for a test to spoil; its target."""
    folder, target = first_case
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)  # with the times of its files
    return tmp_path / "copy", target


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many megabytes; it goes when the test ends."""
    mounted = []

    def mount(folder, options):
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small disk needs the right to mount one (root, and no strict container)")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.workflow
def test_a_full_disk_is_said_in_a_sentence_and_a_larger_one_brings_right_results(
    first_case, small_disk, tmp_path
):
    finished, target = first_case
    folder = copy_of_repository(tmp_path)
    small_disk(folder / "results", "size=4m")
    code, printed = snakemake(folder, target)
    assert code != 0
    assert re.search(
        r"expected room for results/\S+, found the disk full, free some and run again", printed
    )
    whole = contents(finished)
    assert all(content == whole[name] for name, content in contents(folder).items())
    enlarge = ["mount", "-o", "remount,size=400m", str(folder / "results")]
    subprocess.run(enlarge, check=True)
    assert snakemake(folder, target)[0] == 0
    assert contents(folder) == whole


@pytest.mark.workflow
def test_read_only_results_are_said_before_any_work(first_case, small_disk, tmp_path):
    _, target = first_case
    folder = copy_of_repository(tmp_path)
    small_disk(folder / "results", "size=4m,ro")
    code, printed = snakemake(folder, target)
    assert code != 0
    assert "Read-only file system" in printed
    assert "results" in printed
    assert list((folder / "results").iterdir()) == []


@pytest.mark.workflow
def test_a_vanished_file_is_made_again_and_so_is_what_was_half_there(copied):
    folder, target = copied
    whole = contents(folder)
    case = Path(target).parent.name
    for vanished in (f"bias_corrected/{case}/flair.nii.gz", f"registered/{case}/t2_to_t1ce.txt"):
        (folder / "results/cohorts/tiny" / vanished).unlink()
    (folder / target).unlink()
    code, printed = snakemake(folder, target)
    assert code == 0, printed
    assert contents(folder) == whole


@pytest.mark.workflow
def test_a_file_of_the_users_that_vanishes_is_named(first_case, tmp_path):
    folder = copy_of_repository(tmp_path)
    (folder / "scans").mkdir()
    config = (folder / "tiny.yaml").read_text()
    source = "  source: folder\n  labels: {table: scans/labels.csv}\n  folder: {path: scans}\n"
    (folder / "tiny.yaml").write_text(config.replace("  name: tiny\n", f"  name: tiny\n{source}"))
    code, printed = snakemake(folder)
    assert code != 0
    assert "scans/labels.csv" in printed
    assert not (folder / "results").exists()


@pytest.mark.workflow
@pytest.mark.parametrize("days", [-365, 1], ids=["in the past", "in the future"])
def test_files_with_a_wrong_time_give_right_results(copied, days):
    """As a clock that jumped leaves them: some of the results are older or newer than they are."""
    folder, target = copied
    whole = contents(folder)
    case = Path(target).parent.name
    when = time.time() + days * 86400
    for path in (folder / "results/cohorts/tiny/bias_corrected" / case).iterdir():
        os.utime(path, (when, when))
    code, printed = snakemake(folder, target)
    assert code == 0, printed
    assert contents(folder) == whole
    assert "Nothing to be done" in snakemake(folder, target)[1]
