"""The Imaging Data Commons: which series its index has, and their transfer from a bucket."""

import hashlib
import os

import pandas as pd
import pytest
from archive_server import Archive, serving

import download_series
import select_series
from glioma_uq.cohorts import idc
from glioma_uq.cohorts.selection import read_series, select, write_series
from glioma_uq.cohorts.series import choose_series, missing_modalities
from glioma_uq.cohorts.transfer import RetryPolicy, TransferFailed
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.quality.rows import read_rows

FOUR = ["t1", "t1ce", "t2", "flair"]
QUICK = {"timeout_s": 0.25, "attempts": 3, "pause_s": 0.01}


@pytest.fixture(scope="module")
def upenn():
    """All series of upenn_gbm in the bundled index with what was chosen."""
    pytest.importorskip("idc_index_data", reason="idc-index is installed by `make downloads`")
    return choose_series(idc.collection_series("upenn_gbm"), FOUR)


def test_all_patients_of_the_collection_are_in_the_index(upenn):
    assert upenn.case.nunique() == 630
    assert upenn.reason.str.len().min() > 0


def test_four_modalities_are_found_wherever_the_index_has_them(upenn):
    """588 of 630 patients have at least two T1-like series, a T2 and a FLAIR at all."""
    lacking = missing_modalities(upenn, FOUR)
    assert 630 - len(lacking) >= 583
    mr = upenn[upenn.Modality == "MR"]
    words = mr.SeriesDescription.str.lower()
    advanced = words.str.contains("ep2d|dti|perf")
    flair = words.str.contains("flair|tirm")
    kind = words.mask(advanced, "advanced").mask(flair, "flair")
    kind = kind.mask(~advanced & ~flair & words.str.contains("t2"), "t2")
    kind = kind.where(kind.isin(["advanced", "flair", "t2"]), "t1")
    counts = pd.crosstab(mr.case, kind)
    possible = (counts.t1 >= 2) & (counts.t2 >= 1) & (counts.flair >= 1)
    assert possible.sum() == 588
    assert not set(possible[~possible].index) - set(lacking)


def test_one_series_for_each_patient_and_modality(upenn):
    taken = upenn[upenn.modality != ""]
    assert not taken.duplicated(["case", "modality"]).any()
    assert set(taken.Modality) == {"MR"}
    assert not taken.SeriesDescription.str.contains("ep2d|DTI|PERF|ADC", case=False).any()
    assert (
        not taken[taken.modality == "t1"].SeriesDescription.str.contains("post", case=False).any()
    )


def test_an_unknown_collection_names_the_nearest():
    pytest.importorskip("idc_index_data", reason="idc-index is installed by `make downloads`")
    with pytest.raises(BadInput, match=r"found 'upen_gbm', correct it \(nearest: upenn_gbm\)"):
        idc.collection_series("upen_gbm")


def test_the_table_of_series_goes_round_and_names_who_is_not_there(upenn, tmp_path):
    series = tmp_path / "series.csv"
    select_series.main(
        source="idc", options={"collection": "upenn_gbm", "series_rules": {}},
        cases=["UPENN-GBM-00001", "UPENNGBM-00007"], modalities=FOUR, series=series,
    )  # fmt: skip
    table = read_series(series)
    assert list(table.columns[:3]) == ["case", "modality", "reason"]
    assert set(FOUR) <= set(table[table.case == "UPENN-GBM-00001"].modality)
    (row,) = table[table.case == "UPENNGBM-00007"].itertuples()
    assert row.reason.startswith("expected a patient UPENNGBM-00007 in the collection, found none")
    assert "(closest: UPENN-GBM-00007)" in row.reason


def listing(files, more=None):
    """Return a bucket's answer to ListObjectsV2 in XML."""
    entries = "".join(
        f"<Contents><Key>{key}</Key><Size>{len(data)}</Size>"
        f"<ETag>&quot;{hashlib.md5(data).hexdigest()}&quot;</ETag></Contents>"
        for key, data in files.items()
    )
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"{token}{entries}</ListBucketResult>"
    ).encode()


@pytest.fixture
def bucket():
    """A server with one series of three files in the folder f of the bucket b."""
    archive = Archive()
    archive.objects = {f"f/{i}.dcm": bytes([i]) * 5000 for i in range(3)}
    archive.files = {f"/b/{key}": data for key, data in archive.objects.items()}

    def pages(query, form, headers):
        assert (query["list-type"], query["prefix"]) == ("2", "f/")
        first = dict(list(archive.objects.items())[:2])
        rest = dict(list(archive.objects.items())[2:])
        return 200, listing(rest) if "continuation-token" in query else listing(first, "more")

    archive.answers["/b/"] = pages
    with serving(archive) as archive.address:
        yield archive


def run(bucket, tmp_path, modalities=("t2",), instances=3, on_bad_case="exclude"):
    """Run the step on a case with one series as T2 and return the paths of what it writes."""
    row = {"case": "a", "modality": "t2", "reason": "by 'ax t2'", "SeriesDescription": "AX T2"}
    row |= {"SeriesInstanceUID": "1.2", "instances": instances, "url": "s3://b/f/*"}
    write_series(tmp_path / "series.csv", pd.DataFrame([row]))
    paths = {"files": tmp_path / "a" / "files.csv", "quality": tmp_path / "quality.csv"}
    options = {"bucket_address": bucket.address + "/{bucket}", "transfer": QUICK}
    download_series.main(
        case="a", series=tmp_path / "series.csv", source="idc", options=options,
        modalities=modalities, on_bad_case=on_bad_case, **paths,
    )  # fmt: skip
    return paths


def reason(paths):
    return read_rows(paths["quality"])[0]["reason"]


def test_the_files_of_a_series_come_from_all_pages_of_the_list(bucket, tmp_path):
    paths = run(bucket, tmp_path)
    assert [row["bytes"] for row in read_rows(paths["files"])] == ["5000"] * 3
    assert (tmp_path / "a" / "1.2" / "2.dcm").read_bytes() == bytes([2]) * 5000
    assert read_rows(paths["quality"])[0]["downloaded_MB"] == "0.015"


def test_a_transfer_survives_a_bad_day(bucket, tmp_path):
    bucket.behaviour = {
        "/b/": [503], "/b/f/0.dcm": ["stall"], "/b/f/1.dcm": ["cut half", 500], "/b/f/2.dcm": [500],
    }  # fmt: skip
    assert reason(run(bucket, tmp_path)) == ""


def test_a_transfer_that_fails_quarantines_the_case_and_can_go_on(bucket, tmp_path):
    bucket.behaviour = {"/b/f/1.dcm": [500] * 3}
    paths = run(bucket, tmp_path)
    assert "1.dcm, found HTTP 500 after 3 attempts" in reason(paths)
    assert os.path.getsize(paths["files"]) == 0
    bucket.asked.clear()
    assert reason(run(bucket, tmp_path)) == ""
    assert not [path for _, path, _, _ in bucket.asked if path.endswith("f/0.dcm")]


def test_a_file_that_was_changed_on_the_way_is_not_taken(bucket, tmp_path):
    bucket.files["/b/f/1.dcm"] = b"x" * 5000
    assert "found md5" in reason(run(bucket, tmp_path))


def test_a_series_with_other_files_than_the_index_says_is_refused(bucket, tmp_path):
    assert "expected 4 files at s3://b/f/*, found 3" in reason(run(bucket, tmp_path, instances=4))


def test_a_bucket_that_answers_no_list_is_told(bucket, tmp_path):
    bucket.answers["/b/"] = lambda *_: (200, b"<html>maintenance")
    assert "found no XML" in reason(run(bucket, tmp_path))


def test_a_list_without_sizes_is_told(bucket, tmp_path):
    answer = b"<List xmlns='x'><Contents><Key>f/0.dcm</Key></Contents></List>"
    bucket.answers["/b/"] = lambda *_: (200, answer)
    assert "the name and size of each file of" in reason(run(bucket, tmp_path))


@pytest.mark.parametrize("instances", ["", "many", "-1", "1e3"])
def test_a_number_of_files_that_is_none_is_told(bucket, tmp_path, instances):
    said = reason(run(bucket, tmp_path, instances=instances))
    assert f"found {instances!r} as its instances, correct it" in said


def test_a_number_of_files_may_be_written_with_a_point(bucket, tmp_path):
    assert reason(run(bucket, tmp_path, instances="3.0")) == ""


def test_an_address_that_cannot_be_one_is_told():
    with pytest.raises(TransferFailed, match="expected to download https://a.*, found"):
        idc.files_of("s3://b/f/*", f"https://{64 * 'a'}.org/{{bucket}}", RetryPolicy(**QUICK))


def test_a_refusal_of_the_bucket_is_the_cases_reason(bucket, tmp_path):
    bucket.behaviour = {"/b/": [403]}
    assert "HTTP 403" in reason(run(bucket, tmp_path))


def test_a_case_that_lacks_a_modality_is_not_transferred(bucket, tmp_path):
    paths = run(bucket, tmp_path, modalities=("t2", "flair"))
    assert "expected a FLAIR series, found 1 series and none recognised as one" in reason(paths)
    assert bucket.asked == []


def test_a_reviewed_table_without_addresses_is_refused(bucket, tmp_path):
    (tmp_path / "series.csv").write_text("case,modality,SeriesInstanceUID\na,t2,1.2\n")
    with pytest.raises(BadInput, match="expected a column url in .*series.csv, found case"):
        download_series.main(
            case="a", series=tmp_path / "series.csv", source="idc", options={}, modalities=["t2"],
            on_bad_case="exclude", files=tmp_path / "f.csv", quality=tmp_path / "q.csv",
        )  # fmt: skip


def test_select_keeps_only_the_cases_of_the_labels_table():
    table = pd.DataFrame(
        {"case": ["a", "b"], "SeriesInstanceUID": ["1", "2"], "SeriesDescription": ["T2", "T2"],
         "StudyDate": ["20010101"] * 2, "instances": [60, 60]}
    )  # fmt: skip
    assert list(select(table, ["b"], ["t2"], {}).case) == ["b"]


@pytest.mark.parametrize("key", ["f/..", "f/$(x).dcm", "f/a\x1b.dcm", "f/" + "a" * 300])
def test_a_file_of_the_bucket_that_can_be_none_on_disk_is_told(bucket, tmp_path, key):
    bucket.answers["/b/"] = lambda *_: (200, listing({key.replace("\x1b", "\x7f"): b"x"}))
    assert "expected the name and size of each file of" in reason(
        run(bucket, tmp_path, instances=1)
    )


@pytest.mark.parametrize("url", ["s3://evil.org@x/f/*", "s3://../f/*", "https://b/f/*", ""])
def test_an_address_of_no_bucket_is_told(url):
    with pytest.raises(BadCase, match="expected s3://bucket/folder/"):
        idc.files_of(url, "https://{bucket}.s3.amazonaws.com")
