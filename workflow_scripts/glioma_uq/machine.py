"""What this machine's user decides and no study: programs, weights, who may receive a login.

A study may come from somebody else. So these settings are environment variables, which
docs/security.md lists. Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HD_BET = {
    "command": ("GLIOMA_UQ_HD_BET_COMMAND", f"{CHECKOUT}/.venv-hd-bet/bin/hd-bet"),
    "weights": ("GLIOMA_UQ_HD_BET_WEIGHTS", f"{CHECKOUT}/.venv-hd-bet/hd-bet_params/release_2.0.0"),
    "sha256": ("GLIOMA_UQ_HD_BET_SHA256", None),
}  # setting: (its variable, its default), where `make hd-bet` puts them
LOGIN_HOSTS = "GLIOMA_UQ_TCIA_HOSTS"
ARCHIVE_HOSTS = ("services.cancerimagingarchive.net", "nbia.cancerimagingarchive.net")


def settings_of_hd_bet():
    """Return the command of HD-BET 2, the folder of its weights and their sha256, None if unset."""
    return {name: os.environ.get(variable) or usual for name, (variable, usual) in HD_BET.items()}


def login_hosts():
    """Return the hosts that may receive the login of TCIA."""
    return (*ARCHIVE_HOSTS, *os.environ.get(LOGIN_HOSTS, "").replace(",", " ").split())
