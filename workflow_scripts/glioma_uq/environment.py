"""What jobs inherit from the shell of a run: nothing that decides which code they run, or draws.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import os
import sys
from pathlib import Path

from glioma_uq.errors import BadInput

SCRIPTS = Path(__file__).resolve().parents[1]
LOGIN = "TCIA_"  # how the variables of the archive's login begin
DRIVER = "GLIOMA_UQ_DRIVER"  # the process whose shell has them


def shield_jobs(first):
    """Set the variables of this process, which its jobs inherit, here and on a cluster.

    PYTHONPATH begins with this checkout, since Snakemake puts it behind what a shell has there,
    which may be another checkout. MPLBACKEND is one that draws files: Jupyter's is for a page.
    Texts without a stated encoding, in libraries, are UTF-8 in any locale. The login of an archive
    is taken out where `login_variable` finds it nevertheless, which is where there is /proc.
    `first`: whether this is the process of the run itself.
    """
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(SCRIPTS), *(path for path in others if path and Path(path).resolve() != SCRIPTS)]
    os.environ |= {"PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "agg", "PYTHONUTF8": "1"}
    if first:
        os.environ[DRIVER] = str(os.getpid())
    if Path("/proc/self/environ").is_file():
        for name in set(os.environ) - set(without_login()):
            del os.environ[name]


def without_login():
    """Return the environment for a program, which has no use for the login of an archive."""
    return {name: value for name, value in os.environ.items() if not name.startswith(LOGIN)}


def login_variable(name):
    """Return the value of a variable of the login, "" where it is not set.

    It is looked for here, then among the variables with which the process of the run was started:
    Linux keeps these for its user, whatever the process deletes for its jobs.
    """
    if name in os.environ or DRIVER not in os.environ:
        return os.environ.get(name, "")
    try:
        started_with = Path("/proc", os.environ[DRIVER], "environ").read_bytes()
    except OSError:  # a job on another machine
        return ""
    variables = (entry.partition(b"=") for entry in started_with.split(b"\0"))
    return {os.fsdecode(key): os.fsdecode(value) for key, _, value in variables}.get(name, "")


def check_names_readable(names, encoding=None):
    """Raise BadInput for names that the shell's locale writes in other bytes than UTF-8.

    `encoding`: of file names, by default that of this process. Tables, configs and folders that
    others made are in UTF-8; names of ASCII letters alone are the same everywhere.
    """
    encoding = encoding or sys.getfilesystemencoding()
    foreign = next((name for name in names if not name.isascii()), None)
    if foreign is not None and encoding.lower() not in {"utf-8", "utf8"}:
        raise BadInput(
            f"expected a shell in UTF-8 for the name {foreign!a}, found {encoding}, run "
            "`export PYTHONUTF8=1` and then snakemake again"
        )


def check_checkout(folder):
    """Raise BadInput unless the scripts in `folder` run with the library beside them."""
    if Path(folder).resolve() != SCRIPTS:
        raise BadInput(
            f"expected the library glioma_uq of {folder}, found that of {SCRIPTS}, remove it from "
            "PYTHONPATH, or uninstall it"
        )
