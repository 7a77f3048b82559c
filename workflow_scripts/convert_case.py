"""Find T1, T1CE, T2 and FLAIR in the DICOM of one case and write each as one NIfTI volume."""

from glioma_uq.steps import run

import pandas as pd

from glioma_uq.cohorts.conversion import convert
from glioma_uq.cohorts.dicom import read_folder
from glioma_uq.cohorts.selection import as_reviewed, read_series, rows_of, taken, write_series
from glioma_uq.cohorts.series import choose_series
from glioma_uq.errors import BadCase
from glioma_uq.images import ExcludedBefore, is_empty
from glioma_uq.quality.rows import case_quality_record, mark_excluded


def main(
    *, case, folder, rules, modalities, on_bad_case, images, sidecars, series, quality,
    limits=None, files=None, reviewed=None, may_lack=(), follow_links=False,
):  # fmt: skip
    """Write `images` and `sidecars` (modality to path), `series` and the row `quality`.

    `folder`: the case's DICOM, out of whose parent links may lead only with `follow_links`.
    `files`: the table of its download, None for DICOM on disk.
    `reviewed`: a table of series that replaces `rules`, or None. `series` lists every series
    of the case with its modality and the reason; it is empty when the folder cannot be read
    or holds two patients. A modality of `may_lack` without a series gets empty files.
    """
    write_series(series, pd.DataFrame(columns=["case", "modality", "reason"]))
    outputs = [*images.values(), *sidecars.values()]
    with case_quality_record(
        case, "convert_case", quality, outputs, on_bad_case, limits
    ) as metrics:
        if files and is_empty(files):
            raise ExcludedBefore("excluded at an earlier step, which left no DICOM")
        found, paths = read_folder(folder, case, follow_links)
        if reviewed:
            found = as_reviewed(found, rows_of(read_series(reviewed), case, reviewed))
        else:
            found = choose_series(found, modalities, rules)
        write_series(series, found)
        chosen = taken(found, modalities, may_lack)
        for modality, row in chosen.items():
            check_stack(row, modality)
            again = f", {row.copies} files there twice" if row.copies else ""
            print(f"{modality}: {row.SeriesDescription!r}, {row.reason}{again}")
            convert(paths[row.SeriesInstanceUID], images[modality], sidecars[modality])
            metrics[f"{modality}_series"] = row.SeriesDescription
            if row.look:
                metrics[f"{modality}_look"] = row.look
            metrics[f"{modality}_slices"] = row.slices
            metrics[f"{modality}_slice_mm"] = row.slice_mm
        for modality in (name for name in modalities if name not in chosen):
            mark_excluded([images[modality], sidecars[modality]])


def check_stack(row, modality):
    """Raise BadCase unless the series of a modality is a single stack of evenly spaced slices."""
    problem = row.problem or (f"4-D: {row.volumes:.0f} volumes" if row.volumes > 1 else "")
    if problem:
        raise BadCase(
            f"expected one stack of evenly spaced slices as {modality}, found {problem} in "
            f"{row.SeriesDescription!r}, name another series or copy the case again"
        )


if __name__ == "__main__":
    run(main, snakemake)
