"""The networks by name. To add one: a file beside this one, and a line in `NETWORKS`.

A network takes (B, modalities, X, Y, Z) and returns a dict of logits by task, never
probabilities. Its constructor takes `modalities` and `rate` and options of its own.
"""

from glioma_uq.errors import BadInput
from glioma_uq.networks.csnet import CSNet

NETWORKS = {"csnet": CSNet}


def build_network(name, **options):
    """Return a new network of the registry, initialised by torch's current random state."""
    if name not in NETWORKS:
        raise BadInput(
            f"expected a network among {', '.join(NETWORKS)}, found {name!r}: "
            "choose one of these, or add yours to glioma_uq/networks."
        )
    return NETWORKS[name](**options)
