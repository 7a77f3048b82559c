"""Brain extraction in a native scan: five methods behind one function.

template     the template's mask, mapped back by the registration; nothing to install
hd-bet       HD-BET 2 in an environment of its own, called as a command: `make hd-bet`
hd-bet-v1    HD-BET 1, five networks in one package: `make hd-bet-v1`
deepbet      a small and quick network: `make deepbet`
none         scans that are already skull-stripped; nothing to install

Each is a module with one function, `find_brain(scan, threads=..., **its inputs)`.
"""

from glioma_uq.errors import BadCase
from glioma_uq.skull_stripping import deepbet, hd_bet, hd_bet_v1, stripped, template

METHODS = {
    "template": template.find_brain,
    "hd-bet": hd_bet.find_brain,
    "hd-bet-v1": hd_bet_v1.find_brain,
    "deepbet": deepbet.find_brain,
    "none": stripped.find_brain,
}


def find_brain(scan, method, *, threads=1, **needs):
    """Return the brain in `scan` (Image) as booleans of its shape, by one of METHODS.

    `needs`: further inputs of that method. Raises BadInput if its package, command or
    weights are missing, with the command that installs them; BadCase if it fails or finds
    no brain.
    """
    brain = METHODS[method](scan, threads=threads, **needs)
    if not brain.any():
        raise BadCase(
            f"expected a brain in the T1CE, found an empty mask by {method}, check the scan"
        )
    return brain
