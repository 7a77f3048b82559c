"""What the methods that run a network share: checks of its package and weights, and its errors."""

from importlib import util
from pathlib import Path

from glioma_uq.errors import BadInput, bad_case_on
from glioma_uq.files import digest

# No head is found in the scan, or the scan is too thin for the network's layers.
FAILURES = (AssertionError, ArithmeticError, IndexError, RuntimeError, ValueError)


def package_folder(package, module, method):
    """Return where a method's package is installed, without importing it."""
    found = util.find_spec(module)
    if found is None:
        raise BadInput(
            f"expected the package {package} for preprocessing.skull_stripping {method}, "
            f"found it is not installed, run `make {method}`"
        )
    return Path(found.submodule_search_locations[0])


def check_weights(path, sha256, method):
    """Raise BadInput unless the file `path` has this sha256; `make {method}` installs it."""
    if not Path(path).is_file():
        raise BadInput(f"expected a network's weights, found no file {path}, run `make {method}`")
    found = digest(path)
    if found != sha256:
        raise BadInput(
            f"expected weights with sha256 {sha256[:12]}..., found {found[:12]}... in {path}, "
            f"remove them and run `make {method}`"
        )


def failures_of(method):
    """Turn a package's error on a scan into a BadCase; wrap its own call only."""
    return bad_case_on(FAILURES, f"a brain that {method} can find", "none", "check the scan")
