"""One truth about versions: pyproject.toml, the conda environments and the lock agree."""

import os
import re
import shutil
import subprocess
import sys
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
    (install,) = re.findall(r"^INSTALL = (.+\n.+)$", makefile, re.M)
    assert {"--require-hashes", "--no-build-isolation", "--no-deps"} <= {*install.split()}
    commands = [line for line in makefile.splitlines() if "--requirement" in line]
    assert len(commands) == 11
    assert all("$(call INSTALL," in command for command in commands)
    assert "pip install" not in makefile.replace(install, "")


def test_the_script_and_pyproject_support_the_same_pythons():
    script = (ROOT / "workflow_scripts/make_venv.sh").read_text()
    (fitting,) = re.findall(r"in ([\d. |]+)\) ;;", script)
    assert fitting.split(" | ") == [f"3.{minor}" for minor in hash_locks.supported()]


def make_venv(*arguments, **environment):
    command = ["sh", str(ROOT / "workflow_scripts/make_venv.sh"), *map(str, arguments)]
    environment = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    ("system", "advice"),
    [
        ("ID=ubuntu\nID_LIKE=debian", "sudo apt install python3-venv"),
        ("ID=fedora", "sudo dnf install python3.12"),
        ("ID=alpine", "uv python install 3.13"),
    ],
)
@pytest.mark.parametrize(("version", "found"), [("3.14", "Python 3.14"), ("", "does not run")])
def test_an_interpreter_that_does_not_fit_gets_one_sentence(
    system, advice, version, found, tmp_path
):
    (tmp_path / "os-release").write_text(system)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n[ -n '{version}' ] && echo {version}\n")
    python.chmod(0o755)
    done = make_venv(tmp_path / "v", python, OS_RELEASE=str(tmp_path / "os-release"))
    assert done.returncode == 1
    assert done.stderr.startswith("expected Python 3.11, 3.12 or 3.13")
    assert found in done.stderr
    assert advice in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "v").exists()


def test_an_environment_with_a_python_that_fits_stays(tmp_path):
    folder = tmp_path / "v"
    assert make_venv(folder, sys.executable).returncode == 0
    (folder / "kept").touch()
    for arguments in ([folder], [folder, sys.executable]):
        assert make_venv(*arguments).returncode == 0
        assert (folder / "kept").exists()


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
    ("tag", "minors"),
    [
        (("py3", "none", "any"), [11, 12, 13]),
        (("cp311", "cp311", "manylinux_2_28_x86_64"), [11]),
        (("cp313", "cp313", "musllinux_1_2_aarch64"), [13]),
        (("cp313", "cp313t", "manylinux_2_28_x86_64"), []),
        (("cp39", "abi3", "manylinux2014_x86_64"), [11, 12, 13]),
        (("cp312", "abi3", "manylinux2014_x86_64"), [12, 13]),
        (("cp311", "cp311", "macosx_11_0_arm64"), []),
        (("cp311", "cp311", "win_amd64"), []),
        (("py3", "none", "manylinux2014_ppc64le"), []),
    ],
)
def test_hashes_are_of_wheels_for_each_supported_python_on_linux(tag, minors):
    assert [m for m in hash_locks.supported() if hash_locks.fits(Tag(*tag), m)] == minors


def test_a_lock_gets_the_hashes_of_its_pins_and_keeps_its_notes(monkeypatch):
    listed = {
        "a": {"a-1.0-py3-none-any.whl": "aa", "a-1.0.tar.gz": "ab", "a-2.0-py3-none-any.whl": "ac",
              "a-1.0-cp311-cp311-win_amd64.whl": "ad", "a-1.0.win32.exe": "ae"},
        "b": {"b-3.tar.gz": "ba", "b-3-cp27-none-any.whl": "bb",
              "b-3-cp311-cp311-linux_x86_64.whl": "bc"},
    }  # fmt: skip
    monkeypatch.setattr(hash_locks, "listed", lambda package, index: listed[package])
    hashes = ["    --hash=sha256:aa", "    --hash=sha256:ba \\", "    --hash=sha256:bc"]
    lines = ["# notes", "a==1.0 \\", hashes[0], "b==3 \\", *hashes[1:], ""]
    assert hash_locks.hashed("# notes\na==1.0\nb==3\n") == "\n".join(lines)
    assert hash_locks.hashed("\n".join(lines)) == "\n".join(lines)
    with pytest.raises(
        SystemExit, match=r"expected files of a 9 for Python 3.11 in .*, found none"
    ):
        hash_locks.hashed("a==9\n")


def test_actions_of_ci_are_pinned_by_commit_and_may_only_read():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert yaml.safe_load(workflow)["permissions"] == {"contents": "read"}
    used = re.findall(r"uses: (\S+)", workflow)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


# Containers.

DOCKERFILE = (ROOT / "container/Dockerfile").read_text()
APPTAINER = (ROOT / "container/apptainer.def").read_text()


def test_both_containers_have_the_same_base_and_the_same_setup():
    (base,) = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert re.findall(r"^From: (\S+)", APPTAINER, re.M) == [base]
    (minor,) = re.findall(r"python:3\.(\d+)-slim", base)
    assert int(minor) in hash_locks.supported()
    (setup,) = re.findall(r"make setup .+", DOCKERFILE)
    assert re.findall(r"make setup .+", APPTAINER) == [setup]
    assert "requirements*.lock" in DOCKERFILE
    assert "requirements*.lock" in APPTAINER


def test_the_image_runs_as_no_root_and_holds_no_scans():
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.M) == ["1000"]
    first, *kept = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert first == "*"
    assert not {"!results", "!data", "!."} & {*kept}


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_hadolint_finds_nothing_in_the_dockerfile():
    done = subprocess.run(
        ["hadolint", ROOT / "container/Dockerfile"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
