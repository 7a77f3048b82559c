"""What files hold, as far as it can be told without reading them whole and trusting their dates.

Snakemake runs a step again when an input is newer than what was made of it. A date can lie: a
corrected table that comes from an archive is older than the results of the wrong one, a copy from
a backup is newer than they are. So each step that reads files of the user has their digest as a
parameter.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import hashlib
import os
import stat
from pathlib import Path

READ_WHOLE = 65_536  # bytes; larger files are many and would be read at every start
FIRST = 4_096  # bytes of a larger file


def digest_of(files, folders=()):
    """Return 16 hex digits that change with the files, and with any below `folders`.

    Hidden files and folders are passed over, links are followed. A path that is not there counts
    as such.
    """
    below = [path for folder in folders for path in files_below(folder)]
    paths = dict.fromkeys(map(str, (*files, *below)))
    known = hashlib.sha256()
    for path in sorted(paths):
        known.update(f"{path}\n{signature(path)}\n".encode(errors="surrogateescape"))
    return known.hexdigest()[:16]


def digest_of_tables(paths):
    """Return the same for tables, which are read whole whatever their size."""
    known = hashlib.sha256()
    for path in paths:
        known.update(Path(path).read_bytes() if Path(path).is_file() else b"absent")
        known.update(b"\0")
    return known.hexdigest()[:16]


def files_below(folder):
    """Yield the path of every file below a folder that is not hidden, each folder's once."""
    seen = set()
    for place, inside, names in os.walk(folder, followlinks=True):
        if (end := os.path.realpath(place)) in seen:  # a link that leads back
            inside.clear()
            continue
        seen.add(end)
        inside[:] = [name for name in inside if not name.startswith(".")]
        yield from (os.path.join(place, name) for name in names if not name.startswith("."))


def signature(path):
    """Return what tells the content of a file: its own bytes where they are few.

    Of a larger gzip file its size, its first bytes and its last eight, which are the CRC-32 and
    size of what it holds (RFC 1952); of any other also its time of change in ns, since a voxel in
    the middle can change with the size as it was.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "no file"  # nobody may ever write into a pipe
        with open(path, "rb") as file:
            first = file.read(READ_WHOLE + 1)
            if len(first) <= READ_WHOLE:
                return hashlib.sha256(first).hexdigest()
            file.seek(-8, os.SEEK_END)
            last, size = file.read(), file.tell()
            changed = os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        return type(error).__name__  # the step that reads the file says what is wrong
    # The last part of a file in parts can be empty, as bgzip's is, and then tells nothing.
    is_known = first.startswith(b"\x1f\x8b") and any(last)
    return f"{size} {hashlib.sha256(first[:FIRST] + last).hexdigest()} {0 if is_known else changed}"
