"""Every kind of bad input is refused with the sentence that its page in docs has for it."""

import pytest
from bad_input import INPUT, SCANS, page, page_of, said_of
from bad_kinds import KINDS

from glioma_uq.errors import BadCase, BadInput

SAID = "(not used, and the log says so)", "(its head stays untrained, and the log says so)"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.what)
def test_each_kind_has_its_sentence(kind, tmp_path):
    said = said_of(kind, tmp_path)
    row = page([kind], {kind.what: said}).splitlines()[-1]
    assert row in page_of(kind).read_text().splitlines(), f"{said!r}: python tests/bad_input.py"
    assert "\n" not in said
    if not kind.what.endswith(SAID):
        assert said.startswith("expected ")
        assert ", found " in said


def test_there_are_many_kinds_and_the_page_has_no_other():
    assert len({kind.what for kind in KINDS}) == len(KINDS) > 100
    lines = [line for path in (INPUT, SCANS) for line in path.read_text().splitlines()]
    rows = [line for line in lines if line.startswith("| ")]
    groups = {kind.group for kind in KINDS}
    assert len(rows) == len(KINDS) + 2 * len(groups)


def test_bad_input_is_no_bad_case():
    assert not issubclass(BadInput, BadCase)
    assert not issubclass(BadCase, BadInput)
