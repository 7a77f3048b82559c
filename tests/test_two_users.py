"""Two users on one checkout: each in a folder of their own, or one after the other."""

import signal
import subprocess
import time

import pytest
from workflows import command, copy_of_repository

pytestmark = pytest.mark.workflow
SCAN = "results/cohorts/tiny/raw/phantom-001/t1ce.nii.gz"


@pytest.fixture
def checkout(tmp_path):
    return copy_of_repository(tmp_path / "checkout")


def start(checkout, folder):
    """Start a driver from the checkout that makes a scan in `folder`."""
    return subprocess.Popen(
        command("--directory", str(folder), SCAN),
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def files_in(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_two_users_at_once_get_the_same_and_leave_the_checkout_as_it_was(checkout, tmp_path):
    before = files_in(checkout)
    drivers = [start(checkout, tmp_path / user) for user in ("ada", "bob")]
    printed = [driver.communicate()[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], printed
    assert (tmp_path / "ada" / SCAN).read_bytes() == (tmp_path / "bob" / SCAN).read_bytes()
    assert files_in(checkout) == before


def test_a_second_driver_of_the_same_study_is_refused_and_the_first_goes_on(checkout, tmp_path):
    first = start(checkout, tmp_path)
    while not any((tmp_path / ".snakemake" / "locks").glob("*")) and first.poll() is None:
        time.sleep(0.1)
    first.send_signal(signal.SIGSTOP)  # or it might end before the second has planned
    second = start(checkout, tmp_path)
    said = second.communicate()[0]
    first.send_signal(signal.SIGCONT)
    assert second.returncode != 0
    assert "cannot be locked" in said, said
    printed = first.communicate()[0]
    assert first.returncode == 0, printed
    assert (tmp_path / SCAN).stat().st_size > 0
