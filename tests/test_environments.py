"""One truth about versions: pyproject.toml, the conda environments and the lock agree."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import hash_locks
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")


def pins(lines):
    """Return {package: version} of lines like numpy==2.3.5, names in one form."""
    found = (PIN.match(line.strip()) for line in lines)
    return {re.sub("[-_.]+", "-", m[1]).lower(): m[2] for m in found if m}


def lock(*names):
    return pins(line for name in names for line in (ROOT / name).read_text().splitlines())


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.stem)
def test_conda_environments_pin_what_the_lock_pins(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    pip = next(d["pip"] for d in dependencies if isinstance(d, dict))
    named = pins(pip)
    assert len(named) == len(pip), "every package needs a version"
    locks = ("requirements.lock", "requirements-downloads.lock", "requirements-excel.lock")
    assert named.items() <= lock(*locks).items()


def test_pyproject_pins_what_the_locks_pin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lines, name in (
        (project["dependencies"] + extras["dev"], "requirements.lock"),
        *((extras[name], f"requirements-{name}.lock") for name in extras if name != "dev"),
    ):
        named = pins(lines)
        assert len(named) == len(lines), "every package needs a version"
        assert named.items() <= lock(name).items()


def test_every_rule_names_an_environment_that_exists():
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*/*.smk"))
    named = set(re.findall(r'"\.\./\.\./envs/(\w+)\.yaml"', rules))
    assert named == {path.stem for path in (ROOT / "envs").glob("*.yaml")}


# Hashes.

LOCKS = sorted(ROOT.glob("requirements*.lock"))
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_pin_of_a_lock_has_the_hashes_of_its_files(path):
    text = re.sub(r"\\\n", "", path.read_text())
    requirements = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert requirements
    for pin, *hashes in requirements:
        assert PIN.fullmatch(pin), pin
        assert hashes, f"{pin} has no hash: run `make locks`"
        assert all(map(HASH.fullmatch, hashes)), pin


def test_every_installation_is_of_files_with_these_hashes():
    makefile = (ROOT / "Makefile").read_text()
    (install,) = re.findall(r"^INSTALL = (.+)$", makefile, re.M)
    assert {"--require-hashes", "--no-build-isolation"} <= {*install.split()}
    commands = [line for line in makefile.splitlines() if "--requirement" in line]
    assert len(commands) == 8
    assert all("$(INSTALL) " in command for command in commands)
    assert "pip install" not in makefile.replace(install, "")


def test_what_is_installed_without_dependencies_has_all_of_them():
    """`make setup` looks at no dependencies, so that torch's may be those of either build."""
    pinned = lock("requirements.lock") | lock("requirements-cuda.lock")
    for package in lock("requirements.lock"):
        for requirement in map(Requirement, requires(package) or ()):
            if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                continue
            version = pinned.get(canonicalize_name(requirement.name), "none")
            assert version != "none", f"{package} needs {requirement}"
            assert requirement.specifier.contains(version), f"{package} needs {requirement}"


def test_what_builds_a_package_without_a_wheel_is_the_one_that_stays():
    built_with = lock("requirements-build.lock").items()
    assert built_with <= lock("requirements.lock").items()
    assert built_with <= lock("requirements-hd-bet.lock").items()


def test_what_torch_needs_for_cuda_is_a_lock_of_its_own():
    """On PyPI, torch for Linux is the CUDA build; a build for CPUs asks for none of these."""
    makefile = (ROOT / "Makefile").read_text()
    assert "requirements-cuda.lock; fi" in makefile
    assert {"nvidia-cublas", "nvidia-cudnn-cu13", "triton"} <= lock("requirements-cuda.lock").keys()


@pytest.mark.parametrize(
    ("tag", "installed"),
    [
        (("py3", "none", "any"), True),
        (("cp311", "cp311", "manylinux_2_28_x86_64"), True),
        (("cp311", "cp311", "musllinux_1_2_aarch64"), True),
        (("cp39", "abi3", "manylinux2014_x86_64"), True),
        (("cp312", "abi3", "manylinux2014_x86_64"), False),
        (("cp312", "cp312", "manylinux_2_28_x86_64"), False),
        (("cp311", "cp311", "macosx_11_0_arm64"), False),
        (("cp311", "cp311", "win_amd64"), False),
        (("py3", "none", "manylinux2014_ppc64le"), False),
    ],
)
def test_hashes_are_of_wheels_for_python_3_11_on_linux(tag, installed):
    assert bool(hash_locks.fits(Tag(*tag))) == installed


def test_a_lock_gets_the_hashes_of_its_pins_and_keeps_its_notes(monkeypatch, tmp_path):
    listed = {
        "a": {"a-1.0-py3-none-any.whl": "aa", "a-1.0.tar.gz": "ab", "a-2.0-py3-none-any.whl": "ac",
              "a-1.0-cp311-cp311-win_amd64.whl": "ad", "a-1.0.win32.exe": "ae"},
        "b": {"b-3.tar.gz": "ba", "b-3-cp27-none-any.whl": "bb"},
    }  # fmt: skip
    monkeypatch.setattr(hash_locks, "listed", listed.get)
    monkeypatch.setattr(hash_locks, "FOUND_BESIDE", None)
    lines = ["# notes", "a==1.0 \\", "    --hash=sha256:aa", "b==3 \\", "    --hash=sha256:ba", ""]
    assert hash_locks.hashed("# notes\na==1.0\nb==3\n") == "\n".join(lines)
    assert hash_locks.hashed("\n".join(lines)) == "\n".join(lines)
    with pytest.raises(SystemExit, match="expected files of a 9 in .*, found none"):
        hash_locks.hashed("a==9\n")


def test_actions_of_ci_are_pinned_by_commit_and_may_only_read():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert yaml.safe_load(workflow)["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)", workflow)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)
