"""How well two masks agree."""


def dice(predicted, reference):
    """Return the Dice coefficient 2|A ∩ B| / (|A| + |B|) of two boolean arrays or tensors.

    1 if both masks are empty, 0 if only one is.
    """
    size = int(predicted.sum()) + int(reference.sum())
    return 1.0 if size == 0 else 2 * int((predicted & reference).sum()) / size
