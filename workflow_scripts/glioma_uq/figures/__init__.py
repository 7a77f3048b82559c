"""The figures of studies and cohorts: each is one module, named as its rule and its files are.

A figure's module holds

    CAPTION     (title, text), the text with placeholders such as {rate} for what a report knows
    read        its inputs and params by name -> the table that is drawn and saved, or a tuple of
                this table and of what else `draw` needs
    draw        what `read` returned, and params by name -> the matplotlib Figure

`draw_figure.py` hands to both what their keyword-only parameters name. The other modules serve
several figures: `style`, `words`, `lines`, `networks` (colours and marks of several), `cells`
(rows of the long tables) and `gallery_cases` (scans and maps of single cases).
"""

from importlib import import_module
from importlib.util import find_spec

from glioma_uq.errors import BadInput


def figure_module(name):
    """Return the module of the figure `name`; raises BadInput where there is none."""
    path = f"{__name__}.{name}"
    module = import_module(path) if find_spec(path) else None
    if not hasattr(module, "CAPTION"):
        raise BadInput(
            f"expected the name of a figure, found {name}; write glioma_uq/figures/{name}.py "
            "with CAPTION, read and draw"
        )
    return module


def caption(name, **facts):
    """Return (title, text) of the caption of the figure `name`, with `facts` filled in."""
    title, text = figure_module(name).CAPTION
    return title, text.format(**facts)
