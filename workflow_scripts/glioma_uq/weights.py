"""Loading of trained weights, without executing any code, with checks."""

from textwrap import shorten

from safetensors import SafetensorError
from safetensors.torch import load_file

from glioma_uq.errors import BadInput, in_one_line


def load_weights(network, path, name):
    """Load the weights at `path` (safetensors) into `network`, called `name` in errors.

    Raises BadInput for an unreadable file, the weights of another network, or NaN.
    """
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadInput(
            f"expected the weights of {name} in {path}, found {in_one_line(error)}, "
            "remove the file and train again"
        ) from error
    broken = [key for key, tensor in weights.items() if not tensor.isfinite().all()]
    if broken:
        raise BadInput(
            f"expected finite weights in {path}, found NaN or infinity in {broken[0]}, remove the "
            "file and train again"
        )
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        difference = shorten(str(error).partition(":")[2], 150)
        raise BadInput(
            f"expected the weights of {name} in {path}, found {difference}, remove "
            "the file and train again, or set network_options to those that it was trained with"
        ) from error
