"""Loading of trained weights, without executing any code, with checks."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from glioma_uq.errors import BadInput
from glioma_uq.sampling.mc_dropout import has_dropout

WITHOUT_DROPOUT = "without_dropout."  # before the names of statistics for inactive dropout


def load_weights(network, path, name, dropout=True):
    """Load the weights at `path` (safetensors) into `network`, called `name` in errors.

    Without `dropout`, a network that was trained with it takes the running statistics that were
    estimated for inference without.

    Raises BadInput for an unreadable file, the weights of another network, or NaN.
    """
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {' '.join(str(error).split())}, "
            "remove the file and train again"
        ) from error
    statistics = {
        key.removeprefix(WITHOUT_DROPOUT): weights.pop(key)
        for key in list(weights)
        if key.startswith(WITHOUT_DROPOUT)
    }
    if not dropout and has_dropout(network):
        for key, _ in network.named_buffers():
            if key not in statistics:
                raise BadInput(
                    f"expected statistics of {name} for inactive dropout in {path}, found no "
                    f"{WITHOUT_DROPOUT}{key}, remove the file and train again"
                )
        weights |= statistics
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
