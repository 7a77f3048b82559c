"""Draw one figure by its module in glioma_uq.figures."""

from glioma_uq.figures import figure_module
from glioma_uq.figures.style import save_figure
from glioma_uq.steps import asked_for, run


def main(*, figure, pdf, png, csv, **given):
    """Write the figure as PDF, as PNG and as the table that it shows.

    Args:
        figure: its name.
        given: inputs and params; `read` and `draw` get those that they name.
    """
    module = figure_module(figure)
    found = module.read(**asked_for(module.read, given))
    found = found if isinstance(found, tuple) else (found,)
    drawn = module.draw(*found, **asked_for(module.draw, given))
    save_figure(drawn, found[0], pdf=pdf, png=png, csv=csv)


if __name__ == "__main__":
    run(main, snakemake)
