"""Errors that a skull-stripping network may raise on a scan."""

from glioma_uq.errors import bad_case_on

# No head is found in the scan, or the scan is too thin for the network's layers.
FAILURES = (AssertionError, ArithmeticError, IndexError, RuntimeError, ValueError)


def failures_of(method):
    """Turn a package's error on a scan into a BadCase; wrap its own call only."""
    return bad_case_on(FAILURES, f"a brain that {method} can find", "none", "check the scan")
