"""Where cases come from and who takes part.

labels       the table that says who the cases are and what is known of each
sources      one interface to all sources, and the list of them
choice       one file for each series: none or two candidates are refused
folder, bids, brats, converted     the sources, one file each
unconverted  what a source of DICOM is before its conversion
dicom, idc, tcia                   what lies in a folder of DICOM and in two archives
recognition  what one DICOM series is: T1, T1CE, T2, FLAIR or never taken
series       one series for each modality of a case, with a reason for every one
selection    the table of chosen series, which a person may edit; review reads it for planning
transfer     files from an archive: whole, checked, resumed
conversion   one series of DICOM to one volume
segmentation the codings of the tumour's parts, and their volumes
collection   the tables of a cohort that went through all steps
"""

from glioma_uq.cohorts.collection import (
    EXCLUDED_COLUMNS,
    STEPS,
    check_skull_stripping,
    check_someone_is_left,
    divide_cases,
    first_reasons,
    gather_metrics,
    steps_of,
)
from glioma_uq.cohorts.labels import LABEL_COLUMNS, LABELS, UNKNOWN, list_cases, read_labels
from glioma_uq.cohorts.sources import (
    CONVERTED,
    SOURCES,
    cases_there,
    coding_of,
    existing_images,
    file_of,
    find_images,
)

__all__ = [
    "CONVERTED",
    "EXCLUDED_COLUMNS",
    "LABELS",
    "LABEL_COLUMNS",
    "SOURCES",
    "STEPS",
    "UNKNOWN",
    "cases_there",
    "check_skull_stripping",
    "check_someone_is_left",
    "coding_of",
    "divide_cases",
    "existing_images",
    "file_of",
    "find_images",
    "first_reasons",
    "gather_metrics",
    "list_cases",
    "read_labels",
    "steps_of",
]
