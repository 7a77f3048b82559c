"""Files that were made to do harm: they are refused in seconds and in little memory."""

import struct
import zipfile
import zlib

import nibabel as nib
import numpy as np
from bounded import in_bounds

from situations import situation

GROUP = "hostile files"


def packed_zeros(start=b"", wbits=-15):
    """Return `start` and a gigabyte of zeros, deflated: one block of 16 MiB, 64 times."""
    packing = zlib.compressobj(9, zlib.DEFLATED, wbits)
    first = packing.compress(start) + packing.flush(zlib.Z_FULL_FLUSH)
    block = packing.compress(bytes(2**24)) + packing.flush(zlib.Z_FULL_FLUSH)
    return first + 64 * block + packing.flush()


def fate_of_t2(cohort):
    """Return what comes of the case's T2 in a process that has little memory."""
    return in_bounds(lambda: cohort.fate_of_dicom(modalities=("t2",)))


def deflate(cohort, is_first):
    """Write a T2 as deflated DICOM with a gigabyte in one element; return what comes of it."""
    import pydicom

    cohort.series("AX T2")
    for path in sorted(cohort.dicom.iterdir()):
        plain = pydicom.dcmread(path)
        plain.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
        plain.save_as(path, enforce_file_format=True)
        content = path.read_bytes()
        size = 144 + struct.unpack("<I", content[140:144])[0]
        element = struct.pack("<HH2sHI", 0x9, 0x10, b"UN", 0, 2**30)
        start = element if is_first else zlib.decompress(content[size:], -15) + element
        path.write_bytes(content[:size] + packed_zeros(start))
    return fate_of_t2(cohort)


@situation(GROUP, "deflated DICOM with a gigabyte before what it is", right="without its header")
def deflated_first(cohort):
    return deflate(cohort, is_first=True)


@situation(GROUP, "deflated DICOM with a gigabyte behind what it is", right="expected dcm2niix to")
def deflated_last(cohort):
    return deflate(cohort, is_first=False)


@situation(
    GROUP,
    "a DICOM element that says it has 4 GiB",
    right="expected a T2 series, found 'AX T2' (t2, but expected DICOM",
)
def long_element(cohort):
    cohort.series("AX T2", EchoTime=None)
    for path in cohort.dicom.iterdir():
        content = path.read_bytes()
        at = content.index(b"\x20\x00\x32\x00DS")
        element = struct.pack("<HH2sHI", 0x20, 0x32, b"UN", 0, 2**32 - 2)
        path.write_bytes(content[:at] + element + content[at:])
    return fate_of_t2(cohort)


@situation(GROUP, "DICOM of 65,535 rows and columns", right="112 GiB of voxels, more than 1 GiB")
def many_rows(cohort):
    cohort.series("AX T2", Rows=65535, Columns=65535)
    return cohort.fate_of_dicom(modalities=("t2",))


def nifti(cohort, shape=(64, 64, 64), dtype=np.int16, extension=b"\0" * 4, **values):
    """Write a T2 of a gigabyte of zeros as a small file; return what the door says."""
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header.set_sform(np.eye(4), 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    for name, value in values.items():
        header[name] = value
    path = cohort.scan("t2")
    path.write_bytes(packed_zeros(header.binaryblock + extension, wbits=31))
    return in_bounds(cohort.fate)


@situation(
    GROUP, "a NIfTI of float64", right="found 1.05 GiB (shape (520, 520, 520), 8 bytes each)"
)
def doubles(cohort):
    return nifti(cohort, (520, 520, 520), np.float64)


@situation(
    GROUP, "a NIfTI of int16 that a slope makes float64", right="found 1.05 GiB (shape (520,"
)
def scaled(cohort):
    return nifti(cohort, (520, 520, 520), scl_slope=0.5)


@situation(
    GROUP, "a NIfTI header extension of a gigabyte", right="a header extension of 1073741824"
)
def extension(cohort):
    return nifti(cohort, extension=b"\1\0\0\0" + struct.pack("<ii", 2**30, 6), vox_offset=400)


@situation(GROUP, "a NIfTI header extension of a negative size", right="a header extension of -9")
def negative_extension(cohort):
    return nifti(cohort, extension=b"\1\0\0\0" + struct.pack("<ii", -9, 6), vox_offset=400)


@situation(GROUP, "a gigabyte of zeros where the voxels of a NIfTI end", right="nothing behind")
def trailing(cohort):
    path = cohort.scan("t2")
    content = np.random.default_rng(5).integers(1, 900, (8, 9, 10)).astype("<i2")
    image = nib.Nifti1Image(content, np.eye(4))
    image.set_qform(np.eye(4), 1)
    path.write_bytes(packed_zeros(image.to_bytes(), wbits=31))
    return in_bounds(cohort.fate)


@situation(
    GROUP, "an archive's zip with two gigabytes in it", right="2 GiB unpacked, more than 1 GiB"
)
def big_zip(cohort):
    from glioma_uq.cohorts.tcia import check_zip

    path = cohort.folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("1.dcm", "2.dcm"):
            with packed.open(name, "w") as member:
                for _ in range(64):
                    member.write(bytes(2**24))
    return in_bounds(check_zip, path, 2)


@situation(GROUP, "an archive's zip whose name of a file has 60,000 characters", right="00000.dcm")
def long_name(cohort):
    from glioma_uq.cohorts.tcia import _unpack

    with zipfile.ZipFile(cohort.folder / "a.zip", "w") as packed:
        packed.writestr(f"../../{'x' * 60000}.dcm", b"x")
    return _unpack(cohort.folder / "a.zip", cohort.folder / "out")[0].name


@situation(GROUP, "a user's pattern that takes 2^40 steps", right="write it without a repetition")
def slow_pattern(cohort):
    cohort.series("a" * 40 + " b")
    return cohort.fate_of_dicom(modalities=("t1",), rules={"t1": {"include": "^(a+)+$"}})


@situation(GROUP, "a description of 60,000 characters", right=("T1 T1 ", 64))
def long_description(cohort):
    cohort.series("T1 " * 20000)
    said = cohort.converted(modalities=("t1",))[1]["t1"]["SeriesDescription"]
    return said[:6], len(said)


@situation(GROUP, "a workbook that names the last cell there is", right="1048576 rows of 163")
def far_cell(cohort):
    import openpyxl

    from glioma_uq.text_tables import read_text_table

    book, path = openpyxl.Workbook(), cohort.folder / "labels.xlsx"
    book.active["A1"], book.active["XFD1048576"] = "case", "x"
    book.save(path)
    return in_bounds(read_text_table, path)


@situation(GROUP, "ten lines of YAML that are a thousand million values", right="by its aliases")
def aliases(cohort):
    from glioma_uq.configuration.documents import read_yaml

    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for one, next_one in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{next_one}: &{next_one} [{', '.join([f'*{one}'] * 10)}]")
    (cohort.folder / "study.yaml").write_text("\n".join(lines))
    return in_bounds(read_yaml, cohort.folder / "study.yaml")


@situation(GROUP, "a bucket that lists a file called '..'", right="expected the name and size")
def bucket_name(cohort):
    from glioma_uq.cohorts.idc import _file, _parsed
    from glioma_uq.errors import BadCase

    answer = b"<L xmlns='x'><Contents><Key>a/..</Key><Size>9</Size></Contents></L>"

    try:
        return [_file(each, "https://x") for each in _parsed(answer, "").findall("{*}Contents")]
    except BadCase as error:
        return str(error)


@situation(GROUP, "the path of a cohort has 5,000 characters", right="expected the file of a coh")
def long_path(cohort):
    from configs import checked

    from glioma_uq.errors import BadInput

    try:
        return checked({"cohort": f"cohorts/{'a' * 5000}.yaml"})
    except BadInput as error:
        return str(error)[:60]


@situation(GROUP, "a probability with an exponent of fifty digits", right=[1e-5, 0.99999])
def long_exponent(cohort):
    from glioma_uq.predictions import import_predictions

    path = cohort.folder / "theirs.csv"
    path.write_text(f"case,idh,a,b\nx,1,1e-5,.99999\ny,1,1e-{'5' * 50},1\n")
    columns = {"case": "case", "idh": {"label": "idh", "probabilities": ["a", "b"]}}
    cells = import_predictions(path, columns)
    return cells[["idh_probability_0", "idh_probability_1"]].iloc[0].tolist()
