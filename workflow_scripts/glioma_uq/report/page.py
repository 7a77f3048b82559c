"""Rendering of contents to one HTML page with embedded images, which needs no network."""

import base64
import io
import json
import os
from pathlib import Path

import jinja2
import yaml
from PIL import Image

from glioma_uq.figures import caption

TEMPLATE = Path(__file__).with_name("report.html.jinja")
COHORT_TEMPLATE = Path(__file__).with_name("cohort.html.jinja")
SHRINK = 4  # factor from a sheet to a thumbnail of some 10 kB: a page of 1,200 has 16 MB
MOST_ROWS = 12  # of a table of provenance that is shown unfolded


def picture(path):
    """Return a PNG as a data URL."""
    return "data:image/png;base64," + base64.b64encode(Path(path).read_bytes()).decode("ascii")


def pictures(figures, learning_curves, overlays, folder, **facts):
    """Return the page's figures, learning_curves (None without training) and overlays.

    `folder` is that of the page, `facts` are the values of the captions' placeholders.
    """
    return {
        "figures": [figure(path, folder, **facts) for path in figures],
        "learning_curves": figure(learning_curves, folder, **facts) if learning_curves else None,
        "overlays": [overlay(path) for path in overlays],
    }


def figure(path, beside, **facts):
    """Return name, title, caption, headline, image and links of one figure.

    The links to its PDF and its table are relative to the folder `beside`.
    """
    path = Path(path)
    title, text = caption(path.stem, **facts)
    name = path.stem.replace("_", " ").capitalize()
    links = {kind: _relative(path.with_suffix(f".{kind}"), beside) for kind in ("pdf", "csv")}
    return {"id": path.stem, "name": name, "title": title, "caption": text,
            "headline": title_in(path), "image": picture(path), **links}  # fmt: skip


def title_in(path):
    """Return the headline in the title of a figure's PNG, "" without one."""
    with Image.open(path) as image:
        return image.info.get("Title", "")


def overlay(path):
    """Return the image of one overlay and its case, from the file name."""
    return {"case": Path(path).stem, "image": picture(path)}


def thumbnail(path):
    """Return a small JPEG of a picture as a data URL."""
    small = io.BytesIO()
    with Image.open(path) as sheet:
        sheet.convert("RGB").reduce(SHRINK).save(small, "JPEG", quality=60, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode("ascii")


def provenance_parts(provenance):
    """Return [{name, rows | text, is_long}] of the entries of provenance.json except config."""
    sections = []
    for name, entry in provenance.items():
        if name == "config":
            continue
        is_table = isinstance(entry, dict)
        rows = [(key, _plain(value)) for key, value in entry.items()] if is_table else None
        text = None if is_table else _plain(entry)
        sections.append({"name": name.replace("_", " "), "rows": rows, "text": text,
                      "is_long": len(rows or ()) > MOST_ROWS})  # fmt: skip
    return sections


def as_yaml(value):
    """Return a value as YAML, in its order of writing."""
    plain = json.loads(json.dumps(value))  # YAML rejects the workflow's types of dict
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).rstrip()


def render(contents, template=TEMPLATE):
    """Return the page as HTML; every text in `contents` is escaped."""
    template = Path(template)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(contents) + "\n"


def _plain(value):
    """Return a scalar as text and nested values as YAML."""
    return as_yaml(value) if isinstance(value, dict | list) else str(value)


def _relative(path, folder):
    return Path(os.path.relpath(path, folder)).as_posix()
