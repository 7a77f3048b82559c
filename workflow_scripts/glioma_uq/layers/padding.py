"""Pad images to the sizes that a network can halve, and crop what it returns back."""

from functools import wraps

from torch.nn import functional


def pad(images, divisor):
    """Return images (..., X, Y, Z) with zeros at the end of X, Y, Z up to multiples of `divisor`.

    Images that need none are returned as they are.
    """
    missing = [-size % divisor for size in images.shape[-3:]]
    if not any(missing):
        return images
    return functional.pad(images, [end for size in reversed(missing) for end in (0, size)])


def crop(volumes, shape):
    """Return the part of padded volumes (..., X, Y, Z) where images of `shape` (X, Y, Z) lay."""
    x, y, z = shape
    return volumes[..., :x, :y, :z]


def padded(divisor):
    """Decorate the `forward` of a network that only outlines the tumour.

    It gets images padded to multiples of `divisor` and returns logits of their size; the network
    returns {"segmentation": logits of the images' own size}.
    """

    def decorate(forward):
        @wraps(forward)
        def forward_at_any_size(self, images):
            logits = forward(self, pad(images, divisor))
            return {"segmentation": crop(logits, images.shape[2:])}

        return forward_at_any_size

    return decorate
