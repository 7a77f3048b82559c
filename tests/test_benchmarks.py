"""Every benchmark starts from any folder and ends with the line that its docstring states.

Each runs in its quick form. A new script in benchmarks/ is tested without being listed.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflows import BESIDE_REPOSITORY

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {path.name: path.read_text() for path in sorted((ROOT / "benchmarks").glob("*.py"))}
SCRIPTS = [name for name, source in SOURCES.items() if re.search(r"^def main\(", source, re.M)]
DOCSTRINGS = {name: ast.get_docstring(ast.parse(SOURCES[name])) for name in SCRIPTS}
NEEDY = [name for name in SCRIPTS if re.search("^Needs ", DOCSTRINGS[name], re.M)]
REFUSAL = re.compile(r"expected .+, found .+, .+\n")
NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?"
COMMAND = re.compile(r"python benchmarks/(\w+\.py)([^`#\n]*)")


def run(name, *arguments, folder, **environment):
    """Run a benchmark in `folder`."""
    command = [sys.executable, ROOT / "benchmarks" / name, *arguments]
    environment = os.environ | environment
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def pattern_of_last_line(docstring):
    """Return what matches the last line that a docstring states, with any finite numbers."""
    (stated,) = re.findall(r"^Last line: `([^`]+)`", docstring, re.M)
    texts = re.split(rf"(?<![\w.]){NUMBER}(?!\w)", " ".join(stated.split()))
    assert len(texts) > 1, f"expected a number in {stated!r}"
    return NUMBER.join(map(re.escape, texts))


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_quick_form_ends_with_the_stated_line(name, tmp_path):
    pattern = pattern_of_last_line(DOCSTRINGS[name])
    data = os.environ.get("GLIOMA_UQ_REAL_DATA", str(BESIDE_REPOSITORY))
    done = run(name, "--quick", folder=tmp_path, GLIOMA_UQ_REAL_DATA=data)
    if name in NEEDY and done.returncode == 2 and REFUSAL.fullmatch(done.stderr):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.fullmatch(pattern, done.stdout.splitlines()[-1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NEEDY)
def test_what_a_script_needs_is_asked_for_in_one_sentence(name, tmp_path):
    (tmp_path / "idc_index_data.py").write_text("raise ImportError")
    absent = {"PYTHONPATH": str(tmp_path), "GLIOMA_UQ_REAL_DATA": str(tmp_path)}
    done = run(name, "--quick", folder=tmp_path, **absent)
    assert (done.returncode, done.stdout) == (2, "")
    assert REFUSAL.fullmatch(done.stderr)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_docstring_names_the_command(name):
    commands = dict(COMMAND.findall(DOCSTRINGS[name]))
    assert "[--quick]" in commands[name]


def documented():
    """Return (script, options) of every command in the documentation."""
    texts = [path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    commands = {command for text in texts for command in COMMAND.findall(text)}
    return sorted((name, *re.findall(r"--[\w-]+", rest)) for name, rest in commands)


@pytest.mark.parametrize("command", documented(), ids=" ".join)
def test_a_documented_command_is_what_the_script_takes(command, tmp_path):
    name, *options = command
    assert name in SCRIPTS
    if options and "parse_known_args" not in SOURCES[name]:  # the rest is for another program
        known = run(name, "--help", folder=tmp_path).stdout
        assert set(options) <= set(re.findall(r"--[\w-]+", known))
