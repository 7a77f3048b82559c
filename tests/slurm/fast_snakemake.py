"""Snakemake as it is, but the Slurm executor looks after its jobs every second."""

import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

# The plugin waits longer after each look; a test has no such patience.
Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, value: None)
sys.exit(main())
