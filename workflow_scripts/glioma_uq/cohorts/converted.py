"""Converted DICOM as a source: one NIfTI file for each modality in the case's folder."""

from pathlib import Path

from glioma_uq.cohorts.file_matching import OPTIONAL, folders_in


def find_images(options, case, parts):
    """Return {modality: path} below `options["path"]`, as named by convert_case."""
    place = Path(options["path"]) / case
    return {part: place / f"{part}.nii.gz" for part in parts if part not in OPTIONAL}


def cases_there(options):
    """Return the names of the cases that were converted."""
    return [place.name for place in folders_in(options["path"])]
