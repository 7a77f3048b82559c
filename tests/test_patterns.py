"""Users' patterns end within a second, and built-in ones at once, whatever the text."""

import time

import pandas as pd
import pytest

from glioma_uq import patterns
from glioma_uq.cohorts.labels import rewritten
from glioma_uq.cohorts.series import choose_series, why_missing
from glioma_uq.errors import BadInput

SLOW = "^(a+)+$"
TEXT = "a" * 40 + " b"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait less in tests."""
    monkeypatch.setattr(patterns, "LONGEST_S", 0.1)


@pytest.mark.parametrize("match", [patterns.search, patterns.fullmatch])
def test_a_pattern_that_does_not_end_is_ended(match):
    began = time.monotonic()
    with pytest.raises(BadInput, match="found '.*' still at work on 'a* b', write it without a"):
        match("(a+)+$|b.c" if match is patterns.fullmatch else SLOW, TEXT)
    assert time.monotonic() - began < 1
    assert match("a+( b)?", TEXT)[0] == TEXT


def test_a_patterns_time_is_over_when_it_is_decided():
    patterns.search("a", "a")
    time.sleep(0.2)  # an alarm left behind would end the tests


def table(*descriptions):
    rows = [
        {"case": "a", "SeriesInstanceUID": str(i), "SeriesDescription": text, "instances": 20,
         "StudyDate": "20010101", "SeriesNumber": i}
        for i, text in enumerate(descriptions)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("rules", [{"t1": {"include": SLOW}}, {"never": {"mine": SLOW}}])
def test_a_rule_that_does_not_end_leaves_out_its_series_alone(rules):
    chosen = choose_series(table(TEXT, "AX T2"), ["t1", "t2"], rules)
    assert list(chosen.modality) == ["", "t2"]
    assert f"found {SLOW!r} still at work" in why_missing(chosen, "t1")


def test_an_id_rewritten_by_a_pattern_that_does_not_end_stops_with_one_sentence():
    with pytest.raises(BadInput, match="expected a pattern that is decided within"):
        rewritten(TEXT, {"pattern": "(a+)+c", "as": ""})


@pytest.mark.parametrize("part", ["t1 ", "w w/o ", "+ gad", " ", "1 ", "t2*", "a", "pre post "])
def test_descriptions_of_65536_characters_take_a_tenth_of_a_second(part):
    text = part * (65536 // len(part))
    began = time.process_time()
    choose_series(table(text), ["t1", "t2", "t1ce", "flair"])
    assert time.process_time() - began < 0.1
