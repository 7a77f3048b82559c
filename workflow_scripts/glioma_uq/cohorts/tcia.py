"""The Cancer Imaging Archive: NBIA's REST interface, with the user's own account or without one.

User and password come from the environment of the run and go into the body of one request to
the archive; no log, file, command line, other program or message holds them. The package
tcia-utils is not used: 3.3.5 can no longer log in and has no time-outs.
"""

import json
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from glioma_uq.cohorts.addresses import faults_of_login
from glioma_uq.cohorts.series import DICOM_COLUMNS
from glioma_uq.cohorts.transfer import (
    RETRY_POLICY,
    NotFollowed,
    Refused,
    TransferFailed,
    download,
    request,
)
from glioma_uq.environment import login_variable
from glioma_uq.errors import BadInput, is_fault_of_machine
from glioma_uq.files import written_whole
from glioma_uq.unpacking import excess, unpack_member

RENAMED = {"PatientID": "case", "ImageCount": "instances", "FileSize": "bytes"}


def log_in(address, variables, policy=RETRY_POLICY):
    """Return the header that authorises further requests, as {"Authorization": "Bearer ..."}.

    `address`: of the interface, as https://host/nbia-api; `variables`: names of the
    environment variables of {user, password}. Raises BadInput if the address may not receive a
    login, if a variable is not set, or if the archive refuses them or leads elsewhere.
    """
    for fault in faults_of_login(address, "cohort.tcia.address"):
        raise BadInput(fault)
    user, password = (_secret(variables[name]) for name in ("user", "password"))
    form = {"grant_type": "password", "client_id": "NBIA", "username": user, "password": password}
    try:
        answer = request(f"{address}/oauth/token", method="POST", data=form, policy=policy)
        return {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}
    except Refused as error:
        raise BadInput(
            f"expected {address} to accept the login, found it refused (HTTP "
            f"{error.status}), correct the environment variables "
            f"{variables['user']} and {variables['password']}"
        ) from None
    except TransferFailed as error:
        if not isinstance(error.__cause__, NotFollowed):
            raise
        raise BadInput(
            f"expected a token from {address}, found {error.__cause__}, which your login does not "
            "follow, correct cohort.tcia.address"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(
            f"expected a token from {address}, found another answer, correct cohort.tcia.address"
        ) from None


def auth_header(options, policy=RETRY_POLICY):
    """Return the header of `log_in` for a config's `cohort.tcia`, {} if login is false."""
    return log_in(options["address"], options["variables"], policy) if options["login"] else {}


def collection_series(address, collection, key, policy=RETRY_POLICY):
    """Return all MR series of a TCIA collection.

    `key`: the header that `log_in` returns, or {} for public collections. A DataFrame
    with the columns that glioma_uq.cohorts.series reads, and size_MB (1e6 bytes) and url.
    """
    services = f"{address}/services/{'v2' if key else 'v4'}"  # v4 needs no login
    question = {"Collection": collection, "Modality": "MR", "format": "json"}
    with access_to(collection):
        answer = request(f"{services}/getSeries", params=question, headers=key, policy=policy)
    rows = _listed(answer, address)
    if not rows:
        raise BadInput(
            f"expected MR series in the TCIA collection {collection!r}, found none that this "
            "account may see, correct cohort.tcia.collection or ask TCIA for access"
        )
    table = pd.DataFrame(rows)
    if "StudyDate" not in table:
        table["StudyDate"] = table.get("SeriesDate")
    table = table.reindex(columns=[*DICOM_COLUMNS, *RENAMED]).rename(columns=RENAMED)
    table["size_MB"] = pd.to_numeric(table.pop("bytes"), errors="coerce") / 1e6
    table["url"] = f"{services}/getImage?SeriesInstanceUID=" + table.SeriesInstanceUID.astype(str)
    return table.sort_values(["case", "StudyDate", "SeriesInstanceUID"], ignore_index=True)


def download_series(url, folder, instances, collection, key, policy=RETRY_POLICY):
    """Download one series (as a zip) into `folder` and return its files' paths.

    The zip must contain `instances` DICOM files that pass its checksums.
    """
    folder = Path(folder)
    done = sorted(folder.glob("*.dcm"))
    if len(done) == instances:
        return done
    packed = folder.with_suffix(".zip")
    with access_to(collection):
        is_whole = partial(check_zip, instances=instances)
        download(url, packed, check=is_whole, headers=key, policy=policy)
    files = _unpack(packed, folder)
    packed.unlink()
    return files


def check_ours(url, address):
    """Raise BadInput unless `url`, from a table of series, is the archive's: it gets the login."""
    if not url.startswith(f"{address}/"):
        raise BadInput(
            f"expected addresses below {address} in the table of series, found {url!r}, which "
            "would receive your login, correct the column url"
        )


def check_zip(path, instances):
    """Return "" or the error of a zip that should contain `instances` DICOM files."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name for name in packed.namelist() if name.endswith(".dcm")]
            if too_much := excess(packed):
                return too_much
            broken = packed.testzip()
    except Exception as error:  # zipfile and zlib raise many types on damaged bytes
        if is_fault_of_machine(error):
            raise
        return f"no complete zip ({error})"
    if broken:
        return f"a damaged {broken} in the zip"
    return "" if len(names) == instances else f"{len(names)} DICOM files instead of {instances}"


@contextmanager
def access_to(collection):
    """Turn a refusal of the archive into a sentence about the collection."""
    try:
        yield
    except Refused as error:
        raise BadInput(
            f"expected access to the TCIA collection {collection}, found that the archive "
            f"refuses this account (HTTP {error.status}), ask TCIA for access or "
            "download it by hand and use source dicom"
        ) from None


def _unpack(packed, folder):
    """Write the DICOM files of a zip into `folder`, by numbers as names; return their paths."""
    files = []
    with zipfile.ZipFile(packed) as zipped:
        for i, name in enumerate(sorted(n for n in zipped.namelist() if n.endswith(".dcm"))):
            # Names in a zip may be the same in two folders, too long, or of any characters.
            path = folder / f"{i:05d}.dcm"
            with written_whole(path) as temporary:
                unpack_member(zipped, name, temporary)
            files.append(path)
    return files


def _listed(answer, address):
    """Return the rows of an answer in JSON, [] for an empty one."""
    try:
        rows = json.loads(answer) if answer.strip() else []
    except (ValueError, RecursionError):
        rows = None
    if isinstance(rows, list) and all(map(_is_series, rows)):
        return rows
    raise BadInput(
        f"expected the series of a collection from {address}, found another answer, correct "
        "cohort.tcia.address, or run again later"
    )


def _is_series(row):
    """Return whether a row of an answer holds texts and numbers by name, as of one series."""
    return isinstance(row, dict) and not any(isinstance(x, dict | list) for x in row.values())


def _secret(variable):
    if value := login_variable(variable):
        return value
    raise BadInput(
        f"expected your TCIA account in the environment, found no {variable}, export it in the "
        "shell that starts snakemake, and nowhere else"
    )
