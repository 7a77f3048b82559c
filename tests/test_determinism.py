"""The same seed gives the same bytes, however many jobs run; threads move rounding alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from test_kills import arguments, cohort  # noqa: F401, a fixture

from glioma_uq.mc_dropout import awake_dropout
from glioma_uq.networks import build_network
from train_network import main as train_network

ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = 1e-5


@pytest.fixture
def _threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def trained(cohort, folder, threads):  # noqa: F811
    """Train on so many threads; return the weights, as bytes and as tensors, and the curve."""
    folder.mkdir()
    given = arguments(cohort, folder, threads=threads)
    train_network(**given)
    content = Path(given["model"]).read_bytes()
    return content, load_file(given["model"]), pd.read_csv(given["curve"])


@pytest.mark.usefixtures("_threads_as_before")
def test_trained_weights_are_the_same_bytes_on_one_thread_and_close_on_two(cohort, tmp_path):  # noqa: F811
    once, weights, curve = trained(cohort, tmp_path / "once", 1)
    again, _, _ = trained(cohort, tmp_path / "again", 1)
    assert once == again
    _, on_two, curve_on_two = trained(cohort, tmp_path / "two", 2)
    for name, values in weights.items():
        assert np.allclose(values, on_two[name], rtol=0, atol=TOLERANCE), name
    assert np.allclose(curve, curve_on_two, rtol=0, atol=TOLERANCE)


@pytest.mark.usefixtures("_threads_as_before")
def test_samples_of_a_network_are_close_on_one_and_two_threads():
    torch.manual_seed(0)
    network = build_network("csnet", modalities=2, rate=0.3, width=4).eval()
    images = torch.randn(2, 2, 16, 16, 16)
    outputs = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with awake_dropout(network) as forward:
            outputs.append(forward(images, [1, 2]))
    for name, values in outputs[0].items():
        assert (values - outputs[1][name]).abs().max() < TOLERANCE, name


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
