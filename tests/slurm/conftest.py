"""A Slurm of one node on this machine, started for the tests and stopped after them."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CLUSTER = Path(__file__).with_name("cluster.sh")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "slurm: needs root and a Slurm that tests may start and stop"
    )


def why_not():
    """Return the sentence that says what these tests lack here, "" when nothing."""
    if os.geteuid() != 0:
        return "Slurm tests need root, which starts Slurm's daemons"
    if not shutil.which("slurmctld") or not shutil.which("slurmd"):
        return f"Slurm tests need slurmctld and slurmd: '{CLUSTER} install' installs them on Debian"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "Slurm tests need snakemake-executor-plugin-slurm: `make slurm` installs it"
    return ""


@pytest.fixture(scope="session")
def slurm():
    """Start Slurm, unless the tests cannot have one here; stop it at the end."""
    if reason := why_not():
        pytest.skip(reason)
    started = subprocess.run([CLUSTER, "start"], capture_output=True, text=True)
    assert started.returncode == 0, started.stdout + started.stderr
    yield
    subprocess.run([CLUSTER, "stop"], check=True, capture_output=True)
