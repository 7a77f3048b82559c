"""A local web server that behaves as badly as it is told, to stand for an archive."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from glioma_uq.machine import LOGIN_HOSTS

STALL_S = 1.0  # longer than the time-outs of the tests


class Archive:
    """What the server has (`files`: path to bytes), how it behaves, and what it was asked.

    `behaviour`: {path: [word, ...]}, one word for each request: "ok", a status such as
    500, "stall" (before the first byte), "stall half", "cut half" (closes after half of the
    bytes); after the last one "ok". `ranges`: whether parts are given. `answers`: {path:
    function of (query, form, headers) to (status, bytes), perhaps with headers} for what is made on
    the fly.
    """

    def __init__(self):
        self.files, self.behaviour, self.answers = {}, {}, {}
        self.ranges, self.asked = True, []

    def next_word(self, path):
        words = self.behaviour.get(path, [])
        return words.pop(0) if words else "ok"


def handler_of(archive):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.respond(b"")

        def do_POST(self):
            self.respond(self.rfile.read(int(self.headers["Content-Length"])))

        def respond(self, body):
            parts = urlsplit(self.path)
            archive.asked.append((self.command, self.path, dict(self.headers), body.decode()))
            word = archive.next_word(parts.path)
            if word == "stall":
                time.sleep(STALL_S)
                return
            if isinstance(word, int):
                return self.send(word, b"no")
            if parts.path in archive.answers:
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                status, data, *extra = archive.answers[parts.path](query, form, self.headers)
                return self.send(status, data, word, *extra)
            if parts.path not in archive.files:
                return self.send(404, b"no")
            self.send_file(archive.files[parts.path], word)

        def send_file(self, data, word):
            asked = self.headers.get("Range")
            if not (asked and archive.ranges):
                return self.send(200, data, word)
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                return self.send(416, b"")
            extra = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self.send(206, data[start:], word, extra)

        def send(self, status, data, word="ok", extra=()):
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in dict(extra).items():
                self.send_header(name, value)
            self.end_headers()
            half = word in ("stall half", "cut half")
            self.wfile.write(data[: len(data) // 2] if half else data)
            self.wfile.flush()
            if word == "stall half":
                time.sleep(STALL_S)

        def log_message(self, *_):
            """Say nothing: pytest's output is not a server's log."""

    return Handler


@contextmanager
def serving(archive):
    """Yield the address of a server of `archive`, as http://127.0.0.1:port.

    Meanwhile that host may receive a login.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(archive))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as shell:
            shell.setenv(LOGIN_HOSTS, "127.0.0.1")
            yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
