"""Hashes of files, and their writing: whole or not at all."""

import errno
import hashlib
import os
import re
import shutil
import socket
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory

CHECKSUM = "_sha256"  # how the columns of hashes of files end
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def digest(path, algorithm="sha256"):
    """Return the hash of a file as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def temporary_beside(path, process=None):
    """Return how the temporary folder of a file's writer is called, up to a random ending.

    The writer is this process or process number `process`; these numbers repeat across the machines
    of a cluster, so the name also holds the host.
    """
    path = Path(path)
    return path.with_name(f".{socket.gethostname()}.{process or os.getpid()}.{path.name}.")


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
    """Remove the temporary folders of `path` left by killed processes of this machine."""
    path = Path(path)
    of_file = re.compile(
        rf"\.{re.escape(socket.gethostname())}\.([0-9]+)\.{re.escape(path.name)}\.\w+", re.ASCII
    )
    for leftover in path.parent.glob(f".*.{escape(path.name)}.*"):
        writer = of_file.fullmatch(leftover.name)
        if writer and not is_alive(int(writer[1])):
            shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def written_whole(path):
    """Yield a temporary path for `path`; what is there is renamed to `path` if the block succeeds.

    It lies in a new folder beside `path`, which nobody else may enter: a link that waits under its
    name cannot lead the writing elsewhere. It has the name of `path`, from whose endings image and
    figure libraries read the format, and the permissions that the user's umask leaves. A failed
    write leaves nothing behind. What a killed one leaves is removed when the same machine writes
    the file again. A full disk raises an OSError that says so.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    try:
        with TemporaryDirectory(prefix=temporary_beside(path).name, dir=path.parent) as folder:
            yield Path(folder, path.name)
            os.replace(Path(folder, path.name), path)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise OSError(
            error.errno, f"expected room for {path}, found the disk full, free some and run again"
        ) from error


def no_link(path, flags):
    """Open a file for writing in place, as the `opener` of `open`: a link raises an OSError."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)
