"""Draw one figure by its module in glioma_uq.figures."""

from glioma_uq.steps import arguments_of, run

import matplotlib

from glioma_uq.figures import figure_module
from glioma_uq.figures.style import STYLE, save_figure


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


if __name__ == "__main__":
    run(main, snakemake)
