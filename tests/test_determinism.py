"""The same seed gives the same bytes, however many jobs run; threads move rounding alone."""

from pathlib import Path

import pytest
import torch
from test_kills import arguments, cohort  # noqa: F401, a fixture
from workflows import contents

from glioma_uq.networks import build_network
from glioma_uq.sampling.mc_dropout import active_dropout
from train_network import main as train_network

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


def test_flushing_denormals_moves_no_weight(cohort, tmp_path, monkeypatch):
    """On one thread, this one, which flushes from the second training on."""
    with monkeypatch.context() as patched:
        patched.setattr(torch, "set_flush_denormal", lambda on: True)
        kept = trained(cohort, tmp_path / "kept")
    assert torch.tensor([2e-38]).div(4).item() > 0
    assert trained(cohort, tmp_path / "flushed") == kept
    assert torch.tensor([2e-38]).div(4).item() == 0


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
def test_two_jobs_at_a_time_and_the_cohort_before_the_study_give_the_same_bytes(in_two_steps, tiny):
    """From scans to samples, in two folders: once at one go, once half by half."""
    once, again = contents(tiny), contents(in_two_steps)
    assert len(again) > 250
    assert again.keys() <= once.keys()
    assert {name for name in again if once[name] != again[name]} == set()
