"""Runs of the real workflow, of which tests share those that are finished."""

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
BESIDE_REPOSITORY = ROOT.parent / "shared" / "real"  # public data, where it lies
CHECKOUT = (
    "Snakefile", "config.yaml", "cohorts", "envs", "profiles", "rules", "studies",
    "workflow_scripts",
)  # fmt: skip
CORES = "1"  # workers run side by side, so that each takes one


def copy_of_repository(folder, config=None, name="study.yaml"):
    """Return `folder` with a copy of what a run needs, and a study's config where one is given."""
    for part in CHECKOUT:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, folder / part)
    shutil.copy2(ROOT / "tests" / "tiny.yaml", folder)
    if config is not None:
        (folder / name).write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


def run(folder, *arguments, config="tiny.yaml", cores=CORES, **options):
    """Run Snakemake in `folder`, a copy of the repository; return the finished process."""
    configfile = ["--configfile", config] if config else []
    command = [sys.executable, "-m", "snakemake", "--cores", cores, *arguments, *configfile]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, **options)


def snakemake(folder, *arguments, **options):
    """Run Snakemake to its end; return what it printed."""
    done = run(folder, *arguments, **options)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-5000:]
    return printed


def planned(folder, *targets, **options):
    """Return the names of the rules that a run would execute."""
    printed = snakemake(folder, "--dry-run", *targets, **options)
    return set(re.findall(r"^(?:local)?rule (\w+):", printed, re.M))


def edit(path, old, new):
    """Replace the first `old` in a file by `new`."""
    text = path.read_text()
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1))


def finished_once(tmp_path_factory, name, make):
    """Return the folder that `make(folder)` filled, once for all workers of a test session."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if base.name.startswith("popen-") else base
    folder, done = root / name, root / f"{name}.done"
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def copy_of(folder, to):
    """Return a copy of a folder, results and what Snakemake knows of them included."""
    shutil.copytree(folder, to, symlinks=True, dirs_exist_ok=True)
    return to
