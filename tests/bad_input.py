"""Kinds of bad input, and what is said of each.

`python tests/bad_input.py` writes docs/bad_input.md from them. The page is the reference:
test_bad_input.py shows every kind and compares its sentence with the page.
"""

import os
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "bad_input.md"
KINDS = []
HEAD = """# Bad input

What is wrong with a study, its tables or its scans is said in one sentence: what was expected, what
was found, what to do. A config or a table of labels is refused before the first job; files of a
study that was begun are refused by the step that reads them; a scan excludes its case, with the
sentence as its reason, and the others go on (`on_bad_case: stop` stops instead). This page is
written by `python tests/bad_input.py` from the tests, which compare every sentence with it."""


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


def page(kinds, sentences):
    """Return the text of docs/bad_input.md; `sentences`: {what: sentence}."""
    lines = [HEAD]
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
    """Write the page from what every kind leads to."""
    sys.path.insert(0, str(ROOT / "workflow_scripts"))
    import bad_kinds

    sentences = {}
    for kind in bad_kinds.KINDS:
        with tempfile.TemporaryDirectory() as folder, quietly():
            sentences[kind.what] = said_of(kind, Path(folder))
    PAGE.write_text(page(bad_kinds.KINDS, sentences))


if __name__ == "__main__":
    main()
