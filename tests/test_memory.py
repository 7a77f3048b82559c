"""How much memory may be taken, and volumes that are kept only where they fit."""

import numpy as np
import pytest
from manifest import write_case, write_manifest

from glioma_uq.dataset import Dataset, available_memory, cgroup_limits


def test_the_smallest_limit_on_the_way_up_counts(tmp_path):
    group = tmp_path / "cgroup" / "job" / "step"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group.parent / "memory.max").write_text("4096\n")
    (tmp_path / "own").write_text("0::/job/step\n")
    assert cgroup_limits(tmp_path / "cgroup", tmp_path / "own") == [4096]
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   8 kB\n")
    assert available_memory(tmp_path / "meminfo", limits=lambda: [4096]) == 4096
    assert available_memory(tmp_path / "meminfo", limits=lambda: []) == 8192


def test_a_system_that_does_not_say_sets_no_limit(tmp_path):
    assert available_memory(tmp_path / "nothing") is None
    assert cgroup_limits(tmp_path, tmp_path / "nothing") == []


@pytest.fixture
def manifest(tmp_path):
    scan = np.ones((8, 8, 8), np.float32)
    for name in ("a", "b"):
        write_case(tmp_path, name, t1=scan, brain_mask=scan.astype(np.uint8), segmentation=None)
    return write_manifest(tmp_path)


@pytest.mark.parametrize(("free", "kept"), [(None, True), (10**6, True), (10_000, False)])
def test_volumes_are_kept_where_half_of_the_free_memory_holds_them(
    manifest, monkeypatch, capsys, free, kept
):
    monkeypatch.setattr("glioma_uq.dataset.available_memory", lambda: free)
    dataset = Dataset(manifest, ["t1"], keep_in_memory=True)
    assert dataset.size_in_memory(["a", "b"]) == 2 * 8**3 * (4 + 4 + 1)
    dataset.keep_what_fits(["a", "b"])
    assert (dataset.load("a") is dataset.load("a")) == kept
    assert ("reading them again" in capsys.readouterr().out) != kept
