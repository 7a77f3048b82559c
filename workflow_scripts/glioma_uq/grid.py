"""How the points of the grid are written in paths: in one place."""

ENSEMBLES = ("deep-ensemble", "mc-dropout-ensemble")  # of all seeds of training
WITH_DROPOUT = ("mc-dropout", "mc-dropout-ensemble")  # which sample with dropout
ALL_SEEDS = "all"  # what stands for the seed where an ensemble holds them all


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


def format_sampled(network, sampler):
    """Return a network and how it is sampled as paths and tables carry them.

    >>> format_sampled("csnet", "mc-dropout"), format_sampled("csnet", "deep-ensemble")
    ('csnet', 'csnet-deep-ensemble')
    """
    return network if sampler == "mc-dropout" else f"{network}-{sampler}"
