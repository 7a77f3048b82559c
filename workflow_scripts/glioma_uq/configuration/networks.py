"""Whether a study's networks can be built, asked before anything else is done.

They are built without memory for their weights (torch's device "meta"), so this costs little
more than the import of torch.
"""

from importlib.util import find_spec

from glioma_uq.errors import BadInput
from glioma_uq.parts import CLASSES


def check_networks_build(config):
    """Raise BadInput where a network of the study cannot be built with its options.

    Or where it has no dropout layer for the rates. Where torch is not installed, as in the
    environment that only starts conda jobs, training says the same later.
    """
    if config["predictions"] or find_spec("torch") is None:
        return
    import torch

    from glioma_uq.networks import build_network

    shape = {
        "modalities": len(config["cohort"]["modalities"]),
        "classes": CLASSES[config["segmentation"]],
        "tasks": tuple(config["tasks"]),
    }
    for name in config["networks"]:
        options = config["network_options"].get(name, {})
        try:
            with torch.device("meta"):
                network = build_network(name, rate=max(config["rates"]), **shape, **options)
        except BadInput:
            raise
        except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
            reason = " ".join(str(error).split())
            raise BadInput(
                f"expected options that {name} can be built with, found {options} "
                f"({type(error).__name__}: {reason}): correct network_options.{name}."
            ) from error
        check_dropout(network, name, max(config["rates"]))


def check_dropout(network, name, rate):
    """Raise BadInput for a rate above 0 that the network has no layer for."""
    from torch.nn.modules.dropout import _DropoutNd

    if rate > 0 and not any(isinstance(module, _DropoutNd) for module in network.modules()):
        raise BadInput(
            f"expected dropout layers in {name} for the rate {rate:g}, found none: set rates to "
            "[0.0] and sampling.samplers to [deterministic], or choose another network."
        )
