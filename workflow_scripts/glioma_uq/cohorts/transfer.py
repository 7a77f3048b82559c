"""Downloads that are complete and checked before a file gets its name.

pooch also checks and retries, but restarts each time and retries after a 404: it cannot get
10 MB from a server that disconnects after 4 MB, where `download` continues.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from glioma_uq.cohorts.connections import Deadline, NotFollowed, Session
from glioma_uq.errors import BadCase
from glioma_uq.files import digest, no_link

BLOCK_BYTES = 64 * 1024
MOST_BYTES = 4 * 2**30  # of a file whose size is unknown; ASSUME: no series of MR is as large
MOST_BYTES_OF_ANSWER = 100 * 2**20  # a list of 100,000 series
LONGEST_PAUSE_S = 60
PASSING = (408, 425, 429, 500, 502, 503, 504)  # HTTP status codes after which a retry may help
BREAKS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.TimeoutError,
)


class TransferFailed(BadCase):
    """A file was not downloaded completely and correctly after all attempts."""


class Refused(TransferFailed):
    """The server refused access: HTTP 401 or 403, as `status`."""

    def __init__(self, sentence, status):
        super().__init__(sentence)
        self.status = status


class Differs(Exception):
    """A downloaded file is not the expected one."""


@dataclass(frozen=True)
class RetryPolicy:
    """Time in s in which a server must answer, and number of attempts of a transfer.

    The pause between two attempts starts at `pause_s` and doubles, up to a minute.
    """

    timeout_s: float = 60.0
    attempts: int = 5
    pause_s: float = 2.0


RETRY_POLICY = RetryPolicy()


def download(
    url, path, *, size=None, md5=None, sha256=None, check=None, headers=None, policy=RETRY_POLICY
):
    """Download `url` to `path`, unless a correct file exists.

    `size` in bytes, `md5` and `sha256` as hex digits, each None where unknown; `check`
    takes the path of the finished file and returns "" or its error. An interrupted
    attempt is continued (HTTP Range) if size or hash can verify the result; the file
    gets its name after all checks. Raises TransferFailed.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    known = {"size": size, "md5": md5, "sha256": sha256}
    if path.is_file() and not difference(path, **known):
        return
    if part.is_symlink():  # not ours
        part.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)

    def attempt():
        if not any(known.values()):
            part.unlink(missing_ok=True)
        try:
            _fetch(url, part, headers, policy.timeout_s, size)
            if wrong := difference(part, **known) or (check(part) if check else ""):
                raise Differs(wrong)
        except Differs:
            part.unlink(missing_ok=True)
            raise

    with_retries(attempt, url, policy)
    os.replace(part, path)


def request(url, *, policy=RETRY_POLICY, method="GET", **options):
    """Return the bytes of the answer to a small request, with retries.

    `options` go to requests: params, data, headers. What is posted follows no redirect. Raises
    TransferFailed, or its subclass Refused.
    """

    def attempt():
        with _asked(method, url, policy.timeout_s, **options) as (answer, deadline):
            return b"".join(_blocks(answer, deadline, MOST_BYTES_OF_ANSWER))

    return with_retries(attempt, url, policy)


def with_retries(attempt, url, policy):
    """Return attempt(), with retries after errors that may pass; TransferFailed after the last."""
    retrying = Retrying(
        retry=retry_if_exception(may_pass),
        stop=stop_after_attempt(policy.attempts),
        wait=wait_exponential(policy.pause_s, max=LONGEST_PAUSE_S),
        before_sleep=lambda state: print(f"retry in {state.next_action.sleep:g} s: {_why(state)}"),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except (requests.RequestException, urllib3.exceptions.HTTPError, Differs, NotFollowed) as error:
        times = f"after {policy.attempts} attempts" if may_pass(error) else "without a retry"
        sentence = (
            f"expected to download {url}, found {_in_words(error, policy)} {times}, "
            "check the connection and the address, and run again"
        )
        status = error.response.status_code if isinstance(error, requests.HTTPError) else None
        if status in (401, 403):
            raise Refused(sentence, status) from error
        raise TransferFailed(sentence) from error


def may_pass(error):
    """Return whether a retry may help: a time-out, a disconnect, a busy server, a bad file."""
    if isinstance(error, requests.HTTPError):
        return error.response.status_code in PASSING
    return isinstance(error, (*BREAKS, Differs))


def difference(path, *, size=None, md5=None, sha256=None):
    """Return "" or the difference of a file from its known size and hashes."""
    found = Path(path).stat().st_size
    if size is not None and found != size:
        return f"{found} bytes instead of {size}"
    for name, expected in {"md5": md5, "sha256": sha256}.items():
        if expected and (got := digest(path, name)) != expected.lower():
            return f"{name} {got} instead of {expected}"
    return ""


def _fetch(url, part, headers, timeout_s, size):
    """Append the missing bytes of `url` to the file `part`, or write it from the start.

    `size`: in bytes, None where unknown.
    """
    have = part.stat().st_size if part.is_file() else 0
    wanted = {"Accept-Encoding": "identity", **(headers or {})}
    if have:
        wanted["Range"] = f"bytes={have}-"
    with _asked("GET", url, timeout_s, headers=wanted) as (answer, deadline):
        if answer.status_code == 416:  # `part` has all bytes: the checks decide
            return
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status_code == 206 and not begins:
            raise Differs(f"another range than the one from byte {have}")
        adds = answer.status_code == 206
        most = (MOST_BYTES if size is None else size) - (have if adds else 0)
        with open(part, "ab" if adds else "wb", opener=no_link) as file:
            for block in _blocks(answer, deadline, most):
                file.write(block)


@contextmanager
def _asked(method, url, timeout_s, **options):
    """Yield the answer to a request, whose body is not read yet, and its Deadline.

    HTTP 416 is no answer to fail on.
    """
    with (
        Deadline(timeout_s) as deadline,
        Session(deadline) as session,
        session.follow(method, url, **options) as answer,
    ):
        if answer.status_code != 416:
            answer.raise_for_status()
        yield answer, deadline


def _blocks(answer, deadline, most):
    """Yield the bytes of an answer as they arrive; Differs if they are more than `most`."""
    found = 0
    while block := answer.raw.read1(BLOCK_BYTES, decode_content=True):
        found += len(block)
        if found > most:
            raise Differs(f"more than the {most} bytes that it may have")
        deadline.received(len(block))
        yield block


def _why(state):
    return " ".join(str(state.outcome.exception()).split())


def _in_words(error, policy):
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.TooManyRedirects):
        return str(error)
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no data for {policy.timeout_s:g} s"
    if isinstance(error, BREAKS):
        return "a lost connection"
    return str(error)
