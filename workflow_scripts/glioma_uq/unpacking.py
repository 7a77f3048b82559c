"""Bounds on what is unpacked: a small packed file may hold gigabytes.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import io
import shutil
import zipfile
import zlib

MOST_BYTES = 2**30  # ASSUME: 1 GiB unpacked; no scan, series or table that is used has more
BLOCK_BYTES = 2**20


def inflated(data, most):
    """Return the first `most` bytes that a raw deflate stream holds, and unpack no more."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most)


def excess(packed, most=MOST_BYTES):
    """Return "" or why an open zip is not to be unpacked: it may hold more than `most` bytes.

    Of a deflated member zipfile reads no more than its entry says, of other kinds it may.
    """
    kinds = {member.compress_type for member in packed.infolist()}
    if not kinds <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "members that are packed in another way than by deflate"
    total = sum(member.file_size for member in packed.infolist())
    return f"{in_words(total)} unpacked, more than {in_words(most)}" if total > most else ""


def unpack_member(packed, name, path):
    """Write one member of an open zip to `path`, block by block."""
    with packed.open(name) as member, open(path, "wb") as file:
        shutil.copyfileobj(member, file, BLOCK_BYTES)


def unpacked(path, most):
    """Return the zip at `path` as an open file of its members, unpacked; ValueError for `excess`.

    So a library that reads a member at once cannot be made to unpack more than its entry says.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(file, "w") as plain:
        if too_much := excess(packed, most):
            raise ValueError(too_much)
        for name in packed.namelist():
            with packed.open(name) as member, plain.open(name, "w") as copy:
                shutil.copyfileobj(member, copy, BLOCK_BYTES)
    return file


def in_words(size):
    """Return a number of bytes as GiB or MiB.

    >>> in_words(2**30), in_words(3 * 2**19)
    ('1 GiB', '1.5 MiB')
    """
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"
