"""What networks that only segment have in common: dropout by rate, no subtyping heads."""

from torch import nn

from glioma_uq.errors import BadInput


def dropout(rate):
    """Return the layers that drop whole channels with probability `rate`: none at rate 0."""
    return [nn.Dropout3d(rate)] if rate > 0 else []


def add_dropout(blocks, rate):
    """Put dropout at the end of each of these sequences of layers."""
    for block in blocks:
        block.extend(dropout(rate))


def check_options(network, tasks, width, divisor=1):
    """Refuse subtyping tasks, for which the network has no heads, and a width that cannot be."""
    if tasks:
        raise BadInput(
            f"expected no subtyping tasks for {network}, which only outlines the tumour, found "
            f"{', '.join(tasks)}: set tasks to [], or choose a network with heads, as csnet."
        )
    if width < 1 or width % divisor:
        raise BadInput(
            f"expected a positive multiple of {divisor} for the option width of {network}, "
            f"found {width}: correct network_options."
        )
