"""The login of an archive: where it goes, whatever a study or a server says, and who sees it."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from archive_server import Archive, serving
from configs import checked

from glioma_uq import environment
from glioma_uq.cohorts import idc, tcia, transfer
from glioma_uq.cohorts.addresses import host_of
from glioma_uq.cohorts.connections import NotFollowed, following
from glioma_uq.cohorts.transfer import (
    RetryPolicy,
    TransferFailed,
    download,
    request,
)
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.skull_stripping import hd_bet

ROOT = Path(__file__).resolve().parents[1]
QUICK = RetryPolicy(timeout_s=0.5, attempts=2, pause_s=0.01)
VARIABLES = {"user": "TCIA_USER", "password": "TCIA_PASSWORD"}
SECRET = "correct horse"
TOKEN = {"Authorization": "Bearer opensesame"}
OF_TCIA = {"source": "tcia", "labels": {"table": "x.csv"}}


@pytest.fixture
def servers(monkeypatch):
    """The archive that is asked, and another server to which it may lead."""
    monkeypatch.setenv("TCIA_USER", "ada")
    monkeypatch.setenv("TCIA_PASSWORD", SECRET)
    ours, theirs = Archive(), Archive()
    theirs.files["/x"] = theirs.files["/oauth/token"] = b'{"access_token": "stolen"}'
    with serving(ours) as ours.address, serving(theirs) as theirs.address:
        yield ours, theirs


def leads_to(status, address):
    return lambda *_: (status, b"", {"Location": address})


# Where a login goes.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["{theirs}/x", "http://evil.org/x", "/elsewhere", "//evil.org"])
def test_a_login_follows_no_redirect(servers, status, place):
    ours, theirs = servers
    ours.answers["/oauth/token"] = leads_to(status, place.format(theirs=theirs.address))
    with pytest.raises(BadInput, match="found a redirect to .*, which your login does not follow"):
        tcia.log_in(ours.address, VARIABLES, QUICK)
    assert [path for _, path, _, _ in ours.asked] == ["/oauth/token"]
    assert theirs.asked == []


def test_what_a_redirect_says_is_one_short_line_of_text(servers):
    ours, _ = servers
    ours.answers["/oauth/token"] = leads_to(307, f"https://{'a' * 5000}.org/\x1b[2J")
    with pytest.raises(BadInput) as caught:
        tcia.log_in(ours.address, VARIABLES, QUICK)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.org/nbia-api",
        "https://services.cancerimagingarchive.net.evil.org/nbia-api",
        "https://services.cancerimagingarchive.net@evil.org/nbia-api",
        "https://services.cancerimagingarchive.net\\@evil.org",
        "https://evil.org#services.cancerimagingarchive.net",
        "https://evil.org/?https://services.cancerimagingarchive.net",
        "http://services.cancerimagingarchive.net/nbia-api",
        "ftp://services.cancerimagingarchive.net",
        "//services.cancerimagingarchive.net",
        "https://services.cancerimagingarchivе.net",  # with a letter of another alphabet
        "https://127.0.0.1:8000", "http://localhost:8000",  # another user's server, perhaps
    ],
)  # fmt: skip
def test_a_study_does_not_choose_who_receives_the_login(monkeypatch, address):
    monkeypatch.setenv("TCIA_PASSWORD", SECRET)
    monkeypatch.delenv("GLIOMA_UQ_TCIA_HOSTS", raising=False)
    with pytest.raises(BadInput, match="cohort.tcia.address"):
        tcia.log_in(address, VARIABLES, QUICK)
    options = {"collection": "x", "address": address}
    with pytest.raises(BadInput, match="cohort.tcia.address"):
        checked({"cohort": OF_TCIA | {"tcia": options}, **WITHOUT_SKULL})


WITHOUT_SKULL = {"preprocessing": {"skull_stripping": "hd-bet-v1"}}


@pytest.mark.parametrize("address", ["https://nbia.cancerimagingarchive.net/nbia-api",
                                     "https://services.cancerimagingarchive.net:443"])  # fmt: skip
def test_the_archives_own_hosts_are_known(address):
    cohort = OF_TCIA | {"tcia": {"collection": "x", "address": address}}
    assert checked({"cohort": cohort, **WITHOUT_SKULL})


def test_the_user_may_allow_another_host_in_the_shell(monkeypatch):
    cohort = OF_TCIA | {"tcia": {"collection": "x", "address": "https://pacs.hospital.org/nbia"}}
    monkeypatch.setenv("GLIOMA_UQ_TCIA_HOSTS", "mirror.org, pacs.hospital.org")
    assert checked({"cohort": cohort, **WITHOUT_SKULL})


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "HOME", "TCIA_", "XTCIA_USER"])
def test_no_other_variable_is_sent(variable):
    options = {"collection": "x", "variables": {"password": variable}}
    with pytest.raises(BadInput, match="that begins with TCIA_ for"):
        checked({"cohort": OF_TCIA | {"tcia": options}, **WITHOUT_SKULL})


def test_a_login_of_netrc_is_never_sent(servers, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    ours, theirs = servers
    ours.answers["/a"] = leads_to(302, f"{theirs.address}/x")
    request(f"{ours.address}/a", policy=QUICK)
    request(f"{theirs.address}/x", headers=TOKEN, policy=QUICK)
    sent = [headers.get("Authorization") for _, _, headers, _ in ours.asked + theirs.asked]
    assert sent == [None, None, "Bearer opensesame"]


# Where a token goes.


def test_a_token_does_not_follow_to_another_host(servers, tmp_path):
    ours, theirs = servers
    ours.answers["/a"] = leads_to(307, f"{theirs.address}/x")
    ours.answers["/b"] = leads_to(302, "/a")
    assert request(f"{ours.address}/b", headers=TOKEN, policy=QUICK)
    download(f"{ours.address}/b", tmp_path / "x", headers=TOKEN, policy=QUICK)
    assert [headers.get("Authorization") for _, _, headers, _ in ours.asked] == 4 * [
        "Bearer opensesame"
    ]
    assert [headers.get("Authorization") for _, _, headers, _ in theirs.asked] == 2 * [None]


@pytest.mark.parametrize(
    "place", ["http://example.org/x", "ftp://example.org", "file:///etc/hosts"]
)
@pytest.mark.parametrize("get", [request, download])
def test_nothing_is_fetched_from_what_is_not_https(servers, get, place, tmp_path):
    ours, _ = servers
    ours.answers["/a"] = leads_to(302, place)
    more = [tmp_path / "x"] if get is download else []
    with pytest.raises(TransferFailed, match="without a retry|after 2 attempts"):
        get(f"{ours.address}/a", *more, headers=TOKEN, policy=QUICK)
    with pytest.raises(TransferFailed):
        get(place, *more, headers=TOKEN, policy=QUICK)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "http://[::1]/x", "https://LOCALHOST/x"])
def test_nobody_else_leads_to_the_servers_of_this_machine(place):
    with pytest.raises(NotFollowed, match="this machine itself"):
        following("https://example.org/y", place)


def test_redirects_end(servers):
    ours, _ = servers
    ours.answers["/a"] = leads_to(302, "/a")
    with pytest.raises(TransferFailed, match="found more than 5 redirects without a retry"):
        request(f"{ours.address}/a", policy=QUICK)
    assert len(ours.asked) == 6


# How much and how long.


def test_an_answer_without_end_is_cut(servers, monkeypatch, tmp_path):
    ours, _ = servers
    ours.files["/x"] = bytes(10_000)
    monkeypatch.setattr(transfer, "MOST_BYTES_OF_ANSWER", 5000)
    monkeypatch.setattr(transfer, "MOST_BYTES", 5000)
    for get in (request, lambda url, **more: download(url, tmp_path / "x", **more)):
        with pytest.raises(TransferFailed, match="found more than the 5000 bytes"):
            get(f"{ours.address}/x", policy=QUICK)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def dripping():
    """The address of a server that sends a byte now and then, for a minute."""

    class Drip(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(200):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.3)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_server_that_drips_is_given_up(dripping, tmp_path):
    started = time.monotonic()
    with pytest.raises(TransferFailed, match=r"found no data for 0\.5 s after 2 attempts"):
        request(dripping, policy=QUICK)
    with pytest.raises(TransferFailed, match=r"found no data for 0\.5 s after 2 attempts"):
        download(dripping, tmp_path / "x", size=1000, policy=QUICK)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("answer", [b"[" * 100_000, b"{}", b"[1]", b"<html>", b"null", b"\xff"])
def test_a_list_of_series_that_is_none_is_told(servers, answer):
    ours, _ = servers
    ours.answers["/services/v4/getSeries"] = lambda *_: (200, answer)
    with pytest.raises(BadInput, match="expected the series of a collection from"):
        tcia.collection_series(ours.address, "x", {}, QUICK)


def test_a_list_of_files_without_end_is_told(servers, monkeypatch):
    ours, _ = servers
    monkeypatch.setattr(idc, "MOST_PAGES", 3)
    page = b"<L><NextContinuationToken>again</NextContinuationToken></L>"
    ours.answers["/"] = lambda *_: (200, page)
    with pytest.raises(TransferFailed, match="expected at most 3 pages of files at s3://b/f/"):
        idc.files_of("s3://b/f/*", ours.address, QUICK)
    assert len(ours.asked) == 3


@pytest.mark.parametrize("bucket", ["evil.org?", "evil.org#", "me@evil.org", "evil.org\\", "", "A"])
def test_a_table_of_series_does_not_choose_another_host(bucket):
    with pytest.raises(BadCase, match="expected s3://bucket/folder/"):
        idc.files_of(f"s3://{bucket}/f/*", "https://{bucket}.s3.amazonaws.com", QUICK)


def test_hosts_are_read_as_requests_reads_them():
    assert host_of("HTTPS://Services.CancerImagingArchive.net/x") == (
        "services.cancerimagingarchive.net"
    )
    assert host_of("https://[::1]:80/x") == "[::1]"
    assert host_of("https://a b.org") == host_of("https://a\n.org") == host_of("") == ""


# Who else gets it.


def test_programs_do_not_inherit_the_login(monkeypatch, tmp_path):
    for name in ("TCIA_USER", "TCIA_PASSWORD", "TCIA_OTHER"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("OTHER", "x")
    seen = str(tmp_path / "seen")
    code = f"import os, pathlib; pathlib.Path({seen!r}).write_text(repr(dict(os.environ)))"
    hd_bet._run([sys.executable, "-c", code], home=str(tmp_path))
    seen = Path(seen).read_text(encoding="utf-8")
    assert "'OTHER': 'x'" in seen
    assert "'TCIA_" not in seen
    assert SECRET not in seen


def calls_of_programs():
    """Return the source of each call of subprocess in the scripts."""
    import ast

    for path in (ROOT / "workflow_scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess."):
                yield path.name, ast.unparse(node)


def test_every_program_is_started_without_the_login():
    calls = dict(calls_of_programs())
    assert calls.keys() == {"hd_bet.py", "conversion.py", "record_provenance.py"}
    assert all("env=without_login()" in call for call in calls.values())


def test_a_run_keeps_the_login_from_all_its_jobs_and_finds_it_again():
    """A process with the login in its shell's environment, as the one of a run is."""
    code = """
        import os, subprocess, sys
        from glioma_uq.environment import login_variable, shield_jobs
        shield_jobs(first=True)
        child = "import os; from glioma_uq.environment import *; shield_jobs(first=False);" \\
            "inherited = [name for name in os.environ if name.startswith('TCIA')];" \\
            "print(inherited, login_variable('TCIA_PASSWORD'))"
        print(os.environ.get("TCIA_PASSWORD"), login_variable("TCIA_PASSWORD"), flush=True)
        subprocess.run([sys.executable, "-c", child])
    """
    shell = {**os.environ, "TCIA_PASSWORD": SECRET, "PYTHONPATH": str(ROOT / "workflow_scripts")}
    shell.pop(environment.DRIVER, None)
    command = [sys.executable, "-c", textwrap.dedent(code)]
    said = subprocess.run(command, env=shell, capture_output=True, text=True, check=True).stdout
    assert said == f"None {SECRET}\n[] {SECRET}\n"


def test_on_another_machine_there_is_no_login(monkeypatch):
    monkeypatch.delenv("TCIA_PASSWORD", raising=False)
    for driver in ("999999999", "1/../self/fd", ""):
        monkeypatch.setenv(environment.DRIVER, driver)
        assert environment.login_variable("TCIA_PASSWORD") == ""


@pytest.mark.workflow
def test_only_what_downloads_gets_the_login_from_snakemake(tmp_path):
    snakefile = f"""
        import sys
        sys.path.insert(0, {str(ROOT / "workflow_scripts")!r})
        from glioma_uq.environment import shield_jobs
        shield_jobs(workflow.is_main_process)
        rule all:
            output: "seen.json"
            script: "look.py"
    """
    (tmp_path / "Snakefile").write_text(textwrap.dedent(snakefile))
    look = """
        import json, os
        from glioma_uq.environment import login_variable
        seen = {"inherited": [name for name in os.environ if name.startswith("TCIA_")]}
        seen["found"] = login_variable("TCIA_PASSWORD")
        json.dump(seen, open(snakemake.output[0], "w"))
    """
    (tmp_path / "look.py").write_text(textwrap.dedent(look))
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    shell = os.environ | {"TCIA_PASSWORD": SECRET}
    done = subprocess.run(command, cwd=tmp_path, env=shell, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "seen.json").read_text()) == {"inherited": [], "found": SECRET}
