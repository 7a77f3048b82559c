"""Redraw every picture of the docs from a finished demo: `make docs-images`.

Figures are copied, with few colours, from results/studies/phantom; pages are photographed by a
headless Chromium. docs/gallery.md is written anew: figure, command, how it is read, and where and
when it was drawn.
"""

import io
import json
import tempfile
import textwrap
from pathlib import Path

import chromium
from PIL import Image

from glioma_uq.figures import figure_module

ROOT = Path(__file__).resolve().parents[1]
STUDY = Path("results/studies/phantom")
IMAGES = ROOT / "docs/images"
LARGEST = 1400  # pixels across
HEAD = """# Gallery

Every figure of the demo, the command that draws it and how it is read. The patients are synthetic.
Redrawn, with this page, by `make docs-images` from a finished demo; another type of processor
gives slightly different numbers. Here: commit {commit}
on {processor}.
"""
ENTRY = """
## {title}

![{title}](images/{name}.png)

```bash
.venv/bin/snakemake {path}
```

{text}
"""


def save(image, name):
    """Save a picture below docs/images with at most 128 colours."""
    image = image.convert("RGB")
    image.thumbnail((LARGEST, 10 * LARGEST))
    image.quantize(128).save(IMAGES / f"{name}.png", optimize=True)


def photograph(name, page):
    """Save the first screen of a page of the study."""
    page.open(STUDY / f"{name}.html")
    save(Image.open(io.BytesIO(page.screenshot())), name)


def first_sentence(name, config):
    """Return the title of a figure's caption and the first sentence on how to read it."""
    title, *parts = figure_module(name).CAPTION
    text = next(part for part in parts if isinstance(part, str)).partition(". ")[0]
    facts = {**config["selection"], "level": f"{100 * config['statistics']['level']:g}"}
    return title, text.rstrip(".").format(**facts, classes=2) + "."


def wrapped(text, width=110):
    """Return a text with lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width))


def gallery(figures):
    """Return the text of docs/gallery.md."""
    run = json.loads((STUDY / "provenance.json").read_text(encoding="utf-8"))
    facts = {"commit": run["code"]["commit"][:12], "processor": run["machine"]["processor"]}
    entries = []
    for path in figures:
        title, text = first_sentence(path.stem, run["config"])
        entries.append(ENTRY.format(title=title, name=path.stem, path=path, text=wrapped(text)))
    return HEAD.format(**facts) + "".join(entries)


if __name__ == "__main__":
    drawn = sorted((STUDY / "figures").glob("*.png"))
    if not drawn:
        raise SystemExit(f"expected a finished demo in {STUDY}, found no figures, run make demo")
    if not chromium.find_chromium():
        raise SystemExit("expected Chromium or Chrome to photograph pages, found none, install it")
    for path in drawn:
        save(Image.open(path), path.stem)
    with tempfile.TemporaryDirectory() as profile, chromium.browser(profile) as page:
        photograph("report", page)
        photograph("viewer", page)
    (ROOT / "docs/gallery.md").write_text(gallery(drawn), encoding="utf-8")
