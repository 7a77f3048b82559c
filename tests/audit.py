"""Look for known vulnerabilities in the pinned packages, by pip-audit and PyPI's advisories.

    python tests/audit.py requirements*.lock

A release with a known vulnerability is asked for first: where that is not found, the advisories
cannot be reached from here, and silence about the others would mean nothing. Exits with 1 where a
pinned package is vulnerable, with 2 where nothing could be learned.
"""

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


def audit(lock, command=PIP_AUDIT):
    """Return whether pip-audit finds a known vulnerability in a lock, and what it says."""
    found = subprocess.run([*command, "--requirement", str(lock)], capture_output=True, text=True)
    said = found.stdout + found.stderr
    return "known vulnerabilit" in said and "No known vulnerabilities" not in said, said


def main(locks, command=PIP_AUDIT):
    """Audit the locks; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder) / "control.lock"
        control.write_text(CONTROL)
        found, said = audit(control, command)
    if not found:
        print(
            f"expected pip-audit to find what is known of {CONTROL.strip()}, found nothing: PyPI's "
            f"advisories cannot be reached from here, run it elsewhere. It said:\n{said}"
        )
        return 2
    vulnerable = False
    for lock in locks:
        found, said = audit(lock, command)
        print(f"{lock}: {said if found else 'no known vulnerability'}")
        vulnerable |= found
    return int(vulnerable)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
