"""The files of DICOM below a folder, and their headers: both read within bounds."""

import io
import os
from pathlib import Path

from glioma_uq.errors import BadCase, installed_by_downloads, no_right_to_read, reading_case_file
from glioma_uq.unpacking import inflated

HEADER_TAGS = [
    "PatientID", "PatientName", "StudyDate", "Modality", "SeriesDescription", "ProtocolName",
    "SeriesNumber", "SeriesInstanceUID", "SOPInstanceUID", "ImageType", "ContrastBolusAgent",
    "NumberOfFrames", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness",
    "AcquisitionDate", "EchoTime", "RepetitionTime", "InversionTime", "Rows", "Columns",
    "SamplesPerPixel", "BitsAllocated",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
DIRECTORY = "1.2.840.10008.1.3.10"  # SOP class of a DICOMDIR, by whatever name
MOST_INFLATED_BYTES = 2**20  # of a deflated file; what identifies its series comes first
MOST_VALUE_BYTES = 2**24  # ASSUME: no value but the voxels has more, nor have frames' groups
EXPLICIT = b"\0" * 128 + b"DICM\2\0\x10\0UI\x14\0" + b"1.2.840.10008.1.2.1\0"
# Endings of files that lie beside DICOM and are none.
NO_DICOM = (
    ".bmp", ".bval", ".bvec", ".csv", ".db", ".doc", ".docx", ".exe", ".gif", ".htm", ".html",
    ".inf", ".ini", ".jpeg", ".jpg", ".json", ".log", ".md", ".nii", ".nii.gz", ".pdf", ".png",
    ".rtf", ".tsv", ".txt", ".xls", ".xlsx", ".xml", ".yaml", ".yml",
)  # fmt: skip


def files_below(folder, follow_links=False):
    """Return the sorted paths of the files below a case's folder, but those beside DICOM.

    Hidden files and folders are passed over. Links are followed, out of the folder that holds all
    cases only with `follow_links`; a folder that is reached twice is read once. Raises BadCase
    for a link that leads nowhere, one that leads out, and a folder that may not be read.
    """
    root, seen, found = os.path.realpath(Path(folder).parent), set(), []
    for place, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        if (end := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(end)
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(place, name) for name in sorted(names)]
        files = [path for path in paths if not is_beside(path)]
        for path in (Path(place), *filter(Path.is_symlink, files)):
            _check_link(path, root, follow_links)
        found += files
    return sorted(found)


def is_beside(path):
    """Return whether something below a case's folder is a folder or, by its name, no DICOM."""
    name = path.name.lower()
    named = name.startswith(".") or name.endswith(NO_DICOM) or name == "dicomdir"
    return named or path.is_dir()


def _refuse(error):
    if isinstance(error, PermissionError):
        raise no_right_to_read(error.filename) from error
    raise error


def _check_link(path, root, follow_links):
    end = os.path.realpath(path)
    if path.is_symlink() and not path.exists():
        raise BadCase(
            f"expected DICOM, found that {path} is a link that leads nowhere, fetch its content "
            "or remove the link"
        )
    if not follow_links and os.path.commonpath([end, root]) != root:
        raise BadCase(
            f"expected the DICOM of a case inside {root}, found that {path} leads to {end}, copy "
            "it there or set cohort.follow_links: true"
        )


def read_header(path):
    """Return the header of a DICOM file with HEADER_TAGS, or None for a file that is none.

    One that names no series is none either, unless it is a directory of others (DICOMDIR).

    Raises BadCase for a file that starts as DICOM and cannot be read.
    """
    with installed_by_downloads("pydicom", "DICOM"):
        import pydicom
    options = {"stop_before_pixels": True, "specific_tags": HEADER_TAGS}
    if not path.is_file():  # a pipe, which would be waited for, or a device
        return None
    with reading(path):
        try:
            with _File(path) as file:
                header = _read(pydicom.dcmread, file, options)
        except pydicom.errors.InvalidDicomError:
            return None
        header.filename = str(path)
        is_directory = header.file_meta.get("MediaStorageSOPClassUID") == DIRECTORY
        return header if is_directory or "SeriesInstanceUID" in header else None


def reading(path):
    """Turn pydicom's errors on a file into BadCase; it parses values only when they are read."""
    return reading_case_file(path, "DICOM", f"that {path} cannot be read", "copy the case again")


def value_of(header, name, path=None):
    """Return an element of a header, None if it is absent; BadCase if it cannot be read.

    `path`: of the file, of whose header `header` is a part.
    """
    with reading(path or header.filename):
        return header.get(name)


class _File(io.BufferedReader):
    """A file that reads no more than it holds, and only as much as it is asked for.

    A damaged length asks for gigabytes; a reader that asks for all wants to inflate it.
    """

    def __init__(self, path):
        super().__init__(open(path, "rb", buffering=0))  # noqa: SIM115
        self.size = os.fstat(self.fileno()).st_size

    def read(self, size=-1):
        """Return the next `size` bytes, fewer at the end; ValueError for too many."""
        if size is None or size < 0:
            raise _DeflatedError
        size = min(size, max(self.size - self.tell(), 0))
        if size > MOST_VALUE_BYTES:
            raise ValueError(f"an element of {size} bytes")
        return super().read(size)


class _DeflatedError(Exception):
    """The dataset is deflated as a whole (PS3.5 A.5), and begins at the file's position."""


def _read(dcmread, file, options):
    """Return the header in an open file; of a deflated one the part that is within the bound."""
    try:
        return dcmread(file, **options)
    except _DeflatedError:
        start = inflated(file.read(MOST_INFLATED_BYTES), MOST_INFLATED_BYTES)
    return dcmread(io.BytesIO(EXPLICIT + start), **options)
