"""Downloads that are complete and checked before a file gets its name.

pooch also checks and retries, but restarts each time and retries after a 404: it cannot get
10 MB from a server that disconnects after 4 MB, where `download` continues.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from glioma_uq.errors import BadCase
from glioma_uq.files import digest

BLOCK_BYTES = 64 * 1024
LONGEST_PAUSE_S = 60
PASSING = (408, 425, 429, 500, 502, 503, 504)  # HTTP status codes after which a retry may help
BREAKS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


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
    """Time-out of a server in s, and number of attempts of a transfer.

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
    path.parent.mkdir(parents=True, exist_ok=True)

    def attempt():
        if not any(known.values()):
            part.unlink(missing_ok=True)
        _fetch(url, part, headers, policy.timeout_s)
        wrong = difference(part, **known) or (check(part) if check else "")
        if wrong:
            part.unlink()
            raise Differs(wrong)

    with_retries(attempt, url, policy)
    os.replace(part, path)


def request(url, *, policy=RETRY_POLICY, method="GET", **options):
    """Return the answer (requests.Response) to a small request, with retries.

    `options` go to requests: params, data, headers. Raises TransferFailed, or its
    subclass Refused.
    """

    def attempt():
        answer = requests.request(method, url, timeout=policy.timeout_s, **options)
        answer.raise_for_status()
        return answer

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
    except (requests.RequestException, urllib3.exceptions.HTTPError, Differs) as error:
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


def _fetch(url, part, headers, timeout_s):
    """Append the missing bytes of `url` to the file `part`, or write it from the start."""
    have = part.stat().st_size if part.is_file() else 0
    wanted = {"Accept-Encoding": "identity", **(headers or {})}
    if have:
        wanted["Range"] = f"bytes={have}-"
    with requests.get(url, headers=wanted, stream=True, timeout=timeout_s) as answer:
        if answer.status_code == 416:  # `part` has all bytes: the checks decide
            return
        answer.raise_for_status()
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status_code == 206 and not begins:
            part.unlink()
            raise Differs(f"another range than the one from byte {have}")
        with open(part, "ab" if answer.status_code == 206 else "wb") as file:
            for block in answer.iter_content(BLOCK_BYTES):
                file.write(block)


def _why(state):
    return " ".join(str(state.outcome.exception()).split())


def _in_words(error, policy):
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no data for {policy.timeout_s:g} s"
    if isinstance(error, BREAKS):
        return "a lost connection"
    return str(error)
