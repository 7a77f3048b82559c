"""What a network for skull stripping may raise on a scan."""

from glioma_uq.errors import bad_case_on

# No head is found in the scan, or the scan is too thin for the network's layers.
FAILURES = (AssertionError, ArithmeticError, IndexError, RuntimeError, ValueError)


def failures_of(method):
    """Turn a failure of a package on a scan into a BadCase; only its own call stands inside."""
    return bad_case_on(FAILURES, f"a brain that {method} can find", "none", "look at the scan")
