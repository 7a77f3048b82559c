"""Check that weights of networks are the expected files before they are loaded."""

import hashlib
from pathlib import Path

from glioma_uq.errors import BadInput


def check_weights(path, sha256, command):
    """Raise BadInput unless the file `path` has this sha256; `command` is what installs it."""
    if not Path(path).is_file():
        raise BadInput(f"expected a network's weights, found no file {path}, run `{command}`")
    found = sha256_of(path)
    if found != sha256:
        raise BadInput(
            f"expected weights with sha256 {sha256[:12]}..., found {found[:12]}... in {path}, "
            f"remove them and run `{command}`"
        )


def sha256_of(path):
    """Return the sha256 of a file in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
