"""Rendering of contents to one HTML page with embedded images, which needs no network."""

import base64
import hashlib
import io
import json
import os
from pathlib import Path

import jinja2
import yaml
from PIL import Image

from glioma_uq.figures import caption
from glioma_uq.figures.cells import IN_TEXT
from glioma_uq.figures.words import format_number
from glioma_uq.files import written_whole
from glioma_uq.plurals import counted

NOTHING = "'none'"
SHRINK = 4  # factor from a sheet to a thumbnail of some 10 kB: a page of 1,200 has 16 MB


def data_url(image, kind="png"):
    """Return the bytes of an image as a data URL."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode('ascii')}"


def figure(path, beside, **facts):
    """Return name, title, caption, headline, image and links of one figure.

    The links to its PDF and its table are relative to the folder `beside`; `facts` are the
    values of the caption's placeholders.
    """
    path = Path(path)
    title, text = caption(path.stem, **facts)
    return {
        "id": path.stem,
        "name": path.stem.replace("_", " ").capitalize(),
        "title": title,
        "caption": text,
        "headline": title_in(path),
        "image": data_url(path.read_bytes()),
        "pdf": Path(os.path.relpath(path.with_suffix(".pdf"), beside)).as_posix(),
        "csv": Path(os.path.relpath(path.with_suffix(".csv"), beside)).as_posix(),
    }


def title_in(path):
    """Return the headline in the title of a figure's PNG, "" without one."""
    with Image.open(path) as image:
        return image.info.get("Title", "")


def overlay(path):
    """Return the image of one overlay and its case, from the file name."""
    return {"case": Path(path).stem, "image": data_url(Path(path).read_bytes())}


def thumbnail(path):
    """Return a small JPEG of a picture as a data URL."""
    small = io.BytesIO()
    with Image.open(path) as sheet:
        sheet.convert("RGB").reduce(SHRINK).save(small, "JPEG", quality=60, subsampling=0)
    return data_url(small.getvalue(), "jpeg")


def as_yaml(value):
    """Return a value as YAML, in its order of writing."""
    plain = json.loads(json.dumps(value))  # YAML rejects the workflow's types of dict
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).rstrip()


def in_four_digits(value):
    """Return a number with four digits, a task by its name, other text as is."""
    if isinstance(value, float):
        return format_number(value, ".4g" if value % 1 else ".0f")
    return IN_TEXT.get(str(value), str(value))


class Policy:
    """The content security policy of a page, which a browser keeps whatever the page holds.

    It asks no server for anything, shows images that are part of it, and runs the scripts and
    styles of our templates, told by their hashes: one that came in with a name or a table does
    nothing.
    """

    PLACE = "policy of this page"  # in the template, before all contents

    def __init__(self):
        self.hashes = {"script": [], "style": []}

    def allow(self, text, kind):
        """Return the text of a script or style element, which the page may use from now on."""
        found = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        self.hashes[kind].append(f"'sha256-{found}'")
        return text

    def __str__(self):
        own = [f"{kind}-src {' '.join(found or [NOTHING])}" for kind, found in self.hashes.items()]
        none = [f"{what} {NOTHING}" for what in ("default-src", "base-uri", "form-action")]
        return "; ".join([*none, *own, "img-src data:"])


def write(output, template, contents):
    """Write the page at `output`, of a template beside this module; all `contents` are escaped."""
    policy = Policy()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"yaml": as_yaml, "in_four_digits": in_four_digits}
    environment.filters["allowed"] = policy.allow
    environment.globals["counted"] = counted
    html = environment.get_template(template).render(contents)
    html = html.replace(Policy.PLACE, str(policy), 1)
    with written_whole(output) as path:
        path.write_text(html + "\n", encoding="utf-8")
