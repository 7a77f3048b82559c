"""Connections to the servers of archives: where a request may go, and how long an answer may take.

requests reads the body of a redirect before it follows it, however large and slow, and a time-out
of a socket begins anew with each byte. So redirects are followed here, and a thread watches time.
"""

import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from glioma_uq.cohorts.addresses import LOOPBACK, is_private
from glioma_uq.errors import printable

LEAST_BYTES_PER_S = 100  # ASSUME: who sends less holds the job up, and never ends
MOST_REDIRECTS = 5


class NotFollowed(Exception):
    """A server leads elsewhere: a login to any place, or anything to a place that is not https."""


class Deadline:
    """The end of connections that bring too little, as a context.

    `timeout_s` after it was entered the first byte of a body must be there, whatever came before:
    headers, redirects. From then on each `timeout_s` brings LEAST_BYTES_PER_S, or the end. The
    context raises requests.Timeout where it ended them.
    """

    def __init__(self, timeout_s):
        self.timeout_s, self.missing_bytes, self.over = timeout_s, 1, False
        self._sockets, self._left = [], threading.Event()

    def __enter__(self):
        self.at = time.monotonic() + self.timeout_s
        threading.Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(self, kind, error, trace):
        self._left.set()
        of_server = (requests.RequestException, urllib3.exceptions.HTTPError)
        if self.over and (kind is None or issubclass(kind, of_server)):
            raise requests.Timeout from error

    def received(self, count):
        """Count bytes of a body; enough of them move the deadline."""
        self.missing_bytes -= count
        if self.missing_bytes <= 0:
            self.missing_bytes = LEAST_BYTES_PER_S * self.timeout_s
            self.at = time.monotonic() + self.timeout_s

    def watch(self, connected):
        """End this socket too when time is over."""
        self._sockets.append(getattr(connected, "socket", connected))  # TLS to a proxy wraps one
        if self.over:
            self._end()

    def left_s(self):
        """Return the seconds that are left; a time-out if none are."""
        left = self.at - time.monotonic()
        if self.over or left <= 0:
            raise requests.Timeout
        return left

    def _wait(self):
        while (left := self.at - time.monotonic()) > 0:
            if self._left.wait(left):
                return
        self.over = True
        self._end()

    def _end(self):
        for each in self._sockets:
            with suppress(OSError):  # it has ended already
                # Not SSLSocket's own, which changes what another thread reads from.
                socket.socket.shutdown(each, socket.SHUT_RDWR)


class WatchedAdapter(HTTPAdapter):
    """requests' adapter, whose connections a deadline watches."""

    def __init__(self, deadline):
        super().__init__()
        self.deadline = deadline

    def get_connection_with_tls_context(self, *args, **options):
        """Return the pool of connections for a request."""
        deadline = self.deadline
        pool = super().get_connection_with_tls_context(*args, **options)

        class Watched(type(pool).ConnectionCls):
            def connect(self):
                super().connect()
                deadline.watch(self.sock)

        pool.ConnectionCls = Watched
        return pool


class Session(requests.Session):
    """A session whose logins stay where they were sent, and whose answers come before a deadline.

    A token follows no redirect to another host, and the logins that a user keeps in ~/.netrc go
    nowhere. Proxies and certificates are those of the environment.
    """

    def __init__(self, deadline):
        super().__init__()
        self.deadline = deadline
        self.auth = lambda request: request  # none but the one in its headers
        for scheme in ("https://", "http://"):
            self.mount(scheme, WatchedAdapter(deadline))

    def send(self, request, **options):
        """Send a request, the first or that of a redirect."""
        to = urllib3.util.parse_url(request.url)
        if not is_private(to.scheme, to.host):
            raise NotFollowed(f"an address that is not https ({_place(request.url)})")
        return super().send(request, **options)

    def resolve_redirects(self, *_, **__):
        """Follow none, and read the body of none, even where told to follow none."""
        return iter(())

    def follow(self, method, url, *, headers=None, **options):
        """Return the answer, whose body is not read yet, to a request and its redirects.

        What is posted follows none. No body of a redirect is read.
        """
        for _ in range(MOST_REDIRECTS + 1):
            times = (self.deadline.left_s(), self.deadline.timeout_s)
            answer = self.request(
                method, url, headers=headers, timeout=times, stream=True, **options
            )
            if not 300 <= answer.status_code < 400:
                return answer
            answer.close()
            place = self.get_redirect_target(answer)
            if not place:
                raise NotFollowed(f"HTTP {answer.status_code}, a redirect to no address")
            if method != "GET":
                raise NotFollowed(f"a redirect to {_place(place)}")
            url, headers, options = (
                following(answer.url, place),
                CaseInsensitiveDict(headers or {}),
                {},
            )
            if self.should_strip_auth(answer.url, url):
                headers.pop("Authorization", None)
        raise requests.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects")


def following(come, place):
    """Return the address to which a redirect leads from the address `come`.

    Nobody else leads to the servers on this machine, which may trust it.
    """
    try:
        to = requests.Request("GET", urljoin(come, place)).prepare().url
        hosts = [urllib3.util.parse_url(url).host for url in (come, to)]
    except ValueError as error:  # those of requests and urllib3 too
        raise NotFollowed(f"a redirect to {_place(place)}, which is no address") from error
    if hosts[1] in LOOPBACK and hosts[0] not in LOOPBACK:
        raise NotFollowed(f"a redirect to {hosts[1]}, this machine itself")
    return to


def _place(url):
    """Return the scheme and host of an address, to say where it leads without its secrets."""
    try:
        to = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return "no address"
    return printable(f"{to.scheme}://{to.host}" if to.host else "another page")[:200]
