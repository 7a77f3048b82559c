"""DICOM before its conversion, as a source: checks that a case has a folder, and has no images yet.

Snakemake calls this while it plans, so it opens no DICOM and contacts no archive.
"""

from pathlib import Path

from glioma_uq.cohorts.file_matching import check_folder_there, folders_in, name_on_disk
from glioma_uq.texts import composed


def find_images(options, case, parts, may_lack=()):
    """Return {}, after a check that a case on disk has its folder; see cohorts.sources."""
    if "path" in options:
        check_folder_there(folder_of(options, case))
    return {}


def folder_of(options, case):
    """Return the folder of a case on disk."""
    return Path(options["path"], name_on_disk(options["path"], case))


def cases_there(options):
    """Return the names of the folders of cases; [] for an archive, which select_series checks."""
    if "path" not in options:
        return []
    return [composed(place.name) for place in folders_in(options["path"])]
