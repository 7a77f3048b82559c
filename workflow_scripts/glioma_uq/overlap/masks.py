"""How well two masks agree."""


def dice(predicted, reference):
    """Return the Dice coefficient 2|A ∩ B| / (|A| + |B|) of two boolean arrays or tensors.

    Two empty masks agree: 1. One empty mask misses everything: 0.
    """
    size = int(predicted.sum()) + int(reference.sum())
    return 1.0 if size == 0 else 2 * int((predicted & reference).sum()) / size
