"""Check that weights of networks are the expected files before they are loaded."""

from pathlib import Path

from glioma_uq.errors import BadInput
from glioma_uq.files import sha256 as sha256_of


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
