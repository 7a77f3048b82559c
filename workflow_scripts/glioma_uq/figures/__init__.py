"""The figures of studies and cohorts: one module each, with the name of its rule and files.

A figure's module holds

    CAPTION     (title, text, ...), texts with placeholders such as {rate} that the report fills in;
                a pair (what, text) is for studies that have this, see `StudyPlan.has`
    read        its inputs and params by name -> the table that is drawn and saved, or a tuple of
                this table and other arguments of `draw`
    draw        what `read` returned, and params by name -> the matplotlib Figure

`draw_figure.py` passes both the arguments that their keyword-only parameters name, and draws in
the common style. Other modules are shared by several figures: `style`, `words`, `lines`, `networks`
(several networks side by side), `cells` (rows of the long tables), `gallery_cases` (scans and maps
of cases) and `slices` (panels of images).
"""

from importlib import import_module
from importlib.util import find_spec

from glioma_uq.errors import BadInput
from glioma_uq.figures.words import GIVEN


def figure_module(name):
    """Return the module of the figure `name`; raises BadInput if there is none."""
    path = f"{__name__}.{name}"
    module = import_module(path) if find_spec(path) else None
    if not hasattr(module, "CAPTION"):
        raise BadInput(
            f"expected the name of a figure, found {name}; write glioma_uq/figures/{name}.py "
            "with CAPTION, read and draw"
        )
    return module


def caption(name, given="", has=(), **facts):
    """Return (title, text) of the caption of the figure `name`, with `facts` filled in.

    The text speaks only of what the study `has`, as "segmentation" or "seeds". Where intervals are
    `given` these networks, the caption of a figure with intervals says so.
    """
    title, *parts = figure_module(name).CAPTION
    pairs = [("", part) if isinstance(part, str) else part for part in parts]
    text = " ".join(part for what, part in pairs if not what or what in has).format(**facts)
    return title, f"{text} {GIVEN}" if given and "bootstrap interval" in text else text
