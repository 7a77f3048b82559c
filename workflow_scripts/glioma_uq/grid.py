"""How grid points are written in paths."""

ENSEMBLES = ("deep-ensemble", "mc-dropout-ensemble")  # of the networks of all training seeds
WITH_DROPOUT = ("mc-dropout", "mc-dropout-ensemble")  # samplers with active dropout
SUFFIXES = ("-deterministic", "-mc-dropout-ensemble", "-deep-ensemble", "-test-time-augmentation")
ALL_SEEDS = "all"  # in place of the seed, for an ensemble of all seeds


def format_rate(rate):
    """Return a dropout rate as written in paths.

    >>> format_rate(0.2)
    '0.20'
    """
    return f"{rate:.2f}"


def format_passes(passes):
    """Return a number of passes as written in paths.

    >>> format_passes(30)
    '030'
    """
    return f"{passes:03d}"


def format_cell(cell):
    """Return (network, rate, passes) of a cell as written in the long tables.

    >>> format_cell(("csnet", 0.2, 30))
    ('csnet', '0.20', 30)
    """
    network, rate, passes = cell
    return network, format_rate(rate), passes


def format_sampled(network, sampler):
    """Return a network and its sampler as written in paths and tables.

    >>> format_sampled("csnet", "mc-dropout"), format_sampled("csnet", "deep-ensemble")
    ('csnet', 'csnet-deep-ensemble')
    """
    return network if sampler == "mc-dropout" else f"{network}-{sampler}"


def trained_network(sampled):
    """Return the network of a name of `format_sampled`, whatever its sampler.

    >>> trained_network("csnet-deterministic")
    'csnet'
    """
    suffix = next((suffix for suffix in SUFFIXES if sampled.endswith(suffix)), "")
    return sampled.removesuffix(suffix)
