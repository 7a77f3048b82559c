"""One folder of DICOM for each case: its series, their headers and geometry."""

from pathlib import Path

import numpy as np
import pandas as pd

from glioma_uq.cohorts.file_matching import check_folder_there
from glioma_uq.errors import BadCase, installed_by_downloads, printable, reading_case_file
from glioma_uq.plurals import counted
from glioma_uq.texts import kept_text

HEADER_TAGS = [
    "PatientID", "PatientName", "StudyDate", "Modality", "SeriesDescription", "ProtocolName",
    "SeriesNumber", "SeriesInstanceUID", "SOPInstanceUID", "ImageType", "ContrastBolusAgent",
    "NumberOfFrames", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness",
    "AcquisitionDate", "EchoTime", "RepetitionTime", "InversionTime", "Rows", "Columns",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
SAME_DIRECTION = 1e-3  # largest difference of direction cosines in one stack of slices
UNEVEN = 0.2  # largest relative deviation of a gap between slices from their median
DIRECTORY = "1.2.840.10008.1.3.10"  # SOP class of a DICOMDIR, by whatever name
# Endings of files that lie beside DICOM and are none.
NO_DICOM = (
    ".bmp", ".bval", ".bvec", ".csv", ".db", ".doc", ".docx", ".exe", ".gif", ".gz", ".htm",
    ".html", ".inf", ".ini", ".jpeg", ".jpg", ".json", ".log", ".md", ".nii", ".pdf", ".png",
    ".rtf", ".tsv", ".txt", ".xls", ".xlsx", ".xml", ".yaml", ".yml",
)  # fmt: skip
UNKNOWN = {
    "SeriesInstanceUID": "", "SeriesDescription": "", "StudyDate": "", "SeriesNumber": np.nan,
    "Modality": "", "ImageType": "", "ContrastBolusAgent": "", "instances": 0,
    "slice_thickness_mm": np.nan, "echo_time_ms": np.nan, "repetition_time_ms": np.nan,
    "inversion_time_ms": np.nan, "plane": "", "slices": 0, "volumes": 0, "slice_mm": np.nan,
    "problem": "",
}  # fmt: skip


def read_folder(folder, case):
    """Return (table, files) of all DICOM below `folder`.

    table: DataFrame, one row for each series, the columns that glioma_uq.cohorts.series
    reads; files: {SeriesInstanceUID: [path, ...]}. Hidden files and those with an ending
    of `NO_DICOM` are passed over. Raises BadCase for no DICOM, several patients, an unreadable
    file, or one that is no DICOM, as an interrupted copy leaves them.
    """
    check_folder_there(folder)
    paths = [path for path in sorted(Path(folder).rglob("*")) if not is_beside(path)]
    headers = {path: _header(path) for path in paths}
    if lost := [path for path, header in headers.items() if header is None]:
        raise BadCase(
            f"expected DICOM alone below {folder}, found {counted(len(lost), 'file')} of "
            f"{len(paths)} without its header, as {lost[0].relative_to(folder)}, copy the case "
            "again, or remove what is no scan"
        )
    headers = [header for header in headers.values() if "SeriesInstanceUID" in header]
    if not headers:
        raise BadCase(f"expected DICOM files, found none below {folder}, copy the case again")
    check_one_patient(headers, folder)
    series = {}
    for header in headers:
        series.setdefault(_text(header, "SeriesInstanceUID"), []).append(header)
    table = pd.DataFrame([{"case": case, **describe(group)} for group in series.values()])
    files = {uid: [header.filename for header in group] for uid, group in series.items()}
    return table.sort_values(["StudyDate", "SeriesNumber"], ignore_index=True), files


def check_one_patient(headers, folder):
    """Raise BadCase when the headers of one folder name more than one patient.

    `headers`: as pydicom reads them, each with its `filename` below `folder`.
    """
    patients = {}
    for header in headers:
        whose = _text(header, "PatientID") or _text(header, "PatientName")
        patients.setdefault(whose, []).append(Path(header.filename).relative_to(folder))
    if len(patients) > 1:
        # Files, not names: the sentence goes into tables and reports, which hold no names.
        found = " and ".join(f"{len(files)} files as {files[0]}" for files in patients.values())
        raise BadCase(
            f"expected DICOM of one patient in {folder}, found that of {len(patients)} ({found}), "
            "give each patient a separate folder"
        )


def describe(headers):
    """Return one row of facts about the headers of a series, with `problem` "" or a sentence.

    A header that cannot be read in part is a problem of its series alone.
    """
    row = {**UNKNOWN, "SeriesInstanceUID": _text(headers[0], "SeriesInstanceUID")}
    row["instances"] = len(headers)
    try:
        row |= _facts(headers[0])
        frames = []
        for header in headers:
            with _reading(header.filename):
                frames += _frames(header)
        row |= _geometry(frames)
    except BadCase as error:
        row["problem"] = str(error)
    return row


def _facts(header):
    with _reading(header.filename):
        kinds = header.get("ImageType") or []
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return {
        "SeriesDescription": kept_text(
            _text(header, "SeriesDescription") or _text(header, "ProtocolName")
        ),
        "StudyDate": _text(header, "StudyDate") or _text(header, "AcquisitionDate"),
        "SeriesNumber": _number(header, "SeriesNumber"),
        "Modality": _text(header, "Modality"),
        "ImageType": "\\".join(map(printable, kinds)),
        "ContrastBolusAgent": kept_text(_text(header, "ContrastBolusAgent")),
        "slice_thickness_mm": _number(header, "SliceThickness"),
        "echo_time_ms": _number(header, "EchoTime"),
        "repetition_time_ms": _number(header, "RepetitionTime"),
        "inversion_time_ms": _number(header, "InversionTime"),
    }


def is_beside(path):
    """Return whether something below a case's folder is a folder or, by its name, no DICOM."""
    named = path.name.startswith(".") or path.suffix.lower() in NO_DICOM or path.name == "DICOMDIR"
    return named or path.is_dir()


def _header(path):
    """Return the header of a DICOM file, or None for a file that is none.

    One that names no series is none either, unless it is a directory of others (DICOMDIR).

    Raises BadCase for a file that starts as DICOM and cannot be read.
    """
    with installed_by_downloads("pydicom", "DICOM"):
        import pydicom
    with _reading(path):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=HEADER_TAGS)
        except pydicom.errors.InvalidDicomError:
            return None
        is_directory = header.file_meta.get("MediaStorageSOPClassUID") == DIRECTORY
        return header if is_directory or "SeriesInstanceUID" in header else None


def _reading(path):
    """Turn pydicom's errors on a file into BadCase; it parses values only when they are read."""
    return reading_case_file(path, "DICOM", f"that {path} cannot be read", "copy the case again")


def _text(header, name):
    """Return an element as one line of text, "" if it is absent."""
    with _reading(header.filename):
        value = header.get(name)
    return "" if value is None else printable(value).strip()


def _number(header, name):
    """Return an element as a number, NaN if it is absent or not one number.

    These numbers decide nothing about a series, and scanners write them freely.
    """
    try:
        with _reading(header.filename):
            return float(header.get(name))
    except BadCase:
        return np.nan


def _frames(header):
    """Return [(orientation, position)] of the slices of one file; enhanced files have many.

    Six direction cosines and three mm, in DICOM's LPS. Slices that lack either are left out.
    """
    places = [(header, header)]
    if frames := header.get("PerFrameFunctionalGroupsSequence"):
        shared = (header.get("SharedFunctionalGroupsSequence") or [{}])[0]
        groups = ("PlaneOrientationSequence", "PlanePositionSequence")
        places = [[_group(name, frame, shared) for name in groups] for frame in frames]
    pairs = [
        (
            _vector(turn, "ImageOrientationPatient", 6, header.filename),
            _vector(place, "ImagePositionPatient", 3, header.filename),
        )
        for turn, place in places
    ]
    return [pair for pair in pairs if all(pair)]


def _group(name, *places):
    """Return the first item of the sequence `name` in the first place that has it, or {}."""
    return next((items[0] for place in places if (items := place.get(name))), {})


def _vector(part, name, length, path):
    """Return an element as a tuple of `length` finite numbers, () if it is absent."""
    numbers = tuple(float(value) for value in part.get(name) or ())
    if numbers and (len(numbers) != length or not np.isfinite(numbers).all()):
        raise BadCase(
            f"expected {length} numbers as {name}, found {numbers} in {path}, copy the case again"
        )
    return numbers


def _geometry(frames):
    """Return plane, slices, volumes, slice_mm and problem of the `frames` of a series."""
    if not frames:
        return {"problem": "no slice has a position (ImagePositionPatient)"}
    orientations = np.array([orientation for orientation, _ in frames])
    if np.abs(orientations - orientations[0]).max() > SAME_DIRECTION:
        return {
            "slices": len(orientations),
            "problem": "slices of several directions: a localiser or a reformat",
        }
    normal = np.cross(orientations[0, :3], orientations[0, 3:])
    along = np.array([position for _, position in frames]) @ normal
    positions = np.unique(np.round(along, 2))
    volumes = len(along) / len(positions)
    gaps = np.diff(positions)
    return {
        "plane": ("sagittal", "coronal", "axial")[np.abs(normal).argmax()],
        "slices": len(positions),
        "volumes": volumes,
        "slice_mm": float(np.median(gaps)) if len(gaps) else np.nan,
        "problem": _uneven(gaps, volumes),
    }


def _uneven(gaps, volumes):
    """Return "" or the problem of the gaps (mm) between the slices of a series."""
    if volumes != int(volumes):
        return f"{volumes:.2f} slices for each position: slices are missing or duplicated"
    if len(gaps) and np.ptp(gaps) > UNEVEN * np.median(gaps):
        return f"gaps between slices of {gaps.min():.2f} to {gaps.max():.2f} mm: slices are missing"
    return ""
