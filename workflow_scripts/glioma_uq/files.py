"""Hashes of files, and their writing: whole or not at all."""

import errno
import hashlib
import os
import socket
from contextlib import contextmanager
from glob import escape
from pathlib import Path

CHECKSUM = "_sha256"  # how the columns of hashes of files end
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def digest(path, algorithm="sha256"):
    """Return the hash of a file as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def temporary_beside(path, process=None):
    """Return the temporary path for writing `path`, of this process or process number `process`.

    Process numbers repeat across the machines of a cluster, so the name also holds the host.
    """
    path = Path(path)
    return path.with_name(f".{socket.gethostname()}.{process or os.getpid()}.{path.name}")


def is_alive(process):
    """Return whether a process is running on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove_leftovers(path):
    """Remove the temporary files of `path` left by killed processes of this machine."""
    path = Path(path)
    prefix = f".{socket.gethostname()}."
    for leftover in path.parent.glob(f"{escape(prefix)}*.{escape(path.name)}"):
        process = leftover.name.removeprefix(prefix).removesuffix(f".{path.name}")
        if process.isdecimal() and not is_alive(int(process)):
            leftover.unlink(missing_ok=True)


@contextmanager
def written_whole(path):
    """Yield a temporary path beside `path`; it is renamed to `path` if the block succeeds.

    The temporary name keeps the file's endings, from which image and figure libraries read
    the format. A failed write leaves nothing behind. What a killed one leaves is removed when
    the same machine writes the file again. A full disk raises an OSError that says so.
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
