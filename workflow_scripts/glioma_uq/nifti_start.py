"""What a NIfTI file says before its first voxel, within bounds.

A packed file of a few kB may hold a header extension of gigabytes, which nibabel reads at once.
"""

import struct
from pathlib import Path

from nibabel.openers import ImageOpener

MOST_HEADER_BYTES = 2**24  # ASSUME: no header has more in its extensions
# Size of a header: place and type of the offset of the first voxel, place of the magic word.
LAYOUTS = {348: (108, "f", 344), 540: (168, "q", 4)}


def check_start(path):
    """Raise ValueError if the header of a NIfTI file asks for more than MOST_HEADER_BYTES.

    Files of other formats pass. Reads no more than the sizes of the extensions.
    """
    with ImageOpener(_file_of_header(path)) as file:
        head = file.read(544)
        orders = {order: struct.unpack_from(f"{order}i", head.ljust(4, b"\0"))[0] for order in "<>"}
        order = next((order for order, size in orders.items() if size in LAYOUTS), None)
        if order is None or len(head) < orders[order] + 4:
            return
        size = orders[order]
        place, kind, magic = LAYOUTS[size]
        first_voxel = struct.unpack_from(f"{order}{kind}", head, place)[0]
        is_single = head[magic + 1 : magic + 2] == b"+"
        end = first_voxel if is_single else MOST_HEADER_BYTES
        if not end <= MOST_HEADER_BYTES:
            raise ValueError(f"its first voxel at byte {end:g}, after {MOST_HEADER_BYTES}")
        if head[size] == 0:
            return
        at = size + 4
        while at + 16 <= end:
            file.seek(at)
            extension = file.read(4)
            if len(extension) < 4:
                return
            length = struct.unpack(f"{order}i", extension)[0]
            if not 8 <= length <= end - at:
                raise ValueError(f"a header extension of {length} bytes at byte {at}")
            at += length


def _file_of_header(path):
    """Return the file that has the header of an image: in a pair it is .hdr beside .img."""
    name = Path(path).name
    ending = next((each for each in (".img", ".img.gz") if name.endswith(each)), "")
    return Path(path).with_name(name.removesuffix(ending) + ending.replace("img", "hdr"))
