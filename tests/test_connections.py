"""Servers that send redirects, headers and bodies without end, or one byte at a time."""

import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager, suppress

import pytest
from archive_server import Archive, serving

from glioma_uq.cohorts.transfer import RetryPolicy, TransferFailed, download, request

QUICK = RetryPolicy(timeout_s=0.5, attempts=1, pause_s=0.01)
OK, MOVED = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: /x\r\n"
UNKNOWN, CHUNKED = b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = b"Content-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n\x1f\x8b\x08\x08" + 6 * b"\0"


@contextmanager
def sending(first, then=b"", every_s=0.0):
    """Yield the address of a server that answers `first`, and `then` again and again.

    It does so until the client leaves; the second value is the list of bytes that it got rid of.
    """
    sent, listening = [], socket.create_server(("127.0.0.1", 0))

    def serve(client):
        with client:
            try:
                client.recv(65536)
                client.sendall(first)
                while then:
                    client.sendall(then)
                    sent.append(len(then))
                    time.sleep(every_s)
            except OSError:  # the client left
                return

    def accept():
        while True:
            try:
                client, _ = listening.accept()
            except OSError:  # the test ended
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", sent
    finally:
        with suppress(OSError):  # macOS, where closing alone wakes `accept`
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def gets(tmp_path):
    return (request, lambda url, **more: download(url, tmp_path / "x", size=1000, **more))


@pytest.mark.parametrize("which", [0, 1])
def test_the_body_of_a_redirect_is_not_read(tmp_path, which):
    block = bytes(2**20)
    with sending(MOVED + f"Content-Length: {10**12}\r\n\r\n".encode(), block) as (url, sent):
        tracemalloc.start()
        try:
            with pytest.raises(TransferFailed, match="found more than 5 redirects"):
                gets(tmp_path)[which](url, policy=QUICK)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert most < 5 * len(block)
    assert sum(sent) < 100 * len(block)  # what the buffers of both sockets hold, six times


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"H"),
        (OK, b"X"),
        (OK, b"A: b\r\n"),
        (MOVED, b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + UNKNOWN, b"x"),
        (OK + b"\r\n", b"x"),
        (OK + CHUNKED, b"0"),
        (OK + CHUNKED, b"1\r\nx\r\n"),
        (OK + PACKED, b"x"),
    ],
    ids=["status", "header", "headers", "redirect", "continue", "body", "no length",
         "size of chunk", "chunks", "packed"],
)  # fmt: skip
def test_what_drips_is_given_up(tmp_path, which, first, then):
    started = time.monotonic()
    failure = pytest.raises(TransferFailed, match=r"found no data for 0\.5 s after 1 attempts")
    with sending(first, then, every_s=0.1) as (url, _), failure:
        gets(tmp_path)[which](url, policy=QUICK)
    assert time.monotonic() - started < 4
    assert not (tmp_path / "x").exists()


def test_a_redirect_whose_body_drips_takes_no_time():
    started = time.monotonic()
    failure = pytest.raises(TransferFailed, match="found more than 5 redirects")
    with sending(MOVED + UNKNOWN, b"x", every_s=0.1) as (url, _), failure:
        request(url, policy=RetryPolicy(timeout_s=30, attempts=1))
    assert time.monotonic() - started < 4


def test_a_redirect_of_what_is_posted_is_not_read_either():
    started = time.monotonic()
    failure = pytest.raises(TransferFailed, match="found a redirect to another page")
    with sending(MOVED + UNKNOWN, b"x", every_s=0.1) as (url, _), failure:
        request(url, method="POST", data={"a": "b"}, policy=RetryPolicy(30, attempts=1))
    assert time.monotonic() - started < 4


def test_all_redirects_together_have_one_time():
    archive = Archive()

    def slow(*_):
        time.sleep(0.3)
        return 302, b"", {"Location": "/a"}

    archive.answers["/a"] = slow
    failure = pytest.raises(TransferFailed, match=r"found no data for 0\.5 s")
    with serving(archive) as address, failure:
        request(f"{address}/a", policy=QUICK)
    assert len(archive.asked) == 2


@pytest.mark.parametrize("place", ["/b/x", "x", "./x", "?page=2", "//{host}/b/x", "{address}/b/x"])
def test_relative_addresses_are_followed(place):
    archive = Archive()
    archive.files["/b/x"] = b"here"
    with serving(archive) as address:
        to = place.format(host=address.removeprefix("http://"), address=address)
        archive.answers["/b/y"] = lambda query, *_: (
            (200, b"here") if query.get("page") == "2" else (302, b"", {"Location": to})
        )
        got = request(f"{address}/b/y", params={"page": 1}, policy=QUICK)
    assert got == b"here"


@pytest.mark.parametrize("place", [None, "", "http://[", "http://", "https://a b", "http:///x"])
@pytest.mark.parametrize("status", [300, 302, 304, 308])
def test_a_redirect_to_nowhere_is_no_answer(place, status):
    archive = Archive()
    headers = {} if place is None else {"Location": place}
    archive.answers["/a"] = lambda *_: (status, b"", headers)
    failure = pytest.raises(TransferFailed, match="expected to download .* without a retry")
    with serving(archive) as address, failure:
        request(f"{address}/a", policy=QUICK)


def test_a_slow_server_that_goes_on_is_waited_for(tmp_path):
    data = b"x" * 50 * 20
    with sending(OK + UNKNOWN, data[:50], every_s=0.1) as (url, _):
        download(url, tmp_path / "x", size=1000, policy=QUICK)  # in 2 s, four times the time-out
    assert (tmp_path / "x").read_bytes() == data


def test_no_thread_is_left_behind():
    archive = Archive()
    archive.files["/x"] = b"here"
    with serving(archive) as address:
        before = threading.active_count()
        for _ in range(5):
            request(f"{address}/x", policy=RetryPolicy(timeout_s=60, attempts=1))
        until = time.monotonic() + 4
        while threading.active_count() > before and time.monotonic() < until:
            time.sleep(0.02)
        assert threading.active_count() <= before
