"""Write into locks the SHA-256 of every file that pip may install for a pin: `make locks`.

    python tests/hash_locks.py requirements*.lock

Run it after a pin was changed. The hashes are those that PyPI's index gives for Python 3.11 on
Linux, x86-64 or ARM, of the source where a release has no such wheel, and of the wheels in the
folder of pip's find-links, where pip looks too: here the CPU build of torch.
"""

import os
import re
import sys
from functools import cache
from pathlib import Path

import requests
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename
from packaging.utils import canonicalize_name as canonical
from packaging.utils import parse_sdist_filename as parse_source
from packaging.utils import parse_wheel_filename as parse_wheel
from packaging.version import Version

from glioma_uq.files import digest

FOUND_BESIDE = os.environ.get("PIP_FIND_LINKS")
INDEX = "https://pypi.org/simple"
AS_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
PYTHON = re.compile(r"(py3|py311|cp311)-\w+|cp3([2-9]|10|11)-abi3")
LINUX = re.compile(r"any|(many|musl)?linux\w*_(x86_64|aarch64)")


def fits(tag):
    """Return whether Python 3.11 on Linux installs wheels of a tag."""
    return PYTHON.fullmatch(f"{tag.interpreter}-{tag.abi}") and LINUX.fullmatch(tag.platform)


def kind_of(filename, version):
    """Return "wheel" or "source" for a file of a release that pip may install, else None."""
    try:
        if filename.endswith(".whl"):
            _, found, _, tags = parse_wheel(filename)
            return "wheel" if found.public == version and any(map(fits, tags)) else None
        return "source" if parse_source(filename)[1] == Version(version) else None
    except (InvalidWheelFilename, InvalidSdistFilename):  # eggs, installers
        return None


@cache
def listed(package):
    """Return {file name: SHA-256} of a package's files in the index."""
    answer = requests.get(f"{INDEX}/{package}/", headers=AS_JSON, timeout=60)
    answer.raise_for_status()
    return {file["filename"]: file["hashes"]["sha256"] for file in answer.json()["files"]}


def hashes_of(package, version):
    """Return the hashes of the files of a release that pip may install."""
    beside = Path(FOUND_BESIDE).glob("*.whl") if FOUND_BESIDE else ()
    own = {
        path.name: digest(path)
        for path in beside
        if parse_wheel(path.name)[0] == canonical(package)
    }
    files = {"wheel": [], "source": []}
    for name, sha256 in (listed(package) | own).items():
        if kind := kind_of(name, str(Version(version))):
            files[kind].append(sha256)
    if not any(files.values()):
        raise SystemExit(
            f"expected files of {package} {version} in {INDEX}, found none, correct it"
        )
    return sorted(set(files["wheel"] or files["source"]))


def hashed(lock):
    """Return the text of a lock with the hashes of each pin below it."""
    notes = [line for line in lock.splitlines() if line.startswith("#")]
    pins = [
        " \\\n".join([f"{package}=={version}", *(f"    --hash=sha256:{h}" for h in hashes)])
        for package, version in PIN.findall(lock)
        if (hashes := hashes_of(package, version))
    ]
    return "\n".join([*notes, *pins, ""])


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(hashed(path.read_text(encoding="utf-8")), encoding="utf-8")
