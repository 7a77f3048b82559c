"""Kills the driver or a running job again and again; the results must be those of a quiet run.

    python tests/chaos.py [--kills 20] [--minutes 40] [--seed 1] [--jobs 2] [--source SOURCE]
                          [--folder FOLDER]

The tiny study, or one of six patients from a source of tests/source_layouts.py, runs once
undisturbed. Then it runs in a second folder, where at random moments the driver, one of its jobs or
both are killed by SIGKILL, SIGTERM or SIGINT (Ctrl-C, which the terminal sends to all); it is
unlocked and resumed. After a quarter of the kills it runs to its end and a new round begins: every
second one with the cohort of the quiet run, so that training, sampling and statistics are hit as
well as preprocessing. Jobs of a killed driver run on while the next one starts. Printed for each
kill: signal, victim, the steps that ran, the jobs done so far; at the end how many jobs ran again
that a driver had seen finish, and how many files were half-written at the moment of a kill or lay
about at the end. The last line is the summary.
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow_scripts"))
from source_layouts import write_every_source
from workflows import command, copy_of_repository

COMPARED = (".csv", ".safetensors", ".nii.gz", ".nii", ".txt", ".png", ".pdf", ".html")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SOURCES = ("phantom", "folder", "bids", "dicom")
VICTIMS = ("driver", "job", "everything")
STEP = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py")
# Snakemake's own words about its jobs.
STARTED = re.compile(r"^(?:local)?rule (\w+):$")
FIELD = re.compile(r"^    (output|jobid): (.*)$")
FINISHED = re.compile(r"^Finished jobid: (\d+) ")


def configs_in(folder):
    """Return the configs of the study in a folder: those of a source of patients, or one."""
    return sorted(path.name for path in folder.glob("chaos-*.yaml")) or "tiny.yaml"


def prepare(place, sources, source):
    """Copy the repository to `place`, and the configs of a source of `write_every_source`."""
    copy_of_repository(place)
    if source != "phantom":
        shutil.copy(sources / f"{source}.yaml", place / "chaos-1.yaml")
        shutil.copy(sources / "study.yaml", place / "chaos-2.yaml")
    return place


def start(folder, jobs, log, *arguments):
    """Start Snakemake on a study in a session of its own; its words go to `log`."""
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "OMP_NUM_THREADS": "1"}
    (folder / "tmp").mkdir(exist_ok=True)
    with open(log, "w", encoding="utf-8") as file:
        return subprocess.Popen(
            command(*arguments, cores=str(jobs), config=configs_in(folder)),
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def is_compared(name):
    """Say whether a path below results/ is of a file that is the same in every run."""
    hidden = name.name.startswith(".")
    return (
        name.name.endswith(COMPARED) and not hidden and not {"logs", "benchmarks"} & {*name.parts}
    )


def hashes(folder):
    """Return {path: sha256} of the results that are the same in every run."""
    results, found = folder / "results", {}
    for path in results.rglob("*"):
        name = path.relative_to(results)
        try:
            if is_compared(name):
                found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
        except FileNotFoundError:
            continue  # Snakemake removes what it makes anew
    return found


def jobs_in(log):
    """Return the jobs that a driver started and those that it saw finish, by rule and output."""
    started, finished, rule, output = {}, set(), None, ""
    for line in log.read_text(errors="replace").splitlines():
        if found := STARTED.match(line):
            rule, output = found[1], ""
        elif found := FIELD.match(line):
            if found[1] == "output":
                output = found[2].split(",")[0]
            elif rule:
                started[found[2]], rule = f"{rule} {output}", None
        elif found := FINISHED.match(line):
            finished.add(started[found[1]])
    return list(started.values()), finished


def running_steps(driver):
    """Return {step: process} of what runs below the process `driver`."""
    steps = {}
    try:
        for process in psutil.Process(driver.pid).children(recursive=True):
            if found := STEP.search(" ".join(process.cmdline()[:4])):
                steps[found[1]] = process
    except psutil.Error:
        pass  # one has just ended
    return steps


def strike(driver, victim, sign):
    """Send a signal to the victim; say what was hit."""
    if sign == signal.SIGINT and victim == "driver":
        victim = "everything"  # Ctrl-C reaches every process of the terminal
    if victim == "job":
        for step, process in running_steps(driver).items():
            with suppress(psutil.Error):
                process.send_signal(sign)
                return f"job {step}"
        return ""
    if victim == "everything":
        os.killpg(driver.pid, sign)
    else:
        driver.send_signal(sign)
    return victim


def half_written(folder, expected):
    """Return the results that are there under their names and are not what they will be."""
    return [name for name, value in hashes(folder).items() if expected.get(name, value) != value]


def left_behind(folder):
    """Return what no run should leave: temporary files, checkpoints, locks, marks of unfinished."""
    results = [p for p in (folder / "results").rglob(".*") if p.name != ".snakemake_timestamp"]
    results += (folder / "results").rglob("checkpoint.pt")
    own = [p for name in ("locks", "incomplete") for p in (folder / ".snakemake" / name).glob("*")]
    return [str(path.relative_to(folder)) for path in results + own]


class Run:
    """The study in one folder, with all that its drivers have said; `done` are jobs of others."""

    def __init__(self, folder, jobs, done=()):
        self.folder, self.jobs, self.logs, self.driver = folder, jobs, [], None
        self.done, self.resumed, self.unlocked = set(done), 0, 0

    def start(self):
        """Start a driver, after unlocking where one was killed."""
        if any((self.folder / ".snakemake" / "locks").glob("*")):
            self.unlocked += 1
            log = self.folder / "unlock.log"
            assert start(self.folder, 1, log, "--unlock").wait() == 0, log.read_text()
        self.resumed += bool(self.logs)
        self.logs.append(self.folder / f"driver-{len(self.logs) + 1}.log")
        self.driver = start(self.folder, self.jobs, self.logs[-1])

    def is_complete(self):
        """Say whether the last driver ended with nothing more to do."""
        return self.driver is not None and self.driver.poll() == 0

    def redone(self):
        """Return the jobs that a driver started again although one before had seen them finish."""
        again, done = [], set(self.done)
        for log in self.logs:
            started, finished = jobs_in(log)
            again += [job for job in started if job in done]
            done |= finished
        return again

    def end(self):
        """Let the study run to its end; the first driver may still meet a job that was killed."""
        for _ in range(3):
            if self.driver is None or self.driver.poll() not in (None, 0):
                self.start()
            if self.driver.wait() == 0:
                return
        sys.exit(f"the study does not come to an end:\n{self.logs[-1].read_text()[-4000:]}")


class Tally:
    """What has happened in all rounds."""

    def __init__(self):
        self.kills = self.resumed = self.half = 0
        self.redone, self.left, self.differing = [], [], set()

    def add(self, run, expected):
        """Count a round that has come to its end."""
        self.resumed += run.resumed
        self.redone += run.redone()
        found = hashes(run.folder)
        self.differing |= {n for n in expected.keys() | found if expected.get(n) != found.get(n)}
        self.left += left_behind(run.folder)


def kill_once(run, rng, tally, expected, longest):
    """Wait a random time and kill; say whether anything was hit."""
    if run.driver is None or run.driver.poll() is not None:
        run.start()
        # One driver in five may die while it still plans; if all did, nothing would get done.
        planning = rng.random() < 0.2
        while not planning and run.driver.poll() is None and not running_steps(run.driver):
            time.sleep(0.5)
    try:
        run.driver.wait(timeout=rng.uniform(0, longest))
        return False
    except subprocess.TimeoutExpired:
        pass
    victim, sign = rng.choice(VICTIMS), rng.choice(SIGNALS)
    ran = ", ".join(running_steps(run.driver)) or "nothing yet"
    hit = strike(run.driver, victim, sign)
    if not hit:
        return False
    half = half_written(run.folder, expected)
    tally.kills, tally.half = tally.kills + 1, tally.half + len(half)
    if not hit.startswith("job"):
        run.driver.wait()
    done = set().union(*(jobs_in(log)[1] for log in run.logs))
    done |= run.done
    print(
        f"{tally.kills:3d} {sign.name:8s} {hit:26s} while {ran}, {len(done)} jobs done",
        *half,
        flush=True,
    )
    return True


def disturb(folder, expected, args, rng):
    """Kill until there have been enough kills or the time is over; return the `Tally`."""
    tally, rounds, deadline = Tally(), 0, time.monotonic() + 60 * args.minutes
    while tally.kills < args.kills and time.monotonic() < deadline:
        rounds += 1
        place = prepare(folder / f"round-{rounds}", folder / "sources", args.source)
        done = take_cohort(folder / "quiet", place) if rounds % 2 == 0 else ()
        print(f"round {rounds}, {len(done)} jobs done before", flush=True)
        run = Run(place, args.jobs, done)
        enough = min(tally.kills + -(-args.kills // 4), args.kills)
        while tally.kills < enough and time.monotonic() < deadline and not run.is_complete():
            kill_once(run, rng, tally, expected, args.longest)
        run.end()
        tally.add(run, expected)
    return tally


def take_cohort(quiet, place):
    """Copy the cohort and what Snakemake remembers of it; return the jobs that made it."""
    for part in ("results/cohorts", ".snakemake/metadata"):
        shutil.copytree(quiet / part, place / part)
    return {job for job in jobs_in(quiet / "driver-1.log")[1] if " results/cohorts/" in job}


def quiet_run(folder, jobs, source):
    """Run the study undisturbed; return the hashes of its results and how many jobs it took."""
    place = folder / "quiet"
    if not place.exists():
        if source != "phantom":
            write_every_source(folder / "sources")
        run = Run(prepare(place, folder / "sources", source), jobs)
        run.start()
        run.end()
    return hashes(place), len(jobs_in(place / "driver-1.log")[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=40, help="no kill after so many")
    parser.add_argument("--seed", type=int, default=1, help="of victims, signals and moments")
    parser.add_argument("--jobs", type=int, default=2, help="at a time")
    parser.add_argument("--source", choices=SOURCES, default="phantom")
    parser.add_argument("--longest", type=float, default=40, help="s from one kill to the next")
    parser.add_argument("--folder", type=Path, help="kept, and its quiet run used again")
    args = parser.parse_args()
    # A shell's background processes ignore Ctrl-C, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = args.folder or Path(tempfile.mkdtemp(prefix="chaos_"))
    expected, jobs = quiet_run(folder, args.jobs, args.source)
    print(f"undisturbed: {jobs} jobs, {len(expected)} files compared, in {folder}", flush=True)
    tally = disturb(folder, expected, args, random.Random(args.seed))
    for what in ("redone", "left", "differing"):
        for item in sorted(getattr(tally, what)):
            print(f"{what}: {item}")
    print(
        f"finished jobs redone {len(tally.redone)}, half-written files seen {tally.half}, "
        f"left behind {len(tally.left)}"
    )
    print(
        f"kills {tally.kills}, resumed {tally.resumed}, tables that differ {len(tally.differing)}"
    )
    return int(bool(tally.differing or tally.half or tally.left or tally.kills < args.kills))


if __name__ == "__main__":
    sys.exit(main())
