"""Files are written whole or not at all."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def written_whole(path):
    """Yield a temporary path beside `path` that takes its place when the work succeeds.

    The temporary name keeps the file's endings, since image and figure libraries
    read the format from them. A failed write leaves nothing behind; a full
    disk is said in a sentence.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
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
