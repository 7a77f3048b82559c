"""Fingerprints: words change nothing, code two imports away changes what depends on it."""

import ast
import shutil

import pytest

from glioma_uq.fingerprints import SCRIPTS, fingerprint, notation, read_code


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


# The real steps, on a copy


@pytest.fixture
def steps(tmp_path):
    """A copy of all steps and of the library."""
    shutil.copytree(
        SCRIPTS, tmp_path / "steps", ignore=shutil.ignore_patterns("__pycache__", "vendor")
    )
    return tmp_path / "steps"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("glioma_uq/errors.py", "did you mean", "is it"),
        ("glioma_uq/logs.py", "min left", "minutes left"),
        ("glioma_uq/training/trainer.py", "epoch {self.epoch} of at most", "{self.epoch} of"),
        ("glioma_uq/training/trainer.py", 'f"continuing after epoch {self.epoch}"', '"continuing"'),
        ("glioma_uq/training/checks.py", "expected labels of {task} among", "no {task} among"),
        ("glioma_uq/images.py", '"excluded at', '"left out at'),
    ],
    ids=["hint", "time left", "part of a print", "whole print", "part of a raise", "raise"],
)
def test_other_words_train_nothing_anew(steps, file, old, new):
    before = fresh("train_network.py", steps)
    edit(steps / file, old, new)
    assert fresh("train_network.py", steps) == before


def test_what_the_modules_of_words_import_still_counts(steps):
    before = fresh("train_network.py", steps)
    edit(steps / "glioma_uq/errors.py", "import difflib", "import difflib\n\nimport far")
    (steps / "far.py").write_text("FACTOR = 2\n")
    imported = fresh("train_network.py", steps)
    edit(steps / "far.py", "FACTOR = 2", "FACTOR = 3")
    assert len({before, imported, fresh("train_network.py", steps)}) == 3


SAYING = """
def check(x, names):
    if x > 3 and names != "ab":
        raise ValueError(f"expected at most {x:.1f}, found", "more")
    print(f"{x} is fine", names["b"])
    print("a line", file=names)
    return progress(sorted(names, key="ab"), "cases")
"""


@pytest.fixture
def saying(library):
    (library / "lib/far.py").write_text(f"FACTOR = 2\n{SAYING}")
    return library


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("expected at most {x:.1f}, found", "found no {x}"),
        ('f"expected at most {x:.1f}, found"', '"too many"'),
        ('"more"', '"much more"'),
        ("is fine", "will do"),
        ('"cases"', '"patients"'),
    ],
)
def test_words_raised_or_logged_change_nothing(saying, old, new):
    before = fresh("step.py", saying)
    edit(saying / "lib/far.py", old, new)
    assert fresh("step.py", saying) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2", "FACTOR = 2.0"),
        ("x > 3", "x >= 3"),
        ("x > 3", "x > 4"),
        ('!= "ab"', '!= "a"'),
        ("ValueError", "KeyError"),
        ('key="ab"', 'key="a"'),
        ('"a line", file', '"another line", file'),
        ("    print(f", "    names = 1\n    print(f"),
    ],
)
def test_what_decides_counts(saying, old, new):
    before = fresh("step.py", saying)
    edit(saying / "lib/far.py", old, new)
    assert fresh("step.py", saying) != before


def test_the_notation_is_that_of_python_313_in_every_version():
    """`ast.dump` of 3.11 writes empty lists too, and that of 3.12 the parameters of types."""
    code = "Return(value=BinOp(left=Constant(value=2), op=Mult(), right=Name(id='x', ctx=Load())))"
    code = f"FunctionDef(name='f', args=arguments(args=[arg(arg='x')]), body=[{code}])"
    assert notation(ast.parse("def f(x): return 2 * x")) == f"Module(body=[{code}])"
