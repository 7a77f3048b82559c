"""Kinds of bad input, and what is said of each.

`python tests/bad_input.py` writes docs/bad_input.md and docs/bad_scans.md from them. The pages are
the reference: test_bad_input.py shows every kind and compares its sentence with its page.
"""

import os
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
INPUT, SCANS = (ROOT / "docs" / name for name in ("bad_input.md", "bad_scans.md"))
KINDS = []
HEAD = """# Bad input

What is wrong with a study, its tables or its scans is said in one sentence: what was expected, what
was found, what to do. A config or a table of labels is refused before the first job; files of a
study that was begun are refused by the step that reads them; a scan excludes its case, with the
sentence as its reason, and the others go on (`on_bad_case: stop` stops instead):
[bad_scans.md](bad_scans.md). `python tests/bad_input.py` writes both pages from the tests, which
compare every sentence with them."""
HEAD_OF_SCANS = """# Bad scans

A scan that cannot be used excludes its case, with one sentence as its reason; the others go on.
[bad_input.md](bad_input.md) has what is said of configs and tables, and how both are written."""


class Kind(NamedTuple):
    """One kind: under which heading, what is wrong, and a function of a folder that shows it."""

    group: str
    what: str
    show: object


def kind(group, what):
    """Enter the decorated function, which raises or returns the sentence, among KINDS."""

    def enter(show):
        KINDS.append(Kind(group, what, show))
        return show

    return enter


def said_of(kind, folder):
    """Return the sentence, with `folder` left out of paths."""
    try:
        said = kind.show(folder)
    except ValueError as error:  # BadInput and BadCase are such
        said = str(error)
    return said.replace(f"{folder}/", "")


def page_of(kind):
    """Return the page that a kind is on."""
    return SCANS if kind.group.startswith("Scans") else INPUT


def page(kinds, sentences):
    """Return the text of the page of some kinds; `sentences`: {what: sentence}."""
    lines = [HEAD_OF_SCANS if page_of(kinds[0]) == SCANS else HEAD]
    for group in dict.fromkeys(kind.group for kind in kinds):
        lines += [f"\n## {group}\n", "| what is wrong | what is said |", "| --- | --- |"]
        for what in (kind.what for kind in kinds if kind.group == group):
            lines.append(f"| {what} | {in_table(sentences[what])} |")
    return "\n".join([*lines, ""])


def in_table(sentence):
    """Return a sentence as a cell of a table in Markdown."""
    return sentence.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


@contextmanager
def quietly():
    """Send what steps print nowhere."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        yield


def main():
    """Write the pages from what every kind leads to."""
    sys.path.insert(0, str(ROOT / "workflow_scripts"))
    import bad_kinds

    sentences = {}
    for kind in bad_kinds.KINDS:
        with tempfile.TemporaryDirectory() as folder, quietly():
            sentences[kind.what] = said_of(kind, Path(folder))
    for path in (INPUT, SCANS):
        mine = [kind for kind in bad_kinds.KINDS if page_of(kind) == path]
        path.write_text(page(mine, sentences), encoding="utf-8")


if __name__ == "__main__":
    main()
