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
TINY = yaml.safe_load((ROOT / "tests" / "tiny.yaml").read_text())
CORES = "1"  # workers run side by side, so that each takes one


def copy_of_repository(folder):
    """Return `folder` with a copy of what a run needs and the tiny study's config."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in CHECKOUT:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, folder / part)
    shutil.copy2(ROOT / "tests" / "tiny.yaml", folder)
    return folder


def write_config(folder, name, **config):
    """Write a config, of which a run takes several at once: later ones are merged into earlier."""
    (folder / name).write_text(yaml.safe_dump(config, sort_keys=False))


def write_halves(folder):
    """Write the tiny study's config as two files: cohort.yaml, and study.yaml which names it."""
    halves = {key: TINY[key] for key in ("cohort", "preprocessing")}
    study = {key: value for key, value in TINY.items() if key not in halves}
    write_config(folder, "cohort.yaml", **halves)
    write_config(folder, "study.yaml", **study, cohort="cohort.yaml")


def command(*arguments, config="tiny.yaml", cores=CORES):
    """Return the command that runs Snakemake; `config` is one file, or several, or None."""
    configs = [config] if isinstance(config, str) else list(config or ())
    configfile = ["--configfile", *configs] if configs else []
    return [sys.executable, "-m", "snakemake", "--cores", cores, *arguments, *configfile]


def run(folder, *arguments, timeout=None, **options):
    """Run Snakemake in `folder`, a copy of the repository; return the finished process.

    All that it printed is its `stdout`.
    """
    return subprocess.run(
        command(*arguments, **options),
        cwd=folder,
        timeout=timeout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def snakemake(folder, *arguments, **options):
    """Run Snakemake to its end; return what it printed."""
    done = run(folder, *arguments, **options)
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def refusal(folder, *arguments, **options):
    """Return what a run that must fail printed."""
    done = run(folder, *arguments, **options)
    assert done.returncode != 0, done.stdout[-5000:]
    return done.stdout


def rules_in(printed):
    """Return the names of the rules of the jobs that a run, or a dry run, printed."""
    return set(re.findall(r"^(?:local)?rule (\w+):", printed, re.M))


def planned(folder, *targets, **options):
    """Return the names of the rules that a run would execute."""
    return rules_in(snakemake(folder, "--dry-run", *targets, **options))


def contents(folder):
    """Return {path: bytes} of the results of a run but its logs and measured times."""
    results = folder / "results"
    files = [path for path in results.rglob("*") if path.is_file()]
    kept = [path for path in files if not {"logs", "benchmarks"} & {*path.parts}]
    return {str(path.relative_to(results)): path.read_bytes() for path in kept}


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
    with open(root / f"{name}.lock", "w", encoding="utf-8") as lock:
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
