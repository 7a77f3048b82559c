"""Download the selected series of one case from an archive and check every file."""

from glioma_uq.steps import run

import re
from functools import partial
from pathlib import Path

from glioma_uq.cohorts import idc, tcia
from glioma_uq.cohorts.selection import read_series, rows_of, taken
from glioma_uq.cohorts.transfer import RetryPolicy, TransferFailed, download
from glioma_uq.errors import BadCase
from glioma_uq.logs import progress
from glioma_uq.quality.rows import case_quality_record, write_table


def main(*, case, series, source, options, modalities, on_bad_case, files, quality, may_lack=()):
    """Write `files`, a table of the DICOM files of a case, which lie in folders beside it.

    Files that are complete and correct are not downloaded again, so a run that was interrupted
    continues where it stopped. A case may be without a series of `may_lack`.
    """
    with case_quality_record(case, "download_series", quality, [files], on_bad_case) as metrics:
        rows = rows_of(read_series(series, also=("url", "instances")), case, series)
        chosen = taken(rows, modalities, may_lack)
        policy = RetryPolicy(**options["transfer"])
        fetch = fetch_from_idc
        if source == "tcia":
            fetch = partial(fetch_from_tcia, key=tcia.auth_header(options, policy))
        listed = []
        for modality, row in progress(chosen.items(), "series"):
            folder = Path(files).parent / row.SeriesInstanceUID
            for path in fetch(row, folder, options, policy):
                size = path.stat().st_size
                listed.append({"modality": modality, "file": path, "bytes": size})
        metrics["downloaded_MB"] = sum(row["bytes"] for row in listed) / 1e6
        write_table(files, ["modality", "file", "bytes"], listed)


def fetch_from_idc(row, folder, options, policy):
    """Download one series from a public bucket into `folder` and return its files' paths."""
    files = idc.files_of(row.url, options["bucket_address"], policy)
    if len(files) != instances_of(row):
        raise TransferFailed(
            f"expected {row.instances} files at {row.url}, found {len(files)}, "
            "update idc-index (`make downloads`) and select again"
        )
    paths = [folder / file["url"].rpartition("/")[2] for file in files]
    for file, path in zip(files, paths, strict=True):
        download(file["url"], path, size=file["size"], md5=file["md5"], policy=policy)
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


def fetch_from_tcia(row, folder, options, policy, key):
    """Download one series with the login `key` into `folder` and return its files' paths."""
    tcia.check_ours(row.url, options["address"])
    return tcia.download_series(
        row.url, folder, instances_of(row), options["collection"], key, policy
    )


if __name__ == "__main__":
    run(main, snakemake)
