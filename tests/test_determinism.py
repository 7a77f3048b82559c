"""The same seed gives the same bytes, however many jobs run; threads move rounding alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_kills import arguments, cohort  # noqa: F401, a fixture

from glioma_uq.networks import build_network
from glioma_uq.sampling.mc_dropout import active_dropout
from train_network import main as train_network

ROOT = Path(__file__).resolve().parents[1]
PROMISED = 1e-5  # in docs/cluster.md; sums of either order differ by 4e-7 on five kernels


@pytest.fixture
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def trained(cohort, folder):
    """Train in a new folder; return the bytes of the weights."""
    folder.mkdir()
    given = arguments(cohort, folder)
    train_network(**given)
    return Path(given["model"]).read_bytes()


def test_trained_weights_are_the_same_bytes(cohort, tmp_path):
    once, again = (trained(cohort, tmp_path / name) for name in ("once", "again"))
    assert once == again


@pytest.mark.usefixtures("_threads_as_before")
def test_samples_and_gradients_are_close_on_one_and_two_threads():
    """What training makes of the difference is larger: Adam divides by the gradient's own size."""
    images = torch.randn(2, 2, 16, 16, 16, generator=torch.Generator().manual_seed(1))
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        network = build_network("csnet", modalities=2, rate=0.3, width=4)
        with active_dropout(network) as forward:
            values = dict(forward(images, [1, 2]))
        network.train()
        sum(logits.logsumexp(1).mean() for logits in network(images).values()).backward()
        values |= {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
        found.append(values)
    assert len(found[0]) > 20
    for name, value in found[0].items():
        assert (value - found[1][name]).abs().max() < PROMISED, name


@pytest.mark.workflow
def test_one_job_and_two_jobs_at_a_time_give_the_same_bytes(tmp_path):
    """From scans to report, where test_workflow.py runs two at a time only."""
    config = (ROOT / "tests" / "tiny.yaml").read_text().replace("rates: [0.2, 0.4]", "rates: [0.2]")
    found = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        for part in ("Snakefile", "config.yaml"):
            shutil.copy2(ROOT / part, folder)
        for part in ("rules", "workflow_scripts", "envs", "profiles"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "tiny.yaml").write_text(config)
        command = [sys.executable, "-m", "snakemake", "--cores", str(jobs)]
        done = subprocess.run(
            [*command, "--configfile", "tiny.yaml"],
            cwd=folder,
            capture_output=True,
            text=True,
            env=os.environ,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        results = folder / "results"
        files = [p for end in ("csv", "safetensors", "nii.gz") for p in results.rglob(f"*.{end}")]
        found.append({str(path.relative_to(results)): path.read_bytes() for path in files})
    assert len(found[0]) > 200
    assert found[0].keys() == found[1].keys()
    assert [name for name, content in found[0].items() if found[1][name] != content] == []
