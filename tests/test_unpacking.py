"""A small file that unpacks to gigabytes is refused in seconds, and in little memory."""

import gzip
import io
import struct
import zipfile
import zlib

import nibabel as nib
import numpy as np
import pytest
from bounded import in_bounds

from glioma_uq.cohorts import tcia
from glioma_uq.headers import check_header
from glioma_uq.images import read_image
from glioma_uq.text_tables import read_text_table
from glioma_uq.unpacking import MOST_BYTES, excess, unpacked


def packed_zeros(start=b"", wbits=-15):
    """Return `start` and a gigabyte of zeros, deflated: one block of 16 MiB, 64 times."""
    packing = zlib.compressobj(9, zlib.DEFLATED, wbits)
    first = packing.compress(start) + packing.flush(zlib.Z_FULL_FLUSH)
    block = packing.compress(bytes(2**24)) + packing.flush(zlib.Z_FULL_FLUSH)
    return first + 64 * block + packing.flush()


def header(shape=(64, 64, 64), dtype=np.int16, slope=1.0, first_voxel=352, extension=b"\0" * 4):
    """Return the first bytes of a NIfTI file."""
    start = nib.Nifti1Header()
    start.set_data_dtype(dtype)
    start.set_data_shape(shape)
    start.set_sform(np.eye(4), 1)
    start.set_slope_inter(slope, 0)
    start["vox_offset"], start["magic"] = first_voxel, b"n+1"
    return start.binaryblock + extension


EXTENDED = b"\1\0\0\0"


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (header((520, 520, 520), np.float64), "found 1.05 GiB (shape (520, 520, 520), 8 bytes"),
        (header((520, 520, 520), slope=2.0), "found 1.05 GiB (shape (520, 520, 520), 8 bytes"),
        (header((2000, 2000, 100)), "found 1.49 GiB (shape (2000, 2000, 100), 4 bytes each)"),
        (header(first_voxel=2**30), "its first voxel at byte 1.07374e+09"),
        (header(first_voxel=float("nan")), "its first voxel at byte nan"),
        (
            header(first_voxel=400, extension=EXTENDED + struct.pack("<ii", 2**30, 6)),
            "a header extension of 1073741824 bytes at byte 352",
        ),
        (
            header(first_voxel=400, extension=EXTENDED + struct.pack("<ii", -9, 6)),
            "a header extension of -9 bytes at byte 352",
        ),
        (
            header(first_voxel=2**30, extension=EXTENDED + struct.pack("<ii", 2**30 - 352, 6)),
            "its first voxel at byte 1.07374e+09",
        ),
    ],
)
@pytest.mark.parametrize("read", [check_header, read_image])
def test_a_nifti_file_of_a_gigabyte(tmp_path, read, start, sentence):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(packed_zeros(start, wbits=31))
    assert path.stat().st_size < 2**21
    assert sentence in in_bounds(read, path)


def test_what_follows_the_voxels_of_a_nifti_file_is_not_unpacked(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(packed_zeros(header(), wbits=31))
    assert in_bounds(check_header, path).startswith("Grid(shape=(64, 64, 64)")


def test_a_file_of_several_members_is_read_whole(tmp_path):
    path, voxels = tmp_path / "a.nii.gz", np.arange(64**3, dtype="<i2").tobytes()
    path.write_bytes(b"".join(map(gzip.compress, (header(), voxels[:999], voxels[999:]))))
    assert read_image(path).data.sum() == np.arange(64**3, dtype=np.int16).astype(float).sum()


def write_zip(path, members, size=None):
    """Write a zip of {name: deflated bytes}; its entries claim `size` bytes each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    data = bytearray(file.getvalue())
    for start, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):  # stored, until they are called deflated
        place = -1
        while (place := data.find(start, place + 1)) >= 0:
            data[place + at] = 8
            data[place + at + 14 : place + at + 18] = struct.pack("<I", size)
    path.write_bytes(data)


@pytest.mark.parametrize("claimed", [100, 2**30])
def test_a_zip_of_an_archive(tmp_path, claimed):
    path = tmp_path / "a.zip"
    write_zip(path, {"1.dcm": packed_zeros(), "2.dcm": packed_zeros()}, claimed)
    said = in_bounds(tcia.check_zip, path, 2)
    right = {100: "a damaged 1.dcm in the zip", 2**30: "2 GiB unpacked, more than 1 GiB"}
    assert said == right[claimed]


def test_a_member_that_lies_about_its_size_is_unpacked_no_further(tmp_path):
    path = tmp_path / "a.zip"
    write_zip(path, {"1.dcm": packed_zeros()}, 100)
    data = path.read_bytes()
    crc = struct.pack("<I", zlib.crc32(bytes(100)))  # as if the zip ended there
    content = packed_zeros()
    path.write_bytes(data.replace(struct.pack("<I", zlib.crc32(content)), crc))
    assert in_bounds(tcia.check_zip, path, 1) == ""
    assert in_bounds(lambda: [f.stat().st_size for f in tcia._unpack(path, tmp_path)]) == "[100]"
    assert in_bounds(lambda: len(unpacked(path, 2**20).getvalue()) < 1000) == "True"


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_whose_unpacking_has_no_bound_are_refused(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", kind) as packed:
        packed.writestr("1.dcm", b"x")
    assert "another way than by deflate" in tcia.check_zip(tmp_path / "a.zip", 1)


def test_the_bound_is_of_all_members_together():
    packed = zipfile.ZipFile(io.BytesIO(), "w")
    packed.filelist = [zipfile.ZipInfo("a"), zipfile.ZipInfo("b")]
    for member in packed.infolist():
        member.file_size = MOST_BYTES // 2
    assert excess(packed) == ""
    packed.infolist()[0].file_size += 2**20
    assert excess(packed) == "1 GiB unpacked, more than 1 GiB"


FAR = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
MERGED = b"</sheetData><mergeCells><mergeCell ref='A1:XF&#68;1048576'/></mergeCells>"
LINKED = b'</sheetData><hyperlinks><hyperlink ref="A1:XFD1048576" display="x"/></hyperlinks>'


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (FAR, "found 1048576 rows of 16384 columns in xl/worksheets/sheet1.xml, more than 1048576"),
        (MERGED, "found 1048576 rows of 16384 columns in"),
        (LINKED, "found 1048576 rows of 16384 columns in"),
        (b'<row r="999999"/></sheetData>', "found 999999 rows of 2 columns"),
        (b" " * 2**27 + b"</sheetData>", "found 128 MiB unpacked, more than 64 MiB"),
    ],
)
def test_a_workbook(tmp_path, change, sentence):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is installed by `make excel`")
    book, path = openpyxl.Workbook(), tmp_path / "a.xlsx"
    for row in (["case", "idh"], ["a", 1]):
        book.active.append(row)
    book.save(tmp_path / "whole.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as spoilt,
    ):
        for name in whole.namelist():
            spoilt.writestr(name, whole.read(name).replace(b"</sheetData>", change))
    assert sentence in in_bounds(read_text_table, path)
