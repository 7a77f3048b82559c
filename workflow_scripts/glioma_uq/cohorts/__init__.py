"""The sources of cases, and which of them are included.

labels       the table of cases and their labels
sources      one interface to all sources, and the list of them
file_matching  one file for each series: none or two candidates are an error
folder, bids, brats, converted     the sources, one file each
unconverted  a source of DICOM before its conversion
dicom, idc, tcia                   the series in a folder of DICOM and in two archives
recognition  the modality of one DICOM series: T1, T1CE, T2, FLAIR or none
series       one series for each modality of a case, with a reason for every one
selection    the table of selected series, which users may edit; review reads it for planning
transfer     downloads from an archive: checked and resumed
conversion   from one DICOM series to one volume
segmentation label codings of the tumour's subregions, and their volumes
collection   the tables of a cohort after all steps
"""

from glioma_uq.cohorts.collection import (
    EXCLUDED_COLUMNS,
    STEPS,
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
