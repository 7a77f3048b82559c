"""NCI Imaging Data Commons: the series of a collection (offline), and their files."""

import re
from difflib import get_close_matches
from xml.etree import ElementTree

import pandas as pd

from glioma_uq.cohorts.addresses import BUCKET
from glioma_uq.cohorts.series import DICOM_COLUMNS
from glioma_uq.cohorts.transfer import RETRY_POLICY, TransferFailed, request
from glioma_uq.errors import BadCase, BadInput, installed_by_downloads

MOST_PAGES = 100  # of 1,000 files each; ASSUME: no series of MR has as many
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}", re.ASCII)  # which becomes one on disk
RENAMED = {
    "PatientID": "case",
    "instanceCount": "instances",
    "series_size_MB": "size_MB",
    "series_aws_url": "url",
}


def collection_series(collection):
    """Return all series of an IDC collection from idc-index's bundled index, offline.

    A DataFrame with the columns that glioma_uq.cohorts.series reads, and size_MB
    (1e6 bytes) and url (s3://bucket/folder/*).
    """
    with installed_by_downloads("idc-index", "source idc"):
        from idc_index_data import IDC_INDEX_PARQUET_FILEPATH
    table = pd.read_parquet(
        IDC_INDEX_PARQUET_FILEPATH,
        columns=[*DICOM_COLUMNS, *RENAMED],
        filters=[("collection_id", "==", collection)],
    )
    if table.empty:
        known = pd.read_parquet(IDC_INDEX_PARQUET_FILEPATH, columns=["collection_id"])
        near = get_close_matches(collection, known.collection_id.unique(), 1, cutoff=0)
        raise BadInput(
            f"expected an IDC collection as cohort.idc.collection, found {collection!r}, "
            f"correct it (nearest: {near[0]})"
        )
    table = table.rename(columns=RENAMED)
    table["StudyDate"] = table["StudyDate"].astype(str)
    return table.sort_values(["case", "StudyDate", "SeriesInstanceUID"], ignore_index=True)


def files_of(url, bucket_address, policy=RETRY_POLICY):
    """Return [{url, size, md5}] of the files of a series in a public bucket.

    `url`: s3://bucket/folder/*; `bucket_address`: the bucket's https address, with
    {bucket}. Lists the folder by plain https (S3 ListObjectsV2). A public object's ETag
    of 32 hex digits is its MD5 (AWS, "Common response headers"), since objects encrypted
    with KMS keys, whose ETags differ, are not public.
    """
    bucket, _, folder = url.removeprefix("s3://").partition("/")
    if not BUCKET.fullmatch(bucket):
        raise BadCase(
            f"expected s3://bucket/folder/* in the table of series, found {url!r}, correct the "
            "column url"
        )
    prefix = folder.removesuffix("*")
    address = bucket_address.replace("{bucket}", bucket)
    files, more = [], {}
    for _ in range(MOST_PAGES):
        answer = request(
            f"{address}/", params={"list-type": 2, "prefix": prefix, **more}, policy=policy
        )
        page = _parsed(answer, address)
        files += [_file(entry, address) for entry in page.findall("{*}Contents")]
        token = page.findtext("{*}NextContinuationToken")
        if not token:
            return [file for file in files if file["size"]]
        more = {"continuation-token": token}
    raise TransferFailed(
        f"expected at most {MOST_PAGES} pages of files at {url}, found more, correct the column url"
    )


def _parsed(answer, address):
    try:
        # expat 2.4.1 and later limit entity expansion, and this parser loads nothing external.
        return ElementTree.fromstring(answer)  # noqa: S314
    except ElementTree.ParseError as error:
        raise TransferFailed(
            f"expected the list of files of {address}, found no XML ({error}), correct "
            "cohort.idc.bucket_address"
        ) from error


def _file(entry, address):
    """Return address, size in bytes and MD5 (or None) of one entry of a bucket's list."""
    key, size = entry.findtext("{*}Key"), entry.findtext("{*}Size")
    named = FILE.fullmatch((key or "").rpartition("/")[2])
    if not (named or (key or "").endswith("/")) or not (size or "").isdecimal():
        raise TransferFailed(
            f"expected the name and size of each file of {address}, found {key!r} and {size!r}, "
            "correct cohort.idc.bucket_address"
        )
    tag = (entry.findtext("{*}ETag") or "").strip('"')
    whole = len(tag) == 32 and set(tag) <= set("0123456789abcdef")
    return {"url": f"{address}/{key}", "size": int(size), "md5": tag if whole else None}
