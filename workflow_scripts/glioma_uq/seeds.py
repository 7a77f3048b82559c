"""Seeds of all random generators, derived by name from the config's one seed."""

import hashlib


def seed_for(seed, *names):
    """Return a 63-bit seed that depends only on `seed` and `names`.

    >>> seed_for(1, "train", "0.25", 3) == seed_for(1, "train", "0.25", 3)
    True
    >>> seed_for(1, "train", "0.25", 3) == seed_for(1, "train", "0.25", 4)
    False
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
