"""Loading of trained weights, without executing any code, with checks."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from glioma_uq.errors import BadInput


def load_weights(network, path, name):
    """Load the weights at `path` (safetensors) into `network`, called `name` in errors.

    Raises BadInput for an unreadable file, the weights of another network, or NaN.
    """
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {' '.join(str(error).split())}, "
            "remove the file and train again"
        ) from error
    own = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    found = {key: tuple(tensor.shape) for key, tensor in weights.items()}
    if own != found:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {_difference(own, found)}, remove "
            "the file and train again, or set network_options to those that it was trained with"
        )
    broken = [key for key, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise BadInput(
            f"expected finite weights in {path}, found NaN or infinity in {broken[0]}, remove the "
            "file and train again"
        )
    network.load_state_dict(weights)


def _difference(own, found):
    """Return the first difference of two {name of tensor: shape}, in words."""
    for key, shape in own.items():
        if key not in found:
            return f"no {key}"
        if found[key] != shape:
            return f"{key} of shape {found[key]} instead of {shape}"
    return f"{next(key for key in found if key not in own)}, which it does not have"
