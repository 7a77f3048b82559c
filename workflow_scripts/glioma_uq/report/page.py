"""From contents to one page of HTML that holds its images and asks no server for anything."""

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
SHRINK = 4  # by which a sheet becomes a thumbnail of some 10 kB: 1,200 of them are 16 MB of page
MOST_ROWS = 12  # of a table of provenance that stands open


def picture(path):
    """Return a PNG as the address of an image that carries its own bytes."""
    return "data:image/png;base64," + base64.b64encode(Path(path).read_bytes()).decode("ascii")


def pictures(figures, learning_curves, overlays, folder, **facts):
    """Return figures, learning_curves (None without training) and overlays of the page.

    `folder` is where the page will lie, `facts` are the numbers that captions name.
    """
    return {
        "figures": [figure(path, folder, **facts) for path in figures],
        "learning_curves": figure(learning_curves, folder, **facts) if learning_curves else None,
        "overlays": [overlay(path) for path in overlays],
    }


def figure(path, beside, **facts):
    """Return what the page shows of one figure: name, title, caption, image and links.

    The links to its PDF and its table are relative to the folder `beside`.
    """
    path = Path(path)
    title, text = caption(path.stem, **facts)
    name = path.stem.replace("_", " ").capitalize()
    links = {kind: _relative(path.with_suffix(f".{kind}"), beside) for kind in ("pdf", "csv")}
    return {"id": path.stem, "name": name, "title": title, "caption": text,
            "says": title_in(path), "image": picture(path), **links}  # fmt: skip


def title_in(path):
    """Return the sentence that a figure's PNG carries as its title, "" without one."""
    with Image.open(path) as image:
        return image.info.get("Title", "")


def overlay(path):
    """Return the image of one overlay and its case, which names the file."""
    return {"case": Path(path).stem, "image": picture(path)}


def thumbnail(path):
    """Return a small JPEG of a picture as the address of an image that carries its own bytes."""
    small = io.BytesIO()
    with Image.open(path) as sheet:
        sheet.convert("RGB").reduce(SHRINK).save(small, "JPEG", quality=60, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode("ascii")


def provenance_parts(provenance):
    """Return [{name, rows | text, is_long}] of the entries of provenance.json, config left out."""
    parts = []
    for name, entry in provenance.items():
        if name == "config":
            continue
        is_table = isinstance(entry, dict)
        rows = [(key, _plain(value)) for key, value in entry.items()] if is_table else None
        text = None if is_table else _plain(entry)
        parts.append({"name": name.replace("_", " "), "rows": rows, "text": text,
                      "is_long": len(rows or ()) > MOST_ROWS})  # fmt: skip
    return parts


def as_yaml(value):
    """Return a value as YAML in the order in which it was written."""
    plain = json.loads(json.dumps(value))  # YAML refuses the workflow's own kinds of dict
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
    """Return a scalar as it is and anything nested as YAML."""
    return as_yaml(value) if isinstance(value, dict | list) else str(value)


def _relative(path, folder):
    return Path(os.path.relpath(path, folder)).as_posix()
