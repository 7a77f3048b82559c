"""Fingerprint of a step: a hash of its code and of the library modules that it imports.

Snakemake reruns a rule when a parameter changes, but not when a module imported by its script
changes, so each rule has this hash as a parameter. Comments, docstrings, layout, error messages
and log lines are left out: editing a text reruns nothing, while editing a constant two imports
away reruns exactly what depends on it. A table that quotes an error message, such as that of the
excluded cases, keeps the old words until its step runs again.

The hash is the same under Python 3.11, 3.12 and 3.13.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
SCRIPTS = Path(__file__).resolve().parents[1]
# Functions that write to the log, and the index of their first argument that is text.
WORDS_FROM = {"print": 0, "progress": 1}
# These modules affect no result, only messages and the log, so only their imports count.
ONLY_WORDS = ("glioma_uq/errors.py", "glioma_uq/logs.py")


class Blank(ast.NodeTransformer):
    """Replaces each text in an expression by an empty one."""

    def visit_JoinedStr(self, node):
        return ast.Constant("")

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node


def words_of(node):
    """Return the arguments of a raise or a log call and the index of the first text, else [], 0."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return node.exc.args, 0
    name = getattr(getattr(node, "func", None), "id", None)
    if name in WORDS_FROM and all(keyword.arg != "file" for keyword in node.keywords):
        return node.args, WORDS_FROM[name]
    return [], 0


def without_words(tree):
    """Remove docstrings and blank the texts of errors and log lines, in place."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        arguments, first = words_of(node)
        arguments[first:] = [Blank().visit(argument) for argument in arguments[first:]]
    return tree


def notation(tree):
    """Return a syntax tree as text, as `ast.dump` does since Python 3.13: without empty fields.

    The text of older versions, and still that of `ast.unparse`, depends on the version.
    """
    if isinstance(tree, list):
        return f"[{', '.join(map(notation, tree))}]"
    if not isinstance(tree, ast.AST):
        return repr(tree)
    fields = [f"{name}={notation(x)}" for name, x in ast.iter_fields(tree) if x not in (None, [])]
    return f"{type(tree).__name__}({', '.join(fields)})"


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

    Cached, so that all steps together read each file once: each start of Snakemake, hence each
    job on a cluster, computes all fingerprints. The standard library's modulefinder is slower.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {file for name in modules_imported(tree) for file in files_of_module(name, root)}
    code = "" if str(path.relative_to(root)) in ONLY_WORDS else notation(without_words(tree))
    return hashlib.sha256(code.encode()).hexdigest(), imported


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
        also: a file below `root` that the step imports by a name known only at run time.
    """
    root = Path(root)
    digest = hashlib.sha256()
    starts = [root / step, *([root / also] if also else [])]
    for path in sorted(set().union(*(files_reached(start, root) for start in starts))):
        code, _ = read_code(path, root)
        digest.update(f"{path.relative_to(root)} {code}\n".encode())
    return digest.hexdigest()[:16]
