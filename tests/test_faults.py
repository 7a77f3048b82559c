"""Full disks, read-only results, vanished files, wrong clocks: a sentence or right results."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from workflows import ROOT, contents, copy_of_repository, refusal, snakemake, write_config

from glioma_uq.files import temporary_beside, written_whole
from glioma_uq.training.checkpoints import read_checkpoint

CASE = "phantom-001"
VOLUME = f"results/cohorts/tiny/normalised/{CASE}/t1ce.nii.gz"


# ---- files -----------------------------------------------------------------------------------


def process_that_has_ended():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def temporary_of(path, process):
    beside = temporary_beside(path, process)
    return beside.with_name(f"{beside.name}abc")


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
    left = temporary_of(path, process_that_has_ended())
    others = [
        temporary_of(path, job.pid),  # still at work
        path.with_name(f".another-node.{process_that_has_ended()}.{path.name}.abc"),
        temporary_of(tmp_path / "other.csv", process_that_has_ended()),
    ]
    for folder in (left, *others):
        folder.mkdir()
        (folder / path.name).write_text("half")
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


@pytest.fixture
def small_disk():
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
    tiny, small_disk, tmp_path
):
    folder = copy_of_repository(tmp_path)
    small_disk(folder / "results", "size=4m")
    assert re.search(
        r"expected room for results/\S+, found the disk full, free some and run again",
        refusal(folder, VOLUME),
    )
    whole = contents(tiny)
    assert contents(folder).items() <= whole.items()
    enlarge = ["mount", "-o", "remount,size=400m", str(folder / "results")]
    subprocess.run(enlarge, check=True)
    snakemake(folder, VOLUME)
    assert (folder / VOLUME).stat().st_size > 0
    assert contents(folder).items() <= whole.items()


@pytest.mark.workflow
def test_read_only_results_are_said_before_any_work(small_disk, tmp_path):
    folder = copy_of_repository(tmp_path)
    small_disk(folder / "results", "size=4m,ro")
    printed = refusal(folder, VOLUME)
    assert "Read-only file system" in printed
    assert "results" in printed
    assert list((folder / "results").iterdir()) == []


@pytest.mark.workflow
def test_a_vanished_file_is_made_again_and_so_is_what_was_half_there(tiny, tiny_copy):
    cohort = tiny_copy / "results/cohorts/tiny"
    (cohort / f"bias_corrected/{CASE}/flair.nii.gz").unlink()
    (cohort / f"registered/{CASE}/t2_to_t1ce.txt").unlink()
    (tiny_copy / VOLUME).unlink()
    snakemake(tiny_copy, VOLUME)
    assert contents(tiny_copy) == contents(tiny)


@pytest.mark.workflow
def test_a_file_of_the_users_that_vanishes_is_named(tmp_path):
    folder = copy_of_repository(tmp_path)
    (folder / "scans").mkdir()
    brains = {"preprocessing": {"skull_stripping": "hd-bet-v1"}}
    source = {"labels": {"table": "scans/labels.csv"}, "folder": {"path": "scans"}}
    write_config(folder, "folder.yaml", cohort={"source": "folder", **source}, **brains)
    assert "scans/labels.csv" in refusal(folder, config=("tiny.yaml", "folder.yaml"))
    assert not (folder / "results").exists()


@pytest.mark.workflow
@pytest.mark.parametrize("days", [-365, 1], ids=["in the past", "in the future"])
def test_files_with_a_wrong_time_give_right_results(tiny, tiny_copy, days):
    """As a clock that jumped leaves them: some of the results are older or newer than they are."""
    when = time.time() + days * 86400
    for path in (tiny_copy / "results/cohorts/tiny/bias_corrected" / CASE).iterdir():
        os.utime(path, (when, when))
    snakemake(tiny_copy, VOLUME)
    assert contents(tiny_copy) == contents(tiny)
    assert "Nothing to be done" in snakemake(tiny_copy, VOLUME)
