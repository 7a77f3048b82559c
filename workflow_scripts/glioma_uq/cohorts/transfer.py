"""Downloads that are complete and checked before a file gets its name.

pooch also checks and retries, but restarts each time and retries after a 404: it cannot get
10 MB from a server that disconnects after 4 MB, where `download` continues.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from glioma_uq.cohorts.addresses import LOOPBACK, is_private
from glioma_uq.errors import BadCase, printable
from glioma_uq.files import digest, no_link

BLOCK_BYTES = 64 * 1024
LEAST_BYTES_PER_S = 100  # ASSUME: who sends less holds the job up, and never ends
MOST_BYTES = 4 * 2**30  # of a file whose size is unknown; ASSUME: no series of MR is as large
MOST_BYTES_OF_ANSWER = 100 * 2**20  # a list of 100,000 series
MOST_REDIRECTS = 5
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


class NotFollowed(Exception):
    """A server leads elsewhere: a login to any place, or anything to a place that is not https."""


class Session(requests.Session):
    """A session whose logins stay where they were sent.

    A token follows no redirect to another host, and the logins that a user keeps in ~/.netrc go
    nowhere. Proxies and certificates are those of the environment.
    """

    def __init__(self):
        super().__init__()
        self.max_redirects = MOST_REDIRECTS
        self.auth = lambda request: request  # none but the one in its headers

    def send(self, request, **options):
        """Send a request, the first or that of a redirect."""
        to = urllib3.util.parse_url(request.url)
        if not is_private(to.scheme, to.host):
            raise NotFollowed(f"an address that is not https ({_place(request.url)})")
        return super().send(request, **options)

    def rebuild_auth(self, prepared_request, response):
        """Take a token out of a redirect's request to another host.

        Nobody else leads to the servers on this machine, which may trust it.
        """
        come, go = (
            urllib3.util.parse_url(each.url).host for each in (response.request, prepared_request)
        )
        if go in LOOPBACK and come not in LOOPBACK:
            raise NotFollowed(f"a redirect to {go}, this machine itself")
        if self.should_strip_auth(response.request.url, prepared_request.url):
            prepared_request.headers.pop("Authorization", None)


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
        options["allow_redirects"] = method == "GET"
        with _asked(method, url, policy.timeout_s, **options) as answer:
            if answer.is_redirect:
                raise NotFollowed(f"a redirect to {_place(answer.headers['Location'])}")
            return b"".join(_blocks(answer, policy.timeout_s, MOST_BYTES_OF_ANSWER))

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
    with _asked("GET", url, timeout_s, headers=wanted) as answer:
        if answer.status_code == 416:  # `part` has all bytes: the checks decide
            return
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status_code == 206 and not begins:
            raise Differs(f"another range than the one from byte {have}")
        adds = answer.status_code == 206
        most = (MOST_BYTES if size is None else size) - (have if adds else 0)
        with open(part, "ab" if adds else "wb", opener=no_link) as file:
            for block in _blocks(answer, timeout_s, most):
                file.write(block)


def _asked(method, url, timeout_s, **options):
    """Return the answer to a request, whose body is not read yet; 416 is none to fail on."""
    answer = Session().request(method, url, stream=True, timeout=timeout_s, **options)
    if answer.status_code != 416:
        answer.raise_for_status()
    return answer


def _blocks(answer, timeout_s, most):
    """Yield the bytes of an answer as they arrive, at most `most`, and none of a server that drips.

    Raises Differs or a time-out.
    """
    found, since = 0, time.monotonic()
    while block := answer.raw.read1(BLOCK_BYTES, decode_content=True):
        found += len(block)
        if found > most:
            raise Differs(f"more than the {most} bytes that it may have")
        yield block
        if found < LEAST_BYTES_PER_S * (time.monotonic() - since - timeout_s):
            raise requests.Timeout


def _place(url):
    """Return the scheme and host of an address, to say where it leads without its secrets."""
    try:
        to = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return "no address"
    return printable(f"{to.scheme}://{to.host}" if to.host else "another page")[:200]


def _why(state):
    return " ".join(str(state.outcome.exception()).split())


def _in_words(error, policy):
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.TooManyRedirects):
        return f"more than {MOST_REDIRECTS} redirects"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no data for {policy.timeout_s:g} s"
    if isinstance(error, BREAKS):
        return "a lost connection"
    return str(error)
