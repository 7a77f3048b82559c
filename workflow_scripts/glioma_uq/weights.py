"""Trained weights: read without running anything, and into the network that they are of."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from glioma_uq.errors import BadInput


def load_weights(network, path, name):
    """Put the weights at `path` (safetensors) into `network`, which is called `name`.

    Raises BadInput for a file that is none, or has the weights of another network.
    """
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {' '.join(str(error).split())}, "
            "remove the file and train again"
        ) from error
    own = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    there = {key: tuple(tensor.shape) for key, tensor in weights.items()}
    if own != there:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {_difference(own, there)}, remove "
            "the file and train again, or set network_options to those that it was trained with"
        )
    broken = [key for key, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise BadInput(
            f"expected finite weights in {path}, found NaN or infinity in {broken[0]}, remove the "
            "file and train again"
        )
    network.load_state_dict(weights)


def _difference(own, there):
    """Say the first difference of two {name of tensor: shape}, in words."""
    for key, shape in own.items():
        if key not in there:
            return f"no {key}"
        if there[key] != shape:
            return f"{key} of shape {there[key]} instead of {shape}"
    return f"{next(key for key in there if key not in own)}, which it does not have"
