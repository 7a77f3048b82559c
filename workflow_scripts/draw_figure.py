"""Draw one figure by its module in glioma_uq.figures."""

import inspect

import matplotlib

from glioma_uq.figures import figure_module
from glioma_uq.figures.style import STYLE, save_figure
from glioma_uq.steps import run


def main(*, figure, pdf, png, csv, **given):
    """Write the figure as PDF, as PNG and as the table that it shows.

    `read` and `draw` of the figure's module get those inputs and params, `given`, that they name.
    """
    module = figure_module(figure)
    found = module.read(**arguments_of(module.read, given))
    found = found if isinstance(found, tuple) else (found,)
    with matplotlib.rc_context(STYLE):
        drawn = module.draw(*found, **arguments_of(module.draw, given))
        save_figure(drawn, found[0], pdf=pdf, png=png, csv=csv)


def arguments_of(function, given):
    """Return those of `given` that are keyword-only parameters of `function`.

    Raises TypeError if one is missing.
    """
    parameters = inspect.signature(function).parameters.values()
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    missing = [name for name in named if name not in given]
    if missing:
        raise TypeError(
            f"expected {', '.join(missing)} for {function.__module__}.{function.__name__}, found "
            f"{', '.join(given) or 'nothing'}; add it to the input or params of the figure's rule"
        )
    return {name: given[name] for name in named}


if __name__ == "__main__":
    run(main, snakemake)
