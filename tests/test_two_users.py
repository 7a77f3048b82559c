"""Two users on one checkout: each in a folder of their own, or one after the other."""

import subprocess
import sys
import time

import pytest
from test_workflow import copy_of_repository

pytestmark = pytest.mark.workflow
VOLUME = "results/cohorts/tiny/normalised/phantom-001/t1ce.nii.gz"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return copy_of_repository(tmp_path_factory.mktemp("checkout"))


def start(checkout, folder, *targets):
    """Start a driver from the checkout that works in `folder`."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "tiny.yaml"]
    command += ["--directory", str(folder), *targets]
    return subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def files_in(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_two_users_at_once_get_the_same_and_leave_the_checkout_as_it_was(checkout, tmp_path):
    before = files_in(checkout)
    drivers = [start(checkout, tmp_path / user, VOLUME) for user in ("ada", "bob")]
    printed = [driver.communicate()[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], printed
    assert (tmp_path / "ada" / VOLUME).read_bytes() == (tmp_path / "bob" / VOLUME).read_bytes()
    assert files_in(checkout) == before


def test_a_second_driver_of_the_same_study_is_refused_and_the_first_goes_on(checkout, tmp_path):
    first = start(checkout, tmp_path, VOLUME)
    while not any((tmp_path / ".snakemake" / "locks").glob("*")) and first.poll() is None:
        time.sleep(0.1)
    second = start(checkout, tmp_path, VOLUME)
    said = second.communicate()[0]
    assert second.returncode != 0
    assert "cannot be locked" in said, said
    printed = first.communicate()[0]
    assert first.returncode == 0, printed
    assert (tmp_path / VOLUME).stat().st_size > 0
