"""Files of the user are known by what they hold, not by their dates."""

import gzip
import os

import numpy as np
import pytest

from glioma_uq.contents import READ_WHOLE, digest_of, digest_of_tables, signature

LONG_AGO = (1e9, 1e9)


def noise(seed, size=4 * READ_WHOLE):
    return np.random.default_rng(seed).bytes(size)


@pytest.mark.parametrize("size", [100, 4 * READ_WHOLE], ids=["small", "large"])
def test_a_scan_that_is_replaced_by_an_older_one_is_another(tmp_path, size):
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(gzip.compress(noise(1, size), mtime=0))
    before = signature(path)
    os.utime(path, LONG_AGO)
    assert signature(path) == before
    path.write_bytes(gzip.compress(noise(2, size), mtime=0))
    os.utime(path, LONG_AGO)
    assert signature(path) != before


def test_a_large_file_without_a_checksum_of_its_own_is_known_by_its_time_too(tmp_path):
    path = tmp_path / "1.dcm"
    content = bytearray(noise(1))
    path.write_bytes(content)
    before = signature(path)
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, LONG_AGO)
    assert signature(path) != before


def test_an_empty_last_part_of_a_gzip_file_says_nothing_of_the_others(tmp_path):
    path = tmp_path / "t1.nii.gz"
    path.write_bytes(gzip.compress(noise(1)) + gzip.compress(b""))
    before = signature(path)
    os.utime(path, LONG_AGO)
    assert signature(path) != before


def test_a_file_in_a_nested_folder_counts_and_a_hidden_one_does_not(tmp_path):
    (tmp_path / "case/study/series").mkdir(parents=True)
    (tmp_path / "case/study/series/1.dcm").write_bytes(b"1")
    before = digest_of([], [tmp_path / "case"])
    (tmp_path / "case/.DS_Store").write_bytes(b"x")
    assert digest_of([], [tmp_path / "case"]) == before
    (tmp_path / "case/study/series/2.dcm").write_bytes(b"2")
    assert digest_of([], [tmp_path / "case"]) != before


def test_a_file_that_is_not_there_is_another_than_one_that_is(tmp_path):
    path = tmp_path / "t1.nii.gz"
    before = digest_of([path]), digest_of_tables([path])
    path.write_bytes(b"")
    assert before[0] != digest_of([path])
    assert before[1] != digest_of_tables([path])


def test_a_file_behind_a_linked_folder_counts_and_a_link_back_ends(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "case").mkdir()
    (tmp_path / "case/series").symlink_to(tmp_path / "real")
    (tmp_path / "real/back").symlink_to(tmp_path / "case")
    before = digest_of([], [tmp_path / "case"])
    (tmp_path / "real/1.dcm").write_bytes(b"1")
    assert digest_of([], [tmp_path / "case"]) != before


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.dcm")
    assert signature(tmp_path / "1.dcm") == "no file"


def test_a_table_is_read_whole(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(noise(1))
    before = digest_of_tables([path])
    os.utime(path)
    assert digest_of_tables([path]) == before
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert digest_of_tables([path]) != before
