"""Time and memory of each step: runs Snakemake and samples its jobs.

    python benchmarks/resources.py [--quick] ARGUMENTS OF SNAKEMAKE

Prints a row for each step: number of jobs, median and longest wall time, CPU time of the longest,
peak resident memory of the largest with its child processes. Jobs are sampled five times a
second, so their last fifth of a second may be missed. With --quick, Snakemake makes the template
and the labels of tests/tiny.yaml in a temporary folder.

Last line: `20 steps, 604 jobs, largest 667 MB`
"""

import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import harness
import psutil

STEP = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py")
INTERVAL_S = 0.2
COHORT = "results/cohorts/tiny"
QUICK = [f"{COHORT}/labels.csv", f"{COHORT}/template/brain.nii.gz", "--cores", "1",
         "--configfile", "tests/tiny.yaml", "--directory"]  # fmt: skip


@dataclass
class Job:
    """Measurements of one job so far, in seconds and megabytes."""

    step: str
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def sample(driver, jobs):
    """Update `jobs`, by process, from the descendants of the process `driver`."""
    for process in driver.children(recursive=True):
        try:
            step = STEP.search(" ".join(process.cmdline()[:4]))
            if not step or process.name() == "sh":
                continue
            job = jobs.setdefault((process.pid, process.create_time()), Job(step[1]))
            children = process.children(recursive=True)
            job.wall_s = time.time() - process.create_time()
            job.cpu_s = sum(process.cpu_times()[:4])
            others = sum(child.memory_info().rss for child in children) / 2**20
            job.peak_mb = max(job.peak_mb, harness.peak_mb(process.pid) + others)
        except (psutil.Error, OSError):
            continue  # it has ended


def watch(arguments):
    """Run Snakemake; return its exit status and the sampled jobs."""
    jobs = {}
    command = [sys.executable, "-m", "snakemake", *arguments]
    with subprocess.Popen(command, cwd=harness.ROOT) as run:
        driver = psutil.Process(run.pid)
        while run.poll() is None:
            sample(driver, jobs)
            time.sleep(INTERVAL_S)
    return run.returncode, jobs


def main():
    options, arguments = harness.parser_of(__doc__).parse_known_args()
    with TemporaryDirectory() as scratch:
        status, jobs = watch([*QUICK, scratch] if options.quick else arguments)
    if not jobs:
        return status or "expected jobs of Snakemake, found none, name a result that does not exist"
    by_step = defaultdict(list)
    for job in jobs.values():
        by_step[job.step].append(job)
    print("step | jobs | median s | longest s | its CPU s | peak MB")
    for step, group in sorted(by_step.items()):
        longest = max(group, key=lambda job: job.wall_s)
        median = statistics.median(job.wall_s for job in group)
        peak = max(job.peak_mb for job in group)
        print(
            f"{step} | {len(group)} | {median:.1f} | {longest.wall_s:.1f} | "
            f"{longest.cpu_s:.1f} | {peak:.0f}"
        )
    largest = max(job.peak_mb for job in jobs.values())
    print(f"{len(by_step)} steps, {len(jobs)} jobs, largest {largest:.0f} MB")
    return status


if __name__ == "__main__":
    harness.run(main)
