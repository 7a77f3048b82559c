"""Files are written whole or not at all."""

import errno
import os
import socket
from contextlib import contextmanager
from glob import escape
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def temporary_beside(path, process=None):
    """Return the name under which a process of this machine writes `path`: the running one.

    Two machines of a cluster may run the same job with the same process number, so the name
    holds both.
    """
    path = Path(path)
    return path.with_name(f".{socket.gethostname()}.{process or os.getpid()}.{path.name}")


def is_alive(process):
    """Say whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove_leftovers(path):
    """Remove what killed processes of this machine have left of writing `path`."""
    path = Path(path)
    before = f".{socket.gethostname()}."
    for leftover in path.parent.glob(f"{escape(before)}*.{escape(path.name)}"):
        process = leftover.name.removeprefix(before).removesuffix(f".{path.name}")
        if process.isdecimal() and not is_alive(int(process)):
            leftover.unlink(missing_ok=True)


@contextmanager
def written_whole(path):
    """Yield a temporary path beside `path` that takes its place when the work succeeds.

    The temporary name keeps the file's endings, since image and figure libraries
    read the format from them. A failed write leaves nothing behind, nor does a killed one
    once the same file is written again on the same machine; a full disk is said in a sentence.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    temporary = temporary_beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise OSError(
            error.errno, f"expected room for {path}, found the disk full, free some and run again"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
