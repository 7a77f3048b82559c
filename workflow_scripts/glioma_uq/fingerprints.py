"""A step's fingerprint: what it and the library modules it reaches through imports compute.

Snakemake re-runs a rule when a parameter changes, not when a module that its script
imports changes. So each rule carries this hash as a parameter. Comments, docstrings and
layout do not enter it: editing a text re-runs nothing, editing a constant two imports away
re-runs exactly what depends on it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SCRIPTS = Path(__file__).resolve().parents[1]


def without_docstrings(tree):
    """Remove the docstrings of a module, its classes and functions, in place."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


def modules_imported(tree):
    """Return the names that a module imports, `a.b` and `a.b.c` for `from a.b import c`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return names


@cache
def files_of_module(name, root):
    """Return the files below `root` that importing `a.b.c` runs: of a, of a.b and of a.b.c."""
    parts = name.split(".")
    folders = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [file for f in folders for file in (f.with_suffix(".py"), f / "__init__.py")]
    return [file for file in files if file.is_file()]


@cache
def read_code(path, root):
    """Return a hash of what a Python file computes, and the files below `root` it imports.

    All steps together ask for each file once. The standard library's modulefinder scans it
    anew for each, and every start of Snakemake, which a cluster's jobs are, would wait.
    """
    tree = without_docstrings(ast.parse(path.read_text()))
    imported = {file for name in modules_imported(tree) for file in files_of_module(name, root)}
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imported


def files_reached(script, root):
    """Return the files below `root` that `script` reaches through imports, itself included."""
    reached, waiting = {script}, [script]
    while waiting:
        _, imported = read_code(waiting.pop(), root)
        waiting += imported - reached
        reached |= imported
    return reached


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
    starts = [root / step, *([root / also] if also else [])]
    for path in sorted(set().union(*(files_reached(start, root) for start in starts))):
        code, _ = read_code(path, root)
        digest.update(f"{path.relative_to(root)} {code}\n".encode())
    return digest.hexdigest()[:16]
