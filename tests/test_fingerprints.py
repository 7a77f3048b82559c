"""Fingerprints: words change nothing, code two imports away changes what depends on it."""

import pytest

from glioma_uq.fingerprints import fingerprint, read_code


@pytest.fixture
def library(tmp_path):
    """A step that imports a module that imports another, and a step that imports neither."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/__init__.py").write_text('"""A library."""\n')
    (tmp_path / "lib/far.py").write_text('"""Far."""\n\nFACTOR = 2\n')
    near = '"""Near."""\n\nfrom lib.far import FACTOR\n\n\n'
    near += 'def f(x):\n    """Say."""\n    return FACTOR * x\n'
    (tmp_path / "lib/near.py").write_text(near)
    (tmp_path / "step.py").write_text("import json\n\nfrom lib.near import f\n")
    (tmp_path / "other.py").write_text("import json\n")
    return tmp_path


def fresh(step, root):
    fingerprint.cache_clear()
    read_code.cache_clear()
    return fingerprint(step, root)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Say."""', '"""Say it in other words."""'),
        ('"""Near."""', '# a comment\n"""Near."""'),
        ("return FACTOR * x", "return (FACTOR   * x)  # why"),
    ],
    ids=["docstring", "comment", "layout"],
)
def test_words_and_layout_change_nothing(library, old, new):
    before = fresh("step.py", library)
    edit(library / "lib/near.py", old, new)
    assert fresh("step.py", library) == before


def test_a_constant_two_imports_away_changes_exactly_what_reaches_it(library):
    before, other = fresh("step.py", library), fresh("other.py", library)
    edit(library / "lib/far.py", "FACTOR = 2", "FACTOR = 3")
    assert fresh("step.py", library) != before
    assert fresh("other.py", library) == other
