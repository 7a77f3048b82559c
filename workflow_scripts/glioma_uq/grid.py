"""How the points of the grid are written in paths: in one place."""


def format_rate(rate):
    """Return a dropout rate as paths carry it.

    >>> format_rate(0.2)
    '0.20'
    """
    return f"{rate:.2f}"


def format_passes(passes):
    """Return a number of passes as paths carry it.

    >>> format_passes(30)
    '030'
    """
    return f"{passes:03d}"
