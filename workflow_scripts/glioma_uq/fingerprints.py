"""A step's fingerprint: what it and the library modules it reaches through imports compute.

Snakemake re-runs a rule when a parameter changes, not when a module that its script
imports changes. So each rule carries this hash as a parameter. Comments, docstrings and
layout do not enter it: editing a text re-runs nothing, editing a constant two imports away
re-runs exactly what depends on it.
"""

import ast
import hashlib
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SCRIPTS = Path(__file__).resolve().parents[1]


def without_docstrings(tree):
    """Remove the docstrings of a module, its classes and functions, in place."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


@cache
def hash_of_code(path):
    """Return a hash of what a Python file computes."""
    tree = without_docstrings(ast.parse(Path(path).read_text()))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def files_reached(script, root):
    """Return the files below `root` that `script` reaches through imports, itself included."""
    finder = ModuleFinder(path=[str(root)])
    finder.run_script(str(script))
    return sorted({Path(m.__file__) for m in finder.modules.values() if m.__file__})


@cache
def fingerprint(step, root=SCRIPTS, also=None):
    """Return 16 hex digits that change when the code behind `step` changes.

    Args:
        step: file name of a step, as "train_network.py".
        root: the folder of the steps and the library.
        also: a file that the step imports by a name that only the run knows, below `root`.
    """
    root = Path(root)
    digest = hashlib.sha256()
    reached = {
        *files_reached(root / step, root),
        *(files_reached(root / also, root) if also else ()),
    }
    for path in sorted(reached):
        digest.update(f"{path.relative_to(root)} {hash_of_code(path)}\n".encode())
    return digest.hexdigest()[:16]
