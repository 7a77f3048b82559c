"""The options of a network, read from its file without importing torch."""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from glioma_uq.errors import BadInput, closest

FROM_STUDY = ("self", "modalities", "rate", "classes", "tasks")  # set by other keys of a study
WORDS = {bool: "true or false", int: "an integer above 0", float: "a number", str: "a name"}


@cache
def options_of(network):
    """Return {option: default} of a network's constructor; None for a default that is no literal.

    None instead of a dict if the file does not tell: it has no class, or takes **options.
    """
    file = find_spec(f"glioma_uq.networks.{network.replace('-', '_')}").origin
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    last = [node for node in tree.body if isinstance(node, ast.Assign)][-1]
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    network_class = classes.get(getattr(last.value, "id", None))
    body = network_class.body if network_class else ()
    inits = [node for node in body if getattr(node, "name", "") == "__init__"]
    if not inits or inits[0].args.kwarg:
        return None
    signature = inits[0].args
    names = [argument.arg for argument in (*signature.args, *signature.kwonlyargs)]
    defaults = [*signature.defaults, *signature.kw_defaults]
    defaults = [node.value if isinstance(node, ast.Constant) else None for node in defaults]
    defaults = [None] * (len(names) - len(defaults)) + defaults
    options = dict(zip(names, defaults, strict=True))
    return {name: options[name] for name in names if name not in FROM_STUDY}


def check_options(network, options):
    """Raise BadInput for an unknown option of a network, or a value of the wrong type."""
    known = options_of(network)
    if known is None:
        return
    for name, value in options.items():
        if name not in known:
            raise BadInput(
                f"expected an option of {network} under network_options, found {name!r}: "
                f"{closest(name, known) if known else 'it has none.'}"
            )
        if not _fits(value, known[name]):
            raise BadInput(
                f"expected {WORDS[type(known[name])]} for network_options.{network}.{name}, "
                f"found {value!r}: the default is {known[name]!r}."
            )


def _fits(value, default):
    """Return whether a value has the default's type, and is above 0 if the default is."""
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    above = type(default) is not int or default <= 0
    return default is None or (type(value) is type(default) and (above or value > 0))
