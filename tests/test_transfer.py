"""Transfers against a server that stalls, breaks off, refuses and fails."""

import hashlib
import os

import pytest
from archive_server import Archive, serving

import download_public_labels
from glioma_uq.cohorts.transfer import (
    Refused,
    RetryPolicy,
    TransferFailed,
    difference,
    download,
    request,
)

QUICK = RetryPolicy(timeout_s=0.25, attempts=3, pause_s=0.01)
DATA = bytes(range(256)) * 2000
KNOWN = {"size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}


@pytest.fixture
def archive():
    archive = Archive()
    archive.files["/scan.dcm"] = DATA
    with serving(archive) as archive.address:
        yield archive


def fetch(archive, tmp_path, **known):
    path = tmp_path / "folder" / "scan.dcm"
    download(f"{archive.address}/scan.dcm", path, policy=QUICK, **known)
    return path


def first_byte(asked):
    return int(asked[2]["Range"].removeprefix("bytes=").rstrip("-"))


def left(tmp_path):
    return sorted(os.listdir(tmp_path / "folder"))


def test_a_file_comes_whole_under_its_own_name(archive, tmp_path):
    assert fetch(archive, tmp_path, **KNOWN).read_bytes() == DATA
    assert left(tmp_path) == ["scan.dcm"]


@pytest.mark.parametrize("word", [500, 503, 429, "stall", "stall half", "cut half"])
@pytest.mark.parametrize("known", [KNOWN, {}])
def test_what_may_pass_is_tried_again(archive, tmp_path, word, known):
    archive.behaviour["/scan.dcm"] = [word]
    assert fetch(archive, tmp_path, **known).read_bytes() == DATA
    assert len(archive.asked) == 2


def test_an_attempt_goes_on_where_the_last_one_broke_off(archive, tmp_path):
    archive.behaviour["/scan.dcm"] = ["cut half"]
    fetch(archive, tmp_path, **KNOWN)
    assert 0 < first_byte(archive.asked[1]) <= len(DATA) // 2


def test_a_later_run_goes_on_where_the_last_one_gave_up(archive, tmp_path):
    archive.behaviour["/scan.dcm"] = ["cut half", 500, 500]
    with pytest.raises(TransferFailed, match="HTTP 500 after 3 attempts"):
        fetch(archive, tmp_path, **KNOWN)
    assert left(tmp_path) == [".scan.dcm.part"]
    assert fetch(archive, tmp_path, **KNOWN).read_bytes() == DATA
    assert 0 < first_byte(archive.asked[-1]) <= len(DATA) // 2


def test_a_server_without_ranges_begins_anew(archive, tmp_path):
    archive.ranges = False
    archive.behaviour["/scan.dcm"] = ["cut half"]
    assert fetch(archive, tmp_path, **KNOWN).read_bytes() == DATA


def test_without_size_or_hash_nothing_is_glued_together(archive, tmp_path):
    archive.behaviour["/scan.dcm"] = ["cut half"]
    fetch(archive, tmp_path)
    assert all("Range" not in headers for _, _, headers, _ in archive.asked)


def test_what_is_there_and_right_is_not_brought_again(archive, tmp_path):
    fetch(archive, tmp_path, **KNOWN)
    fetch(archive, tmp_path, **KNOWN)
    assert len(archive.asked) == 1


def test_what_is_there_and_wrong_is_brought_again(archive, tmp_path):
    fetch(archive, tmp_path, **KNOWN).write_bytes(b"x" * len(DATA))
    assert fetch(archive, tmp_path, **KNOWN).read_bytes() == DATA


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"size": 7}, "found more than the 7 bytes that it may have after 3 attempts"),
        ({"size": 512001}, "found 512000 bytes instead of 512001 after 3 attempts"),
        ({"sha256": "0" * 64}, "found sha256 .* instead of 0000"),
        ({"md5": "0" * 32}, "found md5 .* instead of 0000"),
    ],
)
def test_a_wrong_file_is_never_left_under_its_name(archive, tmp_path, known, sentence):
    with pytest.raises(TransferFailed, match=sentence):
        fetch(archive, tmp_path, **known)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["stall"] * 3,
            "expected to download http://.*/scan.dcm, found no data for 0.25 s after 3",
        ),
        (["stall half"] * 3, "found no data for 0.25 s after 3 attempts"),
        (["cut half"] * 3, "found a lost connection after 3 attempts"),
        ([404], "found HTTP 404 without a retry"),
    ],
)
def test_a_transfer_that_fails_says_how(archive, tmp_path, words, sentence):
    archive.behaviour["/scan.dcm"] = words
    with pytest.raises(TransferFailed, match=sentence):
        fetch(archive, tmp_path)


def test_no_server_at_all_is_a_sentence_too(tmp_path):
    with serving(Archive()) as address:
        pass
    with pytest.raises(TransferFailed, match="a lost connection after 3 attempts"):
        download(f"{address}/x", tmp_path / "x", policy=QUICK)


def test_a_refusal_is_not_argued_with(archive):
    archive.behaviour["/scan.dcm"] = [401]
    with pytest.raises(Refused, match="found HTTP 401 without a retry"):
        request(f"{archive.address}/scan.dcm", policy=QUICK)
    assert len(archive.asked) == 1


def test_pauses_double(archive, tmp_path, capsys):
    archive.behaviour["/scan.dcm"] = [500, 500]
    fetch(archive, tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" s:")[0] for line in said] == ["retry in 0.01", "retry in 0.02"]


def test_a_full_disk_is_not_the_files_fault(archive, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(archive, tmp_path, **KNOWN)


def test_difference_in_words(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert difference(tmp_path / "a", size=3) == ""
    assert difference(tmp_path / "a", size=4) == "3 bytes instead of 4"


def test_the_public_labels_are_checked_by_their_hash(archive, tmp_path):
    archive.files["/labels.csv"] = b"Patient\n"
    address, table = f"{archive.address}/labels.csv", tmp_path / "labels.csv"
    with pytest.raises(TransferFailed, match=f"instead of {download_public_labels.SHA256}"):
        download_public_labels.main(table=table, url=address, policy=QUICK)
    assert not table.exists()


def test_the_hash_of_the_public_labels_is_that_of_the_table(real_data):
    table = real_data / "prognosais_glioma" / "included_patient_labels.csv"
    assert not difference(table, sha256=download_public_labels.SHA256)


def test_a_link_under_the_name_of_a_part_is_not_written_through(archive, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "victim").write_bytes(b"theirs")
    (tmp_path / "folder" / ".scan.dcm.part").symlink_to(tmp_path / "victim")
    assert fetch(archive, tmp_path, **KNOWN).read_bytes() == DATA
    assert (tmp_path / "victim").read_bytes() == b"theirs"
