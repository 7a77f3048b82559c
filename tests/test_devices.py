"""Threads of torch: their number, and that all of them take denormal numbers as 0.

Each test runs in a process of its own: a thread keeps the setting that it was started with.
"""

import subprocess
import sys

import pytest
from workflows import ROOT

START = """
import sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, "workflow_scripts")
import torch

def denormals(values):
    bits = values.view(torch.int32) & 0x7FFFFFFF  # integers: a flushing thread reads floats as 0
    return int(((bits > 0) & (bits < 0x00800000)).sum())

def shares():
    weights = torch.full((2**20,), 1e-20, requires_grad=True)
    (weights * torch.full((2**20,), 1e-20)).backward(torch.full((2**20,), 1e-20))
    found = (
        torch.full((2**20,), 2e-38) / 4,
        torch.full((512, 64), 1e-20) @ torch.full((64, 512), 1e-20),
        torch.nn.functional.conv3d(
            torch.full((4, 4, 16, 16, 16), 1e-20), torch.full((4, 4, 3, 3, 3), 1e-20)),
        weights.grad,
    )
    return [denormals(values) / values.numel() for values in found]
"""
NONE, ALL = [0.0] * 4, [1.0] * 4


def printed(code):
    """Return what the code prints after START."""
    done = subprocess.run(
        [sys.executable, "-c", START + code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not done.stderr
    return done.stdout


def test_without_the_setting_there_are_denormals():
    assert printed("torch.set_num_threads(2); print(shares())") == f"{ALL}\n"


def test_every_thread_of_the_steps_gives_zero():
    """Of torch's two threads after all imports of the steps, and those that load batches."""
    found = printed("""
import train_network, sample_network
from glioma_uq.training.batches import prefetch
train_network.set_threads(2)
print(shares(), torch.get_num_threads(), torch.is_grad_enabled())
print(*prefetch(lambda item: shares(), [1, 2], 2))
import numpy as np
np.finfo(np.float32), np.finfo(np.float64)  # no warning that the smallest number is 0
""")
    assert found == f"{NONE} 2 True\n{NONE} {NONE}\n"


@pytest.mark.parametrize(
    "cause",
    [
        "torch.set_flush_denormal = lambda on: False",  # as on a processor that cannot
        "torch.set_num_threads(2); shares()",  # torch's threads run already
    ],
)
def test_a_thread_that_does_not_flush_is_said(cause):
    found = printed(f"{cause}\nfrom glioma_uq.devices import set_threads\nset_threads(2)")
    assert found.startswith("denormal numbers are not taken as 0: the processor cannot, or torch's")
    assert found.count("\n") == 1


def test_no_other_code_sets_threads():
    """Neither steps, nor networks for skull stripping, nor benchmarks."""
    sources = [*(ROOT / "workflow_scripts").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    found = [path.name for path in sources if "set_num_threads" in path.read_text()]
    assert found == ["devices.py"]
