"""Each situation of tests/situations has the outcome that is right."""

import pytest
from situations import all_situations, is_right, outcome


@pytest.mark.parametrize("one", all_situations(), ids=lambda one: f"{one.group}: {one.what}")
def test_situation(one, tmp_path):
    found = outcome(one, tmp_path)
    assert is_right(one, found), f"expected {one.right!r}, found {found!r}"


def test_a_situation_is_told_apart_from_another():
    names = [one.what for one in all_situations()]
    assert len(names) == len(set(names))
