"""The site of the docs: every page is in its navigation, every picture is there, and it builds."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from documented import BLOCK, PAGES, ROOT

DOCS = ROOT / "docs"
MKDOCS = ROOT / ".venv-docs/bin/python"


def pages_in(nav):
    """Return the pages of a navigation, which is a list of pages and of {title: list}."""
    for entry in nav:
        if isinstance(entry, dict):
            yield from pages_in([page for pages in entry.values() for page in pages])
        else:
            yield entry


def test_every_page_is_in_the_navigation():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = list(pages_in(nav))
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert len(named) == len(set(named))
    assert {*named} == written, f"differ: {sorted({*named} ^ written)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_is_there_and_small(page):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for path in re.findall(r"!\[[^\]]*\]\((?!https:)([^)\s]+)\)", text):
        picture = Path(page.parent / path)
        assert picture.is_file(), path
        assert picture.stat().st_size < 300_000, path


@pytest.mark.skipif(not MKDOCS.is_file(), reason="the builder is not installed: `make docs`")
def test_the_site_builds_without_a_warning(tmp_path):
    command = [MKDOCS, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site/search/search_index.js").is_file()
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        scripts = re.findall(r'<script[^>]* src="([^"]+)"', text)
        beside = tmp_path / "site" if page.name == "404.html" else page.parent
        assert all((beside / script.lstrip("/")).is_file() for script in scripts), page.name


def test_the_gallery_has_every_figure_of_the_docs_and_its_command():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"\(images/(\w+)\.png\)", text)
    drawn = re.findall(r"^\.venv/bin/snakemake \S+/figures/(\w+)\.png$", text, re.M)
    assert shown == drawn
    assert len(shown) >= 11
