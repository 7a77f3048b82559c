"""Pad images to the sizes that a network can halve, and crop what it returns back."""

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
    """Return the part of volumes (..., X, Y, Z) that lies where images of `shape` lay.

    Args:
        volumes: of the padded images' size.
        shape: (X, Y, Z) of the images before `pad`.
    """
    x, y, z = shape
    return volumes[..., :x, :y, :z]
