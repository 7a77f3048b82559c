"""All kinds of bad input, in the order of docs/bad_input.md."""

import bad_config
import bad_datasets
import bad_runs
import bad_scans
import bad_tables
from bad_input import KINDS

__all__ = ["KINDS", "bad_config", "bad_datasets", "bad_runs", "bad_scans", "bad_tables"]
