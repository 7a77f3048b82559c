"""The audit of the pinned packages: silence counts only where a known vulnerability is found."""

import sys

import pytest
from audit import main

FAKE = """
import pathlib, sys
text = pathlib.Path(sys.argv[-1]).read_text()
for line, said, code in {ends}:
    if line in text:
        print(said)
        sys.exit(code)
print("No known vulnerabilities found")
"""
KNOWN = ("requests==2.30.0", "Found 1 known vulnerability in 1 package", 1)


def run(tmp_path, monkeypatch, *ends):
    """Audit two locks, the second with b==1, by a command with these ends; return the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.lock").write_text("a==1\n")
    (tmp_path / "two.lock").write_text("a==1\nb==1\n")
    (tmp_path / "fake.py").write_text(FAKE.format(ends=ends))
    return main(["one.lock", "two.lock"], [sys.executable, str(tmp_path / "fake.py")])


@pytest.mark.parametrize(
    ("ends", "code", "sentence"),
    [
        ([KNOWN], 0, "one.lock: no known vulnerability\ntwo.lock: no known vulnerability"),
        ([KNOWN, ("b==1", KNOWN[1], 1)], 1, "two.lock: Found 1 known vulnerability"),
        ([("b==1", KNOWN[1], 1)], 2, "PyPI's advisories cannot be reached from here"),
    ],
)
def test_the_audit_tells_clean_vulnerable_and_unknown_apart(
    tmp_path, monkeypatch, capsys, ends, code, sentence
):
    assert run(tmp_path, monkeypatch, *ends) == code
    assert sentence in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: the service is down", 1),  # pip-audit's own errors exit with 1 too
        ("usage: pip-audit", 2),
        ("killed", 137),
        ("", 0),
        ("No known vulnerabilities found", 1),
        ("No known vulnerabilities found\nName Skip Reason\nb    not on PyPI", 0),
        ("Found 1 known vulnerability in 1 package", 0),
    ],
)
def test_an_audit_that_failed_is_no_clean_one(tmp_path, monkeypatch, capsys, said, code):
    assert run(tmp_path, monkeypatch, KNOWN, ("b==1", said, code)) == 2
    assert f"two.lock: expected pip-audit to look up every package, found that it failed: {said}" \
        in capsys.readouterr().out  # fmt: skip


def test_a_failure_outweighs_a_vulnerability(tmp_path, monkeypatch):
    assert run(tmp_path, monkeypatch, KNOWN, ("b==1", KNOWN[1], 1), ("a==1", "down", 1)) == 2
