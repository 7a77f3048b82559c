"""One folder of DICOM for each case: what lies in it, and its conversion to NIfTI by dcm2niix."""

from pathlib import Path

import numpy as np
import pandas as pd

from glioma_uq.cohorts.choice import check_folder_there
from glioma_uq.errors import BadCase, BadInput

HEADER_TAGS = [
    "PatientID", "PatientName", "StudyDate", "Modality", "SeriesDescription", "ProtocolName",
    "SeriesNumber", "SeriesInstanceUID", "SOPInstanceUID", "ImageType", "ContrastBolusAgent",
    "NumberOfFrames", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness",
    "AcquisitionDate", "EchoTime", "RepetitionTime", "InversionTime", "Rows", "Columns",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
SAME_DIRECTION = 1e-3  # largest difference of direction cosines in one stack of slices
UNEVEN = 0.2  # largest relative deviation of a gap between slices from their median
INDEX_NAMES = ("DICOMDIR",)


def read_folder(folder, case):
    """Return (table, files) of all DICOM below `folder`.

    table: DataFrame, one row for each series, the columns that glioma_uq.cohorts.series
    reads; files: {SeriesInstanceUID: [path, ...]}. Files that are not DICOM are passed
    over. Raises BadCase for no DICOM or that of several patients.
    """
    check_folder_there(folder)
    headers = list(filter(None, map(_header, sorted(Path(folder).rglob("*")))))
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
        # By their files: the sentence goes into tables and reports, where no name may be.
        found = " and ".join(f"{len(files)} files as {files[0]}" for files in patients.values())
        raise BadCase(
            f"expected DICOM of one patient in {folder}, found that of {len(patients)} ({found}), "
            "give each patient a folder of his own"
        )


def describe(headers):
    """Return one row of facts about the headers of a series, with `problem` "" or a sentence."""
    first = headers[0]
    frames = [frame for header in headers for frame in _frames(header)]
    orientations, positions = zip(*frames, strict=True) if frames else ((), ())
    geometry = _geometry(orientations, positions)
    return {
        "SeriesInstanceUID": _text(first, "SeriesInstanceUID"),
        "SeriesDescription": _text(first, "SeriesDescription") or _text(first, "ProtocolName"),
        "StudyDate": _text(first, "StudyDate") or _text(first, "AcquisitionDate"),
        "SeriesNumber": _float(first, "SeriesNumber"),
        "Modality": _text(first, "Modality"),
        "ImageType": "\\".join(first.get("ImageType", [])),
        "ContrastBolusAgent": _text(first, "ContrastBolusAgent"),
        "instances": len(headers),
        "slice_thickness_mm": _float(first, "SliceThickness"),
        "echo_time_ms": _float(first, "EchoTime"),
        "repetition_time_ms": _float(first, "RepetitionTime"),
        "inversion_time_ms": _float(first, "InversionTime"),
        **geometry,
    }


def _header(path):
    """Return the header of a DICOM image, or None for a folder or another file."""
    if not path.is_file() or path.name in INDEX_NAMES:
        return None
    try:
        import pydicom
    except ImportError as error:
        raise BadInput(
            "expected pydicom for DICOM, found no such package, install it with `make downloads`"
        ) from error
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=HEADER_TAGS)
    except pydicom.errors.InvalidDicomError:
        return None
    return header if "SeriesInstanceUID" in header else None


def _frames(header):
    """Return [(orientation, position)] of the slices of one file; enhanced files have many."""
    if "PerFrameFunctionalGroupsSequence" not in header:
        pair = header.get("ImageOrientationPatient"), header.get("ImagePositionPatient")
        return [pair] if all(pair) else []
    shared = header.get("SharedFunctionalGroupsSequence", [{}])[0]
    frames = []
    for frame in header.PerFrameFunctionalGroupsSequence:
        turn = _group("PlaneOrientationSequence", frame, shared).get("ImageOrientationPatient")
        place = _group("PlanePositionSequence", frame, shared).get("ImagePositionPatient")
        frames += [(turn, place)] if turn and place else []
    return frames


def _group(name, *places):
    """Return the first item of the sequence `name` in the first place that has it, or {}."""
    return next((place[name][0] for place in places if name in place), {})


def _geometry(orientations, positions):
    """Return plane, slices, volumes, slice_mm and problem of a stack of slices.

    `orientations`: six direction cosines for each slice (DICOM LPS); `positions`: three mm.
    """
    nothing = {"plane": "", "slices": 0, "volumes": 0, "slice_mm": np.nan}
    if not positions:
        return {**nothing, "problem": "no slice says where it lies (ImagePositionPatient)"}
    turns = np.array(orientations, float)
    if np.abs(turns - turns[0]).max() > SAME_DIRECTION:
        return {
            **nothing,
            "slices": len(turns),
            "problem": "slices of several directions: a localiser or a reformat",
        }
    normal = np.cross(turns[0, :3], turns[0, 3:])
    along = np.array(positions, float) @ normal
    places = np.unique(np.round(along, 2))
    volumes = len(along) / len(places)
    gaps = np.diff(places)
    facts = {
        "plane": ("sagittal", "coronal", "axial")[np.abs(normal).argmax()],
        "slices": len(places),
        "volumes": volumes,
        "slice_mm": float(np.median(gaps)) if len(gaps) else np.nan,
    }
    return {**facts, "problem": _uneven(gaps, volumes)}


def _uneven(gaps, volumes):
    """Return "" or what is wrong with the gaps (mm) between the slices of a series."""
    if volumes != int(volumes):
        return f"{volumes:.2f} slices for each place: slices are missing or there twice"
    if len(gaps) and np.ptp(gaps) > UNEVEN * np.median(gaps):
        return f"gaps between slices of {gaps.min():.2f} to {gaps.max():.2f} mm: slices are missing"
    return ""


def _text(header, name):
    return str(header.get(name) or "").strip()


def _float(header, name):
    return float(header.get(name)) if _text(header, name) else np.nan
