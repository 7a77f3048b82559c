"""Write into locks the SHA-256 of every file that pip may install for a pin: `make locks`.

    python tests/hash_locks.py requirements*.lock

Run it after a pin was changed. The hashes are those that the index gives for the Pythons that
pyproject.toml supports on Linux, x86-64 or ARM, and of the source too where one of them has no
such wheel. The index is PyPI's, or the one that a note of the lock names.
"""

import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import requests
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename
from packaging.utils import parse_sdist_filename as parse_source
from packaging.utils import parse_wheel_filename as parse_wheel
from packaging.version import Version

PYPI = "https://pypi.org/simple"
AS_JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
NAMES_INDEX = re.compile(r"^# index: (\S+)$", re.MULTILINE)
LINK = re.compile(r'href="[^"]*?([^"/]+\.whl)#sha256=([0-9a-f]{64})"')
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
LINUX = re.compile(r"any|(many|musl)?linux\w*_(x86_64|aarch64)")


def supported():
    """Return the minor versions of Python 3 that pyproject.toml supports, such as [11, 12, 13]."""
    project = Path(__file__).resolve().parents[1] / "pyproject.toml"
    allowed = SpecifierSet(tomllib.loads(project.read_text())["project"]["requires-python"])
    return [minor for minor in range(100) if allowed.contains(f"3.{minor}.99")]


def fits(tag, minor):
    """Return whether Python 3.{minor} on Linux installs wheels of a tag."""
    own = tag.interpreter == f"cp3{minor}" and tag.abi in (f"cp3{minor}", "none")
    plain = tag.interpreter in ("py3", f"py3{minor}") and tag.abi == "none"
    stable = re.fullmatch(r"cp3(\d+)", tag.interpreter) and tag.abi == "abi3"
    return bool(
        LINUX.fullmatch(tag.platform)
        and (own or plain or (stable and 2 <= int(tag.interpreter[3:]) <= minor))
    )


def pythons_of(filename, version):
    """Return which Pythons may install a file of a release: of a source, all of them."""
    try:
        if filename.endswith(".whl"):
            _, found, _, tags = parse_wheel(filename)
            if found.public != version:
                return set()
            return {minor for minor in supported() if any(fits(tag, minor) for tag in tags)}
        return {*supported()} if parse_source(filename)[1] == Version(version) else set()
    except (InvalidWheelFilename, InvalidSdistFilename):  # eggs, installers
        return set()


@cache
def listed(package, index):
    """Return {file name: SHA-256} of a package's files in an index, which answers JSON or HTML."""
    answer = requests.get(f"{index}/{package}/", headers=AS_JSON, timeout=60)
    answer.raise_for_status()
    if "json" not in answer.headers["Content-Type"]:
        return {unquote(name): sha256 for name, sha256 in LINK.findall(answer.text)}
    return {file["filename"]: file["hashes"]["sha256"] for file in answer.json()["files"]}


def hashes_of(package, version, index):
    """Return the hashes of the files of a release that pip may install."""
    version, everyone = str(Version(version)), {*supported()}
    files = {name: pythons_of(name, version) for name in listed(package, index)}
    wheels = {name: pythons for name, pythons in files.items() if name.endswith(".whl")}
    if set().union(*wheels.values()) == everyone:
        files = wheels
    if missing := everyone.difference(*files.values()):
        raise SystemExit(
            f"expected files of {package} {version} for Python 3.{min(missing)} in {index}, found "
            "none, correct it"
        )
    return sorted({listed(package, index)[name] for name, pythons in files.items() if pythons})


def hashed(lock):
    """Return the text of a lock with the hashes of each pin below it."""
    notes = [line for line in lock.splitlines() if line.startswith("#")]
    named = NAMES_INDEX.search(lock)
    pins = [
        " \\\n".join([f"{package}=={version}", *(f"    --hash=sha256:{h}" for h in hashes)])
        for package, version in PIN.findall(lock)
        if (hashes := hashes_of(package, version, named[1] if named else PYPI))
    ]
    return "\n".join([*notes, *pins, ""])


def main(locks):
    """Renew the locks; return what to exit with, a sentence if an index could not be reached."""
    unreached = []
    for path in map(Path, locks):
        try:
            path.write_text(hashed(path.read_text(encoding="utf-8")), encoding="utf-8")
        except requests.ConnectionError as error:
            unreached.append(f"{path} is as it was: expected its index, found {error}")
    return "\n".join(unreached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
