"""Bring the chosen series of one case from an archive, each file whole and checked."""

import re
from pathlib import Path

from glioma_uq.cohorts import idc, tcia
from glioma_uq.cohorts.selection import read_series, rows_of, taken
from glioma_uq.cohorts.transfer import RetryPolicy, TransferFailed, download
from glioma_uq.errors import BadCase
from glioma_uq.logs import progress
from glioma_uq.quality.rows import case_quality_record, write_table
from glioma_uq.steps import run


def main(*, case, series, source, options, modalities, on_bad_case, files, quality):
    """Write `files`, a table of the DICOM files of a case, which lie in folders beside it.

    What is there already and right is not brought again, so that a run that broke off, or
    one begun again after a failed transfer, goes on where it was.
    """
    with case_quality_record(
        case, "download_series", quality=quality, outputs=[files], on_bad_case=on_bad_case
    ) as metrics:
        rows = rows_of(read_series(series, also=("url", "instances")), case, series)
        chosen = taken(rows, modalities)
        patience = RetryPolicy(**options["transfer"])
        fetch = fetch_from_idc if source == "idc" else fetch_from_tcia(options, patience)
        listed = []
        for modality, row in progress(chosen.items(), "series"):
            folder = Path(files).parent / row.SeriesInstanceUID
            for path in fetch(row, folder, options, patience):
                size = path.stat().st_size
                listed.append({"modality": modality, "file": path, "bytes": size})
        metrics["downloaded_MB"] = sum(row["bytes"] for row in listed) / 1e6
        write_table(files, ["modality", "file", "bytes"], listed)


def fetch_from_idc(row, folder, options, patience):
    """Bring one series from a public bucket into `folder` and return its files' paths."""
    files = idc.files_of(row.url, options["bucket_address"], patience)
    if len(files) != instances_of(row):
        raise TransferFailed(
            f"expected {row.instances} files at {row.url}, found {len(files)}, "
            "update idc-index (`make downloads`) and select again"
        )
    paths = [folder / file["url"].rpartition("/")[2] for file in files]
    for file, path in zip(files, paths, strict=True):
        download(file["url"], path, size=file["size"], md5=file["md5"], patience=patience)
    return paths


def instances_of(row):
    """Return how many files a series of the table has, or raise BadCase."""
    number = re.fullmatch(r"([0-9]{1,9})(\.0*)?", row.instances.strip())
    if not number:
        raise BadCase(
            f"expected the number of files of {row.SeriesInstanceUID} in the table of series, "
            f"found {row.instances!r} as its instances, correct it"
        )
    return int(number[1])


def fetch_from_tcia(options, patience):
    """Log in once and return the function that brings one series."""
    key = tcia.auth_header(options, patience)

    def fetch(row, folder, options, patience):
        tcia.check_ours(row.url, options["address"])
        return tcia.download_series(
            row.url, folder, instances_of(row), options["collection"], key, patience
        )

    return fetch


if __name__ == "__main__":
    run(main, snakemake)
