"""Which commands and configs the docs hold: collected for test_documented_commands.py.

A command stands in a block ```bash or in backticks; in the head of a file in cohorts/, studies/ or
profiles/ as `snakemake ...` on a line of its own. One that cannot run has a marker with the
reason: <!-- not run: needs a GPU --> on the line before its block or behind its backticks, or
# not run: needs a GPU at the end of its line in a block.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "results" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
HEADED = [
    path
    for folder in ("cohorts", "studies", "profiles/default", "profiles/slurm")
    for path in sorted((ROOT / folder).glob("*.yaml"))
]
LANGUAGES = ("bash", "python", "text", "yaml")
MARKER = r"<!-- not run: (?P<why>[^>]+?) -->"
BLOCK = re.compile(rf"^(?:{MARKER}\n)?```(?P<language>.*)\n(?P<body>(?s:.*?))^```$", re.M)
INLINE = re.compile(rf"`(?P<text>[^`]+)`(?:\s*{MARKER})?")
PROGRAM = re.compile(r"(?:/usr/bin/time -v )?(?:\.venv/bin/)?(snakemake|python|make|pytest|pip) \S")
IN_HEAD = re.compile(r"^(?:\w+: )?(snakemake .+?)(?: {2,}.*)?$", re.M)


class Command(NamedTuple):
    """One command: where it stands, what it is, and why it is not run, "" where it is."""

    page: str
    text: str
    why: str = ""


class Block(NamedTuple):
    """One fenced block of a page."""

    page: str
    language: str
    body: str
    why: str


def blocks():
    """Return every fenced block of every page."""
    return [
        Block(name_of(page), found["language"], found["body"], found["why"] or "")
        for page in PAGES
        for found in BLOCK.finditer(page.read_text())
    ]


def commands():
    """Return every command, each once for all pages; the first marker that is found counts."""
    found = [*in_blocks(), *in_backticks(), *in_heads()]
    return list({(c.text, bool(c.why)): c for c in reversed(found)}.values())[::-1]


def in_blocks():
    """Yield the commands of all blocks ```bash, lines that end with a backslash joined."""
    for block in blocks():
        if block.language == "bash":
            for line in re.sub(r"\\\n\s*", "", block.body).splitlines():
                text, _, comment = line.partition("#")
                why = re.match(r" ?not run: (.+)", comment)
                if text.strip():
                    yield Command(block.page, text.strip(), why[1] if why else block.why)


def in_backticks():
    """Yield what begins with the name of a program and has arguments."""
    for page in PAGES:
        for found in INLINE.finditer(BLOCK.sub("", page.read_text())):
            text = " ".join(found["text"].split())
            if PROGRAM.match(text):
                yield Command(name_of(page), text, found["why"] or "")


def in_heads():
    """Yield the commands in the comments at the head of cohorts, studies and profiles."""
    for path in HEADED:
        head = re.match(r"(?:#.*\n)+", path.read_text())[0]
        text = re.sub(r"\\\n *", "", re.sub(r"^# *", "", head, flags=re.M))
        for found in IN_HEAD.finditer(text):
            yield Command(name_of(path), found[1])


def name_of(path):
    return str(path.relative_to(ROOT))
