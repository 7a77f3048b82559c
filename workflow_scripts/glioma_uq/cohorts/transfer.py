"""Files come over a network whole, checked and under their own name, or not at all.

pooch checks and retries too, but begins anew each time and retries after a 404 as well: it
cannot get 10 MB from a server that breaks off after 4 MB, where `download` goes on.
"""

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from glioma_uq.errors import BadCase

BLOCK_BYTES = 64 * 1024
LONGEST_PAUSE_S = 60
PASSING = (408, 425, 429, 500, 502, 503, 504)  # HTTP answers that another attempt may change
BREAKS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class TransferFailed(BadCase):
    """A file did not come, whole and right, after all attempts."""


class Refused(TransferFailed):
    """The server lets nobody in, or not this one: HTTP 401 or 403, as `status`."""

    def __init__(self, sentence, status):
        super().__init__(sentence)
        self.status = status


class Differs(Exception):
    """What has come is not what was announced."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long a silent server is waited for, in s, and how often a transfer begins again.

    The pause between two attempts starts at `pause_s` and doubles, up to a minute.
    """

    timeout_s: float = 60.0
    attempts: int = 5
    pause_s: float = 2.0


RETRY_POLICY = RetryPolicy()


def download(
    url, path, *, size=None, md5=None, sha256=None, check=None, headers=None, policy=RETRY_POLICY
):
    """Bring `url` to `path`, unless what is there already is right.

    `size` in bytes, `md5` and `sha256` as hex digits, each None where unknown; `check`
    takes the path of the finished file and returns "" or what is wrong with it. An
    attempt that broke off is continued where it ended (HTTP Range) if size or hash can
    prove the result; the file gets its name after all checks. Raises TransferFailed.
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

    with told_in_a_sentence(url, policy):
        with_retries(attempt, policy)
    os.replace(part, path)


def request(url, *, policy=RETRY_POLICY, method="GET", **options):
    """Return the answer (requests.Response) to a small question, after retries.

    `options` go to requests: params, data, headers. Raises TransferFailed, of which
    Refused is a kind.
    """

    def attempt():
        answer = requests.request(method, url, timeout=policy.timeout_s, **options)
        answer.raise_for_status()
        return answer

    with told_in_a_sentence(url, policy):
        return with_retries(attempt, policy)


def with_retries(attempt, policy):
    """Return what the function `attempt` returns, trying again after errors that may pass."""
    for trial in Retrying(
        retry=retry_if_exception(may_pass),
        stop=stop_after_attempt(policy.attempts),
        wait=wait_exponential(policy.pause_s, max=LONGEST_PAUSE_S),
        before_sleep=lambda state: print(f"again in {state.next_action.sleep:g} s: {_why(state)}"),
        reraise=True,
    ):
        with trial:
            return attempt()


def may_pass(error):
    """Say whether another attempt can go better: a stall, a break, a busy server, a bad file."""
    if isinstance(error, requests.HTTPError):
        return error.response.status_code in PASSING
    return isinstance(error, (*BREAKS, Differs))


@contextmanager
def told_in_a_sentence(url, policy):
    """Turn what goes wrong with a transfer into TransferFailed."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, Differs) as error:
        times = f"after {policy.attempts} attempts" if may_pass(error) else "and did not insist"
        sentence = (
            f"expected {url} to come, found {_in_words(error, policy)} {times}, "
            "look at the connection or the address and run this case again"
        )
        status = error.response.status_code if isinstance(error, requests.HTTPError) else None
        if status in (401, 403):
            raise Refused(sentence, status) from error
        raise TransferFailed(sentence) from error


def difference(path, *, size=None, md5=None, sha256=None):
    """Return "" or in what a file differs from what is known of it."""
    found = Path(path).stat().st_size
    if size is not None and found != size:
        return f"{found} bytes instead of {size}"
    for name, expected in {"md5": md5, "sha256": sha256}.items():
        if expected and (got := digest(path, name)) != expected.lower():
            return f"{name} {got} instead of {expected}"
    return ""


def digest(path, name="sha256"):
    """Return the hash of a file as hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, name).hexdigest()


def _fetch(url, part, headers, timeout_s):
    """Append what is still missing of `url` to the file `part`, or write it anew."""
    have = part.stat().st_size if part.is_file() else 0
    wanted = {"Accept-Encoding": "identity", **(headers or {})}
    if have:
        wanted["Range"] = f"bytes={have}-"
    with requests.get(url, headers=wanted, stream=True, timeout=timeout_s) as answer:
        if answer.status_code == 416:  # there is nothing behind what we have: let the checks judge
            return
        answer.raise_for_status()
        if answer.status_code == 206 and not _starts_at(answer, have):
            part.unlink()
            raise Differs(f"another part than the one from byte {have}")
        with open(part, "ab" if answer.status_code == 206 else "wb") as file:
            for block in answer.iter_content(BLOCK_BYTES):
                file.write(block)


def _starts_at(answer, position):
    """Say whether a partial answer starts where we asked."""
    return answer.headers.get("Content-Range", "").startswith(f"bytes {position}-")


def _why(state):
    return " ".join(str(state.outcome.exception()).split())


def _in_words(error, policy):
    """Return what went wrong with a transfer in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no byte for {policy.timeout_s:g} s"
    if isinstance(error, BREAKS):
        return "that the connection broke off"
    return str(error)
