"""What tests of several files share: public data, finished studies, and float64 throughout."""

import os
import sys
from functools import partial
from pathlib import Path

import brats
import patients
import pytest
import workflows

# Two threads on a busy machine can be many times slower than one.
os.environ["OMP_NUM_THREADS"] = "1"
# Last, so that coverage.py there hides no package of that name.
sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
# What takes longest to make for several tests, the longest first.
MADE_FIRST = ("in_two_steps", "of_patients", "published", "sources", "predicted")


@pytest.hookimpl(trylast=True)  # of those that were asked for
def pytest_collection_modifyitems(items):
    """Begin with one test for each of what others share, so that no worker waits for another."""
    users = [next((item for item in items if name in item.fixturenames), None)
             for name in MADE_FIRST]  # fmt: skip
    first = dict.fromkeys(item for item in users if item)
    items[:] = [*first, *(item for item in items if item not in first)]


@pytest.fixture(scope="session")
def real_data():
    """Folder of public data: what GLIOMA_UQ_REAL_DATA names, or the one beside the repository."""
    folder = Path(os.environ.get("GLIOMA_UQ_REAL_DATA", workflows.BESIDE_REPOSITORY))
    if not folder.is_dir():
        pytest.skip(f"no public data in {folder}: set GLIOMA_UQ_REAL_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def _denormals_are_kept():
    """After a step with a network, which stops it for all that its process computes later."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def float64(monkeypatch):
    """Let torch compute in float64, new networks and factors of dropout included.

    Without oneDNN, which has no float64: convolutions take torch's own kernels.
    """
    import torch  # after OMP_NUM_THREADS

    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A copy of the repository in which the tiny study has run to its end; no test changes it.

    Two jobs at a time, since all workers wait for it.
    """

    def make(folder):
        workflows.snakemake(workflows.copy_of_repository(folder), cores="2")

    return workflows.finished_once(tmp_path_factory, "tiny", make)


@pytest.fixture
def tiny_copy(tiny, tmp_path):
    """A copy of that folder, for a test to change."""
    return workflows.copy_of(tiny, tmp_path / "tiny")


@pytest.fixture
def halves_copy(tiny_copy):
    """That copy with its config in two files, cohort.yaml and study.yaml.

    Nothing is made anew for that but the record of the config, and the report that tells it.
    """
    workflows.write_halves(tiny_copy)
    assert workflows.planned(tiny_copy, config="cohort.yaml") == set()
    made = workflows.rules_in(workflows.snakemake(tiny_copy, config="study.yaml"))
    assert made == {"record_provenance", "make_report", "all"}
    return tiny_copy


@pytest.fixture(scope="session")
def in_two_steps(tmp_path_factory):
    """The tiny study once more, one job at a time: its cohort, then the study to one cell."""

    def make(folder):
        workflows.write_halves(workflows.copy_of_repository(folder))
        workflows.snakemake(folder, config="cohort.yaml")
        assert not (folder / "results/studies").exists()
        study = "results/studies/tiny"
        cell = f"{study}/csnet/dropout-0.40/passes-004/classification.csv"
        others = [f"{study}/csnet/dropout-0.20/fold-{k}/seed-1/model.safetensors" for k in (1, 2)]
        workflows.snakemake(folder, cell, *others, config="study.yaml")

    return workflows.finished_once(tmp_path_factory, "in_two_steps", make)


@pytest.fixture(scope="session")
def of_patients(tiny, tmp_path_factory):
    """A copy of the repository with a finished cohort of patients and configs of its studies."""

    def make(folder):
        workflows.copy_of_repository(folder)
        patients.write_configs(tiny / "results/cohorts/tiny", folder)
        workflows.snakemake(folder, config="patients.yaml")

    return workflows.finished_once(tmp_path_factory, "of_patients", make)


@pytest.fixture(scope="session")
def published(tiny, tmp_path_factory):
    """A finished run of small_tumours_as_published, made tiny, on a cohort as BraTS 2018."""
    return workflows.finished_once(
        tmp_path_factory, "published", partial(brats.run_as_published, tiny)
    )
