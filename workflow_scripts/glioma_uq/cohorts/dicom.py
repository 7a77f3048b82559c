"""One folder of DICOM for each case: its series, their headers and geometry."""

from pathlib import Path

import numpy as np
import pandas as pd

from glioma_uq.cohorts.dicom_files import files_below, read_header, reading, value_of
from glioma_uq.cohorts.file_matching import check_folder_there
from glioma_uq.errors import BadCase, printable
from glioma_uq.files import digest
from glioma_uq.plurals import counted
from glioma_uq.texts import LONGEST_ELEMENT
from glioma_uq.unpacking import MOST_BYTES, in_words

SAME_DIRECTION = 1e-3  # largest difference of direction cosines in one stack of slices
LARGEST_SLANT = 0.1  # of a normal's length: rows and columns are rounded, or not perpendicular
MISSING = 1.5  # a gap of so many medians is that of a missing slice
UNEVEN = 0.2  # largest difference of two gaps between slices, of their median
UNEVEN_MM = 0.19  # and in mm: dcm2niix makes no volume from 0.2 mm on, and positions are rounded
LARGEST_STRETCH = 0.02  # of the mean gap: dcm2niix takes the gap at one end for all
LARGEST_PLACE_MM = 1e5  # ASSUME: no scanner is larger
UNKNOWN = {
    "SeriesInstanceUID": "", "SeriesDescription": "", "StudyDate": "", "SeriesNumber": np.nan,
    "Modality": "", "ImageType": "", "ContrastBolusAgent": "", "instances": 0, "copies": 0,
    "slice_thickness_mm": np.nan, "echo_time_ms": np.nan, "repetition_time_ms": np.nan,
    "inversion_time_ms": np.nan, "plane": "", "slices": 0, "volumes": 0, "slice_mm": np.nan,
    "problem": "",
}  # fmt: skip


def read_folder(folder, case, follow_links=False):
    """Return (table, files) of all DICOM below `folder`.

    table: DataFrame, one row for each series, the columns that glioma_uq.cohorts.series
    reads; files: {SeriesInstanceUID: [path, ...]}, a file that is there twice only once. Links
    and what is passed over: see `files_below`. Raises BadCase for no DICOM, several patients, an
    unreadable file, or one that is no DICOM, as an interrupted copy leaves them.
    """
    check_folder_there(folder)
    headers = {path: read_header(path) for path in files_below(folder, follow_links)}
    if lost := [path for path, header in headers.items() if header is None]:
        raise BadCase(
            f"expected DICOM alone below {folder}, found {counted(len(lost), 'file')} of "
            f"{len(headers)} without its header, as {lost[0].relative_to(folder)}, copy the case "
            "again, or remove what is no scan"
        )
    headers = [header for header in headers.values() if "SeriesInstanceUID" in header]
    if not headers:
        raise BadCase(f"expected DICOM files, found none below {folder}, copy the case again")
    check_one_patient(headers, folder)
    is_named = any(map(_owner, headers))
    series = {}
    for header in headers:
        series.setdefault(_text(header, "SeriesInstanceUID"), []).append(header)
    rows, files = [], {}
    for uid, group in series.items():
        single, problem = without_copies(group)
        if is_named and not all(map(_owner, group)):
            problem = "it names no patient, as other series of the case do"
        copies = len(group) - len(single)
        row = {"case": case, **describe(single), "copies": copies}
        rows.append(row | {"problem": problem or row["problem"]})
        files[uid] = [header.filename for header in single]
    table = pd.DataFrame(rows).sort_values(["StudyDate", "SeriesNumber"], ignore_index=True)
    return table, files


def check_one_patient(headers, folder):
    """Raise BadCase when the headers of one folder name more than one patient.

    `headers`: as pydicom reads them, each with its `filename` below `folder`.
    """
    names = {_name(header): _owner(header) for header in headers if _name(header) != _owner(header)}
    patients = {}
    for header in filter(_owner, headers):
        whose = names.get(_owner(header), _owner(header))
        patients.setdefault(whose, []).append(Path(header.filename).relative_to(folder))
    if len(patients) > 1:
        # Files, not names: the sentence goes into tables and reports, which hold no names.
        found = " and ".join(f"{len(files)} files as {files[0]}" for files in patients.values())
        raise BadCase(
            f"expected DICOM of one patient in {folder}, found that of {len(patients)} ({found}), "
            "give each patient a separate folder"
        )


def without_copies(headers):
    """Return (headers without those of files that are copies of another, "" or a problem).

    Files of one image (SOPInstanceUID) are copies if their bytes are the same.
    """
    images, unnamed = {}, []
    for header in headers:
        uid = _readable(header, "SOPInstanceUID")
        same = images.setdefault(uid, []) if uid else unnamed
        same.append(header)
    doubled = [group for group in images.values() if len(group) > 1]
    kept = {header.filename for group in images.values() for header in group[:1]}
    kept |= {header.filename for header in unnamed}
    single = [header for header in headers if header.filename in kept]
    if differing := [g for g in doubled if len({digest(h.filename) for h in g}) > 1]:
        return single, (
            f"{counted(len(differing), 'image')} in two files that differ, as "
            f"{Path(differing[0][0].filename).name}: copies of two exports"
        )
    return single, ""


def describe(headers):
    """Return one row of facts about the headers of a series, with `problem` "" or a sentence.

    A header that cannot be read in part is a problem of its series alone.
    """
    row = {**UNKNOWN, "SeriesInstanceUID": _text(headers[0], "SeriesInstanceUID")}
    row["instances"] = len(headers)
    try:
        row |= _facts(headers[0])
        if (size := sum(map(_voxel_bytes, headers))) > MOST_BYTES:
            return row | {
                "problem": f"{in_words(size)} of voxels, more than {in_words(MOST_BYTES)}"
            }
        frames = []
        for header in headers:
            with reading(header.filename):
                frames += _frames(header)
        row |= _geometry(frames)
    except BadCase as error:
        row["problem"] = str(error)
    return row


def _facts(header):
    with reading(header.filename):
        kinds = value_of(header, "ImageType") or []
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return {
        "SeriesDescription": _short(header, "SeriesDescription") or _short(header, "ProtocolName"),
        "StudyDate": _short(header, "StudyDate") or _short(header, "AcquisitionDate"),
        "SeriesNumber": _number(header, "SeriesNumber"),
        "Modality": _short(header, "Modality"),
        "ImageType": "\\".join(
            printable(kind)[:LONGEST_ELEMENT] for kind in kinds[:LONGEST_ELEMENT]
        ),
        "ContrastBolusAgent": _short(header, "ContrastBolusAgent"),
        "slice_thickness_mm": _number(header, "SliceThickness"),
        "echo_time_ms": _number(header, "EchoTime"),
        "repetition_time_ms": _number(header, "RepetitionTime"),
        "inversion_time_ms": _number(header, "InversionTime"),
    }


def _text(header, name):
    """Return an element as one line of text, "" if it is absent."""
    value = value_of(header, name)
    with reading(header.filename):
        return "" if value is None else printable(value).strip()


def _short(header, name):
    """Return the start of an element's text, which is all of it in a valid header."""
    return _text(header, name)[:LONGEST_ELEMENT]


def _readable(header, name):
    """Return an element as text, "" also if it cannot be read."""
    try:
        return _text(header, name)
    except BadCase:
        return ""


def _name(header):
    return _readable(header, "PatientName")


def _owner(header):
    """Return the id, or else the name, of the patient in a header; "" without a readable one."""
    return _readable(header, "PatientID") or _name(header)


def _number(header, name):
    """Return an element as a number, NaN if it is absent or not one number.

    These numbers decide nothing about a series, and scanners write them freely.
    """
    try:
        with reading(header.filename):
            return float(value_of(header, name))
    except BadCase:
        return np.nan


def _voxel_bytes(header):
    """Return how many bytes the voxels of a file have unpacked, by its header."""
    known = {"Rows": 0, "Columns": 0, "NumberOfFrames": 1, "SamplesPerPixel": 1}
    known |= {"BitsAllocated": 16}
    found = {name: _number(header, name) for name in known}
    sizes = [found[name] if found[name] >= 0 else known[name] for name in known]
    return float(np.prod(sizes)) / 8


def _frames(header):
    """Return [(orientation, position)] of the slices of one file; enhanced files have many.

    Six direction cosines and three mm, in DICOM's LPS. Slices that lack either are left out.
    """
    places = [(header, header)]
    if frames := value_of(header, "PerFrameFunctionalGroupsSequence"):
        shared = (value_of(header, "SharedFunctionalGroupsSequence") or [{}])[0]
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
    """Return the first item of the sequence `name` in the first place that has it, or None."""
    return next((items[0] for place in places if (items := place.get(name))), None)


def _vector(part, name, length, path):
    """Return an element as a tuple of `length` finite numbers, () if it or `part` is absent."""
    values = None if part is None else value_of(part, name, path)
    numbers = tuple(map(float, values or ()))
    if numbers and (len(numbers) != length or not (np.abs(numbers) < LARGEST_PLACE_MM).all()):
        raise BadCase(
            f"expected {length} numbers as {name}, found {numbers[:7]} in {path}, copy the case "
            "again"
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
    if abs(np.linalg.norm(normal) - 1) > LARGEST_SLANT:
        return {"slices": len(frames), "problem": "rows and columns that are not perpendicular"}
    along = np.array([position for _, position in frames]) @ normal
    positions, first = np.unique(np.round(along, 2), return_index=True)
    volumes = len(along) / len(positions)
    gaps = np.diff(along[first])
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
    if not len(gaps):
        return ""
    found = f"gaps between slices of {gaps.min():.2f} to {gaps.max():.2f} mm"
    if gaps.max() > MISSING * np.median(gaps):
        return f"{found}: slices are missing"
    stretch = np.abs(gaps[[0, -1]] / gaps.mean() - 1).max()
    if np.ptp(gaps) > min(UNEVEN * np.median(gaps), UNEVEN_MM) or stretch > LARGEST_STRETCH:
        return f"{found}: too uneven for one volume"
    return ""
