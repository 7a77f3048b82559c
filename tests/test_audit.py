"""The audit of the pinned packages: silence counts only where a known vulnerability is found."""

import sys

import pytest
from audit import main

FAKE = """
import pathlib, sys
text = pathlib.Path(sys.argv[-1]).read_text()
bad = [line for line in text.splitlines() if line in {bad}]
found = f"Found {{len(bad)}} known vulnerability in 1 package"
print(found if bad else "No known vulnerabilities found")
sys.exit(len(bad))
"""


@pytest.mark.parametrize(
    ("known", "code", "sentence"),
    [
        (["requests==2.30.0"], 0, "one.lock: no known vulnerability"),
        (["requests==2.30.0", "b==1"], 1, "two.lock: Found 1 known vulnerability"),
        (["b==1"], 2, "PyPI's advisories cannot be reached from here"),
    ],
)
def test_the_audit_tells_clean_vulnerable_and_unknown_apart(
    tmp_path, monkeypatch, capsys, known, code, sentence
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.lock").write_text("a==1\n")
    (tmp_path / "two.lock").write_text("a==1\nb==1\n")
    (tmp_path / "fake.py").write_text(FAKE.format(bad=known))
    command = [sys.executable, str(tmp_path / "fake.py")]
    assert main(["one.lock", "two.lock"], command) == code
    assert sentence in capsys.readouterr().out
