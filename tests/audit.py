"""Look for known vulnerabilities in the pinned packages, by pip-audit and PyPI's advisories.

    python tests/audit.py requirements*.lock

A release with a known vulnerability is asked for first: where that is not found, the advisories
cannot be reached from here, and silence about the others would mean nothing. Exits with 1 where a
pinned package is vulnerable, with 2 where nothing could be learned of one lock or more.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CONTROL = "requests==2.30.0\n"  # CVE-2023-32681
PIP_AUDIT = [
    sys.executable,
    "-m",
    "pip_audit",
    "--progress-spinner=off",
    "--disable-pip",
    "--no-deps",
]


CLEAN, VULNERABLE, UNKNOWN = range(3)
SAYS = {
    CLEAN: re.compile("No known vulnerabilities found"),
    VULNERABLE: re.compile("Found [0-9]+ known vulnerabilit"),
}
LEFT_OUT = "Skip Reason"  # the head of pip-audit's table of packages that it did not look up


def audit(lock, command=PIP_AUDIT):
    """Return CLEAN, VULNERABLE or UNKNOWN for a lock, and what pip-audit says.

    It exits with 0 or 1, but with 1 for its own errors too: what it says must agree.
    """
    done = subprocess.run([*command, "--requirement", str(lock)], capture_output=True, text=True)
    said = done.stdout + done.stderr
    agrees = done.returncode in SAYS and SAYS[done.returncode].search(said)
    return done.returncode if agrees and LEFT_OUT not in said else UNKNOWN, said


def main(locks, command=PIP_AUDIT):
    """Audit the locks; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control.lock"
        control.write_text(CONTROL)
        found, said = audit(control, command)
    if found != VULNERABLE:
        print(
            f"expected pip-audit to find what is known of {CONTROL.strip()}, found nothing: PyPI's "
            f"advisories cannot be reached from here, run it elsewhere. It said:\n{said}"
        )
        return UNKNOWN
    worst = CLEAN
    for lock in locks:
        found, said = audit(lock, command)
        words = {CLEAN: "no known vulnerability", VULNERABLE: said}
        failed = f"expected pip-audit to look up every package, found that it failed: {said}"
        print(f"{lock}: {words.get(found, failed)}")
        worst = max(worst, found)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
