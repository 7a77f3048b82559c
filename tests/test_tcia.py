"""The Cancer Imaging Archive: its login, what it must never tell, and zips made on the fly."""

import io
import json
import zipfile

import pandas as pd
import pytest
from archive_server import Archive, serving

import download_series
import select_series
from glioma_uq.cohorts import tcia
from glioma_uq.cohorts.selection import read_series
from glioma_uq.errors import BadInput
from glioma_uq.logs import log_to
from glioma_uq.quality.rows import read_rows

QUICK = {"timeout_s": 0.25, "attempts": 3, "pause_s": 0.01}
PASSWORD = "correct horse battery"
SERIES = [
    {"PatientID": "a", "SeriesInstanceUID": "1.2", "SeriesDescription": "AX T2", "ImageCount": 14,
     "Modality": "MR", "SeriesDate": "2001-01-01", "SeriesNumber": "3", "FileSize": 7000000},
    {"PatientID": "a", "SeriesInstanceUID": "1.3", "SeriesDescription": "LOC", "ImageCount": 3,
     "Modality": "MR", "SeriesDate": "2001-01-01", "SeriesNumber": "1", "FileSize": 1000},
]  # fmt: skip


def zipped(count, broken=False):
    """Return a zip with a licence and `count` files that pass as DICOM."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("LICENSE", "CC BY")
        for i in range(count):
            packed.writestr(f"deep/{i}.dcm", bytes([65 + i]) * 100)
    data = buffer.getvalue()
    return data.replace(b"C" * 100, b"x" + b"C" * 99) if broken else data


def packed_wrong(place, value):
    """Return such a zip whose members' headers have another byte, at a place of the local ones."""
    data = bytearray(zipped(14))
    for start, offset in ((b"PK\3\4", place - 1), (b"PK\1\2", place + 1)):
        at = -1
        while (at := data.find(start, at + 1)) >= 0:
            data[at + offset] = value
    return bytes(data)


@pytest.fixture
def archive(monkeypatch):
    """An archive that knows one account and one collection."""
    archive = Archive()
    archive.zips = [zipped(14)]

    def token(query, form, headers):
        if (form["username"], form["password"]) != ("ada", PASSWORD):
            return 401, b'{"error": "invalid_grant"}'
        return 200, b'{"access_token": "opensesame"}'

    def known(headers):
        return headers.get("Authorization") == "Bearer opensesame"

    def series(query, form, headers):
        assert (query["Collection"], query["Modality"]) == ("TCGA-LGG", "MR")
        return (200, json.dumps(SERIES).encode()) if known(headers) else (403, b"")

    def image(query, form, headers):
        assert query["SeriesInstanceUID"] == "1.2"
        last = len(archive.zips) == 1
        return 200, archive.zips[0] if last else archive.zips.pop(0)

    archive.answers = {
        "/oauth/token": token,
        "/services/v2/getSeries": series,
        "/services/v2/getImage": image,
        "/services/v4/getSeries": lambda *_: (200, json.dumps(SERIES).encode()),
    }
    monkeypatch.setenv("TCIA_USER", "ada")
    monkeypatch.setenv("TCIA_PASSWORD", PASSWORD)
    with serving(archive) as archive.address:
        yield archive


def options(archive, **changes):
    return {
        "address": archive.address, "collection": "TCGA-LGG", "login": True, "series_rules": {},
        "variables": {"user": "TCIA_USER", "password": "TCIA_PASSWORD"}, "transfer": QUICK,
    } | changes  # fmt: skip


def run(archive, tmp_path, **changes):
    """Select and download the T2 of case a; return the paths of what is written."""
    given = {"source": "tcia", "options": options(archive, **changes), "modalities": ["t2"]}
    series = tmp_path / "series.csv"
    select_series.main(cases=["a"], series=series, **given)
    paths = {"files": tmp_path / "a" / "files.csv", "quality": tmp_path / "quality.csv"}
    download_series.main(case="a", series=series, on_bad_case="exclude", **given, **paths)
    return paths


def reason(paths):
    return read_rows(paths["quality"])[0]["reason"]


def test_a_series_is_selected_and_comes(archive, tmp_path):
    paths = run(archive, tmp_path)
    assert reason(paths) == ""
    rows = read_rows(paths["files"])
    assert len(rows) == 14
    assert {row["modality"] for row in rows} == {"t2"}
    assert (tmp_path / "a" / "1.2" / "00000.dcm").read_bytes() == b"A" * 100
    assert not list((tmp_path / "a").glob("*.zip"))
    table = read_series(tmp_path / "series.csv")
    assert dict(zip(table.SeriesDescription, table.modality, strict=True)) == {
        "AX T2": "t2", "LOC": "",
    }  # fmt: skip
    assert set(table.StudyDate) == {"2001-01-01"}
    assert table.size_MB[0] == "7.0"


def test_what_is_there_is_not_brought_again(archive, tmp_path):
    run(archive, tmp_path)
    archive.asked.clear()
    run(archive, tmp_path)
    assert not [path for _, path, _, _ in archive.asked if "getImage" in path]


@pytest.mark.parametrize(
    "first",
    [
        zipped(13),
        zipped(14)[:-40],
        zipped(14, broken=True),
        b"<html>busy</html>",
        packed_wrong(9, 8),  # a deflate stream that is none
        packed_wrong(9, 99),  # a way to pack that nobody knows
        packed_wrong(7, 1),  # a password
    ],
)
def test_a_zip_that_is_not_whole_is_brought_again(archive, tmp_path, first):
    archive.zips.insert(0, first)
    assert reason(run(archive, tmp_path)) == ""


def test_a_series_that_stays_short_quarantines_the_case(archive, tmp_path):
    archive.zips = [zipped(13)]
    assert "found 13 DICOM files instead of 14 after 3 attempts" in reason(run(archive, tmp_path))
    assert not (tmp_path / "a" / "1.2").exists()


def test_a_bad_day_is_survived(archive, tmp_path):
    archive.behaviour = {
        "/oauth/token": [500, "stall"], "/services/v2/getSeries": [503],
        "/services/v2/getImage": ["cut half", "stall half"],
    }  # fmt: skip
    assert reason(run(archive, tmp_path)) == ""


def test_a_refused_login_stops_with_one_sentence(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("TCIA_PASSWORD", "guessed wrong")
    with pytest.raises(BadInput) as caught:
        run(archive, tmp_path)
    assert str(caught.value) == (
        f"expected {archive.address} to accept the login, found it refused (HTTP 401), "
        "correct the environment variables TCIA_USER and TCIA_PASSWORD"
    )
    assert len(archive.asked) == 1


def test_a_collection_that_is_closed_to_the_account_stops_with_one_sentence(archive, tmp_path):
    archive.behaviour = {"/services/v2/getSeries": [403]}
    with pytest.raises(BadInput, match=r"expected access to the TCIA collection TCGA-LGG, found"):
        run(archive, tmp_path)


@pytest.mark.parametrize("variable", ["TCIA_USER", "TCIA_PASSWORD"])
def test_an_account_that_is_not_set_is_asked_for(archive, monkeypatch, tmp_path, variable):
    monkeypatch.delenv(variable)
    with pytest.raises(BadInput, match=f"in the environment, found no {variable}, export it"):
        run(archive, tmp_path)
    assert archive.asked == []


@pytest.mark.parametrize("password", [PASSWORD, "guessed wrong"])
def test_the_password_is_in_no_log_no_file_and_no_address(archive, monkeypatch, tmp_path, password):
    monkeypatch.setenv("TCIA_PASSWORD", password)
    archive.behaviour = {"/oauth/token": [500], "/services/v2/getImage": ["cut half", 500]}
    try:
        with log_to(tmp_path / "log"):
            run(archive, tmp_path)
    except BadInput:
        assert password != PASSWORD
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"retry in" in written
    for secret in (password, "opensesame"):
        assert secret.encode() not in written
        assert not [path for _, path, _, _ in archive.asked if secret in path]


def test_another_answer_than_a_token_is_told(archive, tmp_path):
    archive.answers["/oauth/token"] = lambda *_: (200, b"<html>welcome</html>")
    with pytest.raises(BadInput, match="expected a token from .*, found another answer"):
        run(archive, tmp_path)


def test_a_public_collection_needs_no_account(archive, monkeypatch):
    monkeypatch.delenv("TCIA_USER")
    key = tcia.auth_header(options(archive, login=False))
    table = tcia.collection_series(archive.address, "UPENN-GBM", key)
    assert key == {}
    assert isinstance(table, pd.DataFrame)
    assert table.url[0] == f"{archive.address}/services/v4/getImage?SeriesInstanceUID=1.2"


def test_a_collection_without_series_is_refused(archive):
    archive.answers["/services/v4/getSeries"] = lambda *_: (200, b"")
    with pytest.raises(BadInput, match="expected MR series in the TCIA collection 'X', found none"):
        tcia.collection_series(archive.address, "X", {})


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>busy</html>", b"{", b"3", b'"x"', b"[3]", b'{"error": "no"}',
        b'[{"SeriesInstanceUID": ["1"]}, {"SeriesInstanceUID": "1.2"}]', b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_list_of_series_that_is_none_is_told(archive, answer):
    archive.answers["/services/v4/getSeries"] = lambda *_: (200, answer)
    with pytest.raises(BadInput, match="the series of a collection from .*, found another"):
        tcia.collection_series(archive.address, "X", {})
