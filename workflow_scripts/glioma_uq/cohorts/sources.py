"""One interface to all sources of cases.

A source is a module with three functions:

    find_images(options, case, parts, may_lack)   {part: path} of the images that exist, or BadCase
    cases_there(options)                          sorted names of the cases of the source
    folder_of(options, case)                      the folder of a case, there or not, or BadCase

`options` are those of cohort.<source> in the config, for datasets {"datasets": a list with what
their files say (glioma_uq.configuration.datasets)}; `parts` modalities ("t1", "t1ce", "t2",
"flair"), "segmentation" and "brain_mask". A modality that is not found, or found twice, raises
BadCase; segmentation, brain mask and the modalities `may_lack` may be absent. A source that must
convert its files first (CONVERTED) returns {} where the case can be converted.

Snakemake reads this module while it plans, so a source is imported only when it is used.
"""

from importlib import import_module
from os.path import isfile, realpath
from pathlib import Path

from glioma_uq.contents import digest_of
from glioma_uq.csv_cells import unmarked
from glioma_uq.errors import BadCase, BadInput, no_right_to_read
from glioma_uq.text_tables import read_text_table
from glioma_uq.texts import checked_id, checked_text, is_plain_path, quoted

SOURCES = {
    "datasets": "glioma_uq.cohorts.datasets",
    "folder": "glioma_uq.cohorts.folder",
    "bids": "glioma_uq.cohorts.bids",
    "dicom": "glioma_uq.cohorts.unconverted",
    "idc": "glioma_uq.cohorts.unconverted",
    "tcia": "glioma_uq.cohorts.unconverted",
}
OF_SERIES = ("modality", "SeriesInstanceUID", "url", "instances")  # what a conversion depends on
CONVERTED = ("dicom", "idc", "tcia")
CANONICAL = {"core": [1], "oedema": [2], "enhancing": [3]}


def find_images(source, options, case, parts, follow_links=False, may_lack=()):
    """Return {part: path as text} of the images of a case.

    Each is a separate file inside the path of the source or of its datasets; links may lead out
    of it only with `follow_links`. Raises BadCase with one sentence, also for a missing modality
    that is not among `may_lack`.
    """
    try:
        found = _module(source).find_images(options, case, parts, may_lack)
        roots = [part["path"] for part in options.get("datasets", [options]) if "path" in part]
        _check_names(found, roots)
        _check_different_files(found)
        if roots and not follow_links:
            _check_inside(found, case, roots)
    except PermissionError as error:
        raise no_right_to_read(error.filename) from error
    return {part: str(path) for part, path in found.items()}


def cases_there(source, options):
    """Return the names of all cases of a source, listed in the labels table or not."""
    return _module(source).cases_there(options)


def existing_images(source, options, case, parts, follow_links=False, may_lack=()):
    """Return the paths of a case's images for planning; check_cohort reports errors."""
    try:
        return list(find_images(source, options, case, parts, follow_links, may_lack).values())
    except BadCase:
        return []


def contents_of(source, options, case, images=()):
    """Return a digest of all files of a case on disk: its `images`, and what lies in its folder."""
    return digest_of(images, folders_of_case(source, options, case))


def folders_of_case(source, options, case):
    """Return the folder of a case on disk in a list; [] for one in none or two, a bad case."""
    try:
        return [_module(source).folder_of(options, case)]
    except BadCase:
        return []


def coding_of(cohort, options, case):
    """Return {subregion, cavity or background: its numbers} in the segmentation of a case.

    `cohort`: that of a config; `options`: of its source.
    """
    if "datasets" in options:
        return _module("datasets").dataset_of(options["datasets"], case)["segmentation_labels"]
    return cohort["segmentation_labels"] or CANONICAL


def may_be_shared(options, case, part):
    """Return whether the file of a part of a case may be that of other cases too."""
    return "datasets" in options and _module("datasets").is_shared(options["datasets"], case, part)


def read_reviewed(path):
    """Return (header, rows) of a table of series that a user reviewed, as `read_text_table`.

    Raises BadInput for an id or a text that cannot be kept.
    """
    header, rows = read_text_table(path)
    for row in rows:
        row |= {name: checked_text(unmarked(text), name, path) for name, text in row.items()}
        if row.get("case"):
            row["case"] = checked_id(row["case"], "case", path)
    return header, rows


def lines_by_case(path):
    """Return {case: ["modality SeriesInstanceUID ...", ...]} of the series selected in a table.

    With the columns by which a series is downloaded.
    """
    if not isfile(path):
        raise BadInput(
            f"expected the reviewed table of series, found no file {path}, correct the key series "
            "of the cohort's source"
        )
    lines = {}
    for row in read_reviewed(path)[1]:
        if row.get("modality"):
            line = " ".join(row[name] for name in OF_SERIES if name in row)
            lines.setdefault(row.get("case"), []).append(line)
    return lines


def file_of(source):
    """Return the file of a source's module below workflow_scripts, for its fingerprint."""
    return SOURCES[source].replace(".", "/") + ".py"


def _module(source):
    return import_module(SOURCES[source])


def _check_names(found, roots):
    """Raise BadCase for a path below one of `roots` that cannot be the input of a job."""
    for path in found.values():
        root = next((root for root in roots if Path(path).is_relative_to(root)), "")
        inside = str(Path(path).relative_to(root))
        if not is_plain_path(inside):
            raise BadCase(
                "expected names of files and folders without control characters, quotes, braces, "
                f"$, ` and \\, found {quoted(inside, 300)}, rename it"
            )


def _check_different_files(found):
    parts = {}
    for part, path in found.items():
        other = parts.setdefault(path, part)
        if other != part:
            raise BadCase(
                f"expected different files for {other} and {part}, found {path} for both, "
                "use more specific names"
            )


def _check_inside(found, case, folders):
    # Unlike Path.resolve, realpath does not fail on links that form a loop.
    roots = [realpath(folder) for folder in folders]
    for path in found.values():
        end = Path(realpath(path))
        if not any(end.is_relative_to(root) for root in roots):
            raise BadCase(
                f"expected the images of {case} inside {' or '.join(folders)}, found that {path} "
                f"leads to {end}, copy it there or set cohort.follow_links: true"
            )
