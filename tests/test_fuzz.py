"""Two thousand damaged files end in an answer or one sentence; what does not is found."""

import time
from functools import partial

import pytest

pytest.importorskip("openpyxl", reason="openpyxl is installed by `make excel`")
pytest.importorskip("pydicom", reason="pydicom is installed by `make downloads`")

import fuzz

from glioma_uq.errors import BadCase


def broken(rng, folder):
    """Fail on one input in ten, refuse another."""
    number = rng.randrange(10)
    (folder / "input").write_text(str(number))
    if number == 1:
        raise KeyError("planted")
    if number == 2:
        raise BadCase("planted")


def test_no_damaged_file_ends_in_another_way(tmp_path, capsys):
    assert fuzz.fuzz(fuzz.TARGETS, seed=0, inputs=200, crashes=tmp_path) == 0
    *targets, said = capsys.readouterr().out.splitlines()
    assert said == "2000 inputs, 0 crashes"
    counts = [list(map(int, line.split()[1::2])) for line in targets]
    assert all(answered and answered + refused == 200 for answered, refused, _ in counts)


def test_a_crash_is_counted_named_and_kept_with_its_files(tmp_path, capsys):
    crashed = fuzz.fuzz([broken], seed=0, inputs=100, crashes=tmp_path)
    said = capsys.readouterr().out
    assert 0 < crashed < 50
    assert said.count("crash: KeyError in broken") == crashed
    assert {path.read_text() for path in tmp_path.glob("*/input")} == {"1"}
    number = int(said.partition("--first ")[2].partition(",")[0])
    again = partial(fuzz.fuzz, [broken], seed=0, inputs=1, crashes=tmp_path)
    assert (again(first=number), fuzz.attempt(broken, 0, number, tmp_path)[:5]) == (1, "crash")


def test_an_input_that_takes_long_is_a_crash(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "SLOWEST_S", 0.01)
    assert fuzz.attempt(lambda *_: time.sleep(0.05), 0, 0, tmp_path).startswith("crash: 0 s")


def test_the_exit_code_tells_of_a_crash(monkeypatch):
    monkeypatch.setattr("sys.argv", ["fuzz.py", "--inputs", "1", "--target", "sidecar"])
    monkeypatch.setattr(fuzz.resource, "setrlimit", lambda *_: None)
    assert fuzz.main() == 0
    monkeypatch.setattr(fuzz, "fuzz", lambda *_: 2)
    assert fuzz.main() == 1
