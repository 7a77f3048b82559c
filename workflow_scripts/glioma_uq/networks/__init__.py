"""The networks by name: `u-net` is the file u_net.py beside this one.

Its last line says which class it is: `NETWORK = UNet`.
A network takes (B, modalities, X, Y, Z) and returns a dict of logits by task, never
probabilities. Its constructor takes `modalities` and `rate` and options of its own.

Networks that only outline the tumour return {"segmentation": (B, classes, X, Y, Z)} and take

    modalities: number of input volumes.
    width: channels, on which the number of parameters depends.
    rate: probability of dropping a channel after the bottom and each level of the decoder.
    classes: outputs of the segmentation; where the default is three, the original has one for
        each of three regions.
    tasks: subtyping heads, of which they have none.

Files are imported by name and only when asked for, so that a new network leaves the code
behind the others, and with it their trained weights, as they are.
"""

import importlib
import pkgutil

from glioma_uq.errors import BadInput


def list_networks():
    """Return the names of all networks."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def build_network(name, **options):
    """Return a new network of that name, initialised by torch's current random state."""
    if name not in list_networks():
        raise BadInput(
            f"expected a network among {', '.join(list_networks())}, found {name!r}: "
            "choose one of these, or add yours to glioma_uq/networks."
        )
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return module.NETWORK(**options)
