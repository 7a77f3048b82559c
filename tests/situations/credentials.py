"""The login of an archive, and what a server, a link or a page may do with our files."""

import os
import sys
from contextlib import contextmanager
from unittest import mock

from situations import situation

SECRET = "correct horse"
SHELL = {"TCIA_USER": "ada", "TCIA_PASSWORD": SECRET, "GLIOMA_UQ_TCIA_HOSTS": ""}
NO_LOGIN = "does not follow"


@contextmanager
def archives():
    """Yield the archive that is asked, and another server."""
    from archive_server import Archive, serving

    ours, theirs = Archive(), Archive()
    theirs.files["/x"] = b"theirs"
    shell = {name: value for name, value in SHELL.items() if value}
    with (
        mock.patch.dict(os.environ, shell),
        serving(ours) as ours.address,
        serving(theirs) as theirs.address,
    ):
        yield ours, theirs


def quick():
    from glioma_uq.cohorts.transfer import RetryPolicy

    return RetryPolicy(timeout_s=0.5, attempts=1, pause_s=0.01)


def logged_in(address, variables=None):
    """Return what comes of a login: "sent", or why it was not."""
    from glioma_uq.cohorts.tcia import log_in
    from glioma_uq.errors import BadInput

    try:
        log_in(address, variables or {"user": "TCIA_USER", "password": "TCIA_PASSWORD"}, quick())
    except BadInput as error:
        return str(error)
    return "sent"


def redirected_login(status, place):
    with archives() as (ours, theirs):
        leads = place.format(theirs=theirs.address)
        ours.answers["/oauth/token"] = lambda *_: (status, b"", {"Location": leads})
        said = logged_in(ours.address)
        assert theirs.asked == [], "the other server was asked"
        assert len(ours.asked) == 1, "the login was sent twice"
    return said


@situation("logins", "the archive sends a login on to another host (307)", right=NO_LOGIN)
def to_another_host(cohort):
    return redirected_login(307, "{theirs}/x")


@situation("logins", "the archive sends a login on to http (308)", right=NO_LOGIN)
def to_http(cohort):
    return redirected_login(308, "http://example.org/oauth/token")


@situation("logins", "the archive sends a login on within itself (302)", right=NO_LOGIN)
def within(cohort):
    return redirected_login(302, "/oauth/token")


def refused_address(address):
    with mock.patch.dict(os.environ, SHELL):
        return logged_in(address)


ADDRESSES = {
    "another host": "https://nbia.example.org/nbia-api",
    "a host that ends in the archive's name": "https://services.cancerimagingarchive.net.example.org",
    "the archive's name as a user of another host": "https://nbia.cancerimagingarchive.net@example.org",
    "the archive without https": "http://services.cancerimagingarchive.net/nbia-api",
    "a port of this machine, where another user may listen": "http://127.0.0.1:8000",
}


def enter(what, address):
    @situation("logins", f"a study sends the login to {what}", right="for cohort.tcia.address")
    def to_address(cohort):
        return refused_address(address)


for what, address in ADDRESSES.items():
    enter(what, address)


@situation("logins", "a study sends another secret of the shell", right="that begins with TCIA_")
def another_secret(cohort):
    from situations.studies import refused

    variables = {"password": "AWS_SECRET_ACCESS_KEY"}
    tcia = {"collection": "x", "variables": variables}
    source = {"source": "tcia", "tcia": tcia, "labels": {"table": "x.csv"}}
    return refused({"cohort": source, "preprocessing": {"skull_stripping": "hd-bet-v1"}})


@situation("logins", "a token follows a download to another host", right=["Bearer x", None])
def token(cohort):
    from glioma_uq.cohorts.transfer import download

    with archives() as (ours, theirs):
        ours.answers["/a"] = lambda *_: (302, b"", {"Location": f"{theirs.address}/x"})
        key = {"Authorization": "Bearer x"}
        download(f"{ours.address}/a", cohort.folder / "x", headers=key, policy=quick())
        return [asked[2].get("Authorization") for asked in (*ours.asked, *theirs.asked)]


@situation("logins", "a program such as HD-BET looks for the login", right="[]")
def program(cohort):
    from glioma_uq.skull_stripping import hd_bet

    seen = cohort.folder / "seen"
    look = "[name for name in os.environ if name.startswith('TCIA_')]"
    code = f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(str({look}))"
    with mock.patch.dict(os.environ, SHELL):
        hd_bet._run([sys.executable, "-c", code], home=str(cohort.folder))
    return seen.read_text(encoding="utf-8")


@situation("servers", "a server answers a question without end", right="more than the 1000 bytes")
def without_end(cohort):
    from glioma_uq.cohorts import transfer

    with archives() as (ours, _), mock.patch.object(transfer, "MOST_BYTES_OF_ANSWER", 1000):
        ours.files["/x"] = bytes(100_000)
        return failure_of(lambda: transfer.request(f"{ours.address}/x", policy=quick()))


@situation(
    "servers", "two pages send each other's readers in a circle", right="more than 5 redirects"
)
def circle(cohort):
    from glioma_uq.cohorts.transfer import request

    with archives() as (ours, _):
        for page, other in (("/a", "/b"), ("/b", "/a")):
            ours.answers[page] = lambda *_, to=other: (302, b"", {"Location": to})
        return failure_of(lambda: request(f"{ours.address}/a", policy=quick()))


def failure_at(first, then, timeout_s=0.5):
    """Return what comes of a question to a server that sends `first`, then `then` without end."""
    from test_connections import sending

    from glioma_uq.cohorts.transfer import RetryPolicy, request

    policy = RetryPolicy(timeout_s=timeout_s, attempts=1, pause_s=0.01)
    with sending(first, then, every_s=0.1) as (address, _):
        return failure_of(lambda: request(address, policy=policy))


REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /x\r\n"
DRIPS = {
    "one header without end": (b"HTTP/1.1 200 OK\r\n", b"x"),
    "the header of a redirect without end": (REDIRECT, b"x"),
    '"continue" without end': (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk without end": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0",
    ),
}


def enter_drip(what, first, then):
    @situation("servers", f"a server sends {what}, slowly", right="found no data for 0.5 s")
    def drips(cohort):
        return failure_at(first, then)


for what, (first, then) in DRIPS.items():
    enter_drip(what, first, then)


@situation(
    "servers", "a redirect has a body without end", right="more than 5 redirects without a retry"
)
def large_redirect(cohort):
    return failure_at(REDIRECT + b"Content-Length: 99999999999\r\n\r\n", bytes(2**20), 30)


@situation("servers", "a redirect leads nowhere", right="a redirect to no address without a retry")
def nowhere(cohort):
    from glioma_uq.cohorts.transfer import request

    with archives() as (ours, _):
        ours.answers["/a"] = lambda *_: (302, b"not what was asked for", {})
        return failure_of(lambda: request(f"{ours.address}/a", policy=quick()))


@situation(
    "servers",
    "a reviewed table of series names another host as a bucket",
    right="expected s3://bucket/folder/*",
)
def bucket(cohort):
    from glioma_uq.cohorts.idc import files_of

    where = "https://{bucket}.s3.amazonaws.com"
    return failure_of(lambda: files_of("s3://example.org?/f/*", where, quick()))


def failure_of(act):
    """Return the sentence of the BadCase or BadInput that an act raises."""
    try:
        return f"no error: {act()!r}"
    except ValueError as error:
        return str(error)


# Links and pages.


@situation("links", "a link waits under the name of a half-finished download", right="theirs")
def link_of_part(cohort):
    from glioma_uq.cohorts.transfer import download

    victim = cohort.folder / "victim"
    victim.write_text("theirs", encoding="utf-8")
    (cohort.folder / ".x.part").symlink_to(victim)
    with archives() as (ours, _):
        ours.files["/x"] = b"ours"
        download(f"{ours.address}/x", cohort.folder / "x", size=4, policy=quick())
    assert (cohort.folder / "x").read_bytes() == b"ours"
    return victim.read_text(encoding="utf-8")


@situation("links", "links wait under every temporary name of a result", right="theirs")
def link_of_result(cohort):
    from glioma_uq.files import temporary_beside, written_whole

    victim, path = cohort.folder / "victim", cohort.folder / "table.csv"
    victim.write_text("theirs", encoding="utf-8")
    beside = temporary_beside(path)
    for name in (beside.name, beside.name.removesuffix("."), f".{path.name}"):
        (cohort.folder / name).symlink_to(victim)
    with written_whole(path) as temporary:
        temporary.write_text("ours", encoding="utf-8")
    return victim.read_text(encoding="utf-8")


@situation("links", "a link waits under the name of an image of an excluded case", right="theirs")
def link_of_marker(cohort):
    from glioma_uq.quality.rows import mark_excluded

    victim, image = cohort.folder / "victim", cohort.folder / "out.nii.gz"
    victim.write_text("theirs", encoding="utf-8")
    image.symlink_to(victim)
    mark_excluded([image])
    assert image.read_bytes() == b""
    return victim.read_text(encoding="utf-8")


@situation("links", "a user who keeps the scans to himself, by umask 077", right="0o600")
def umask(cohort):
    from glioma_uq.files import written_whole

    before = os.umask(0o077)
    try:
        with written_whole(cohort.folder / "raw" / "face.nii.gz") as temporary:
            temporary.touch()
    finally:
        os.umask(before)
    return oct((cohort.folder / "raw" / "face.nii.gz").stat().st_mode & 0o777)


@situation(
    "pages", "a script stands in the name of a cohort", right="the policy of every other name"
)
def script_in_page(cohort):
    from test_cohort_report import write_report
    from test_pages import Elements

    policies = set()
    for number, name in enumerate(("glioma", "<script>alert(1)</script>")):
        folder = cohort.folder / str(number)
        folder.mkdir()
        policies.add(Elements(write_report(folder, cohort=name)).policy)
    return "the policy of every other name" if len(policies) == 1 else str(policies)


@situation("packages", "pip-audit breaks down at one lock", right=2)
def broken_audit(cohort):
    from audit import main

    code = "import sys; t = open(sys.argv[-1]).read(); bad = 'requests==2.30.0' in t;"
    code += "print('Found 1 known vulnerability' if bad else 'ERROR: down'); sys.exit(1)"
    (cohort.folder / "a.lock").write_text("a==1\n", encoding="utf-8")
    return main([cohort.folder / "a.lock"], [sys.executable, "-c", code])
