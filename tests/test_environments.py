"""One truth about versions: pyproject.toml, the conda environments and the lock agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

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
