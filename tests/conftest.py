"""Where tests find public data that is not part of the repository, and float64 throughout."""

import os
from pathlib import Path

import pytest

# Two threads on a busy machine can be many times slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

from workflows import BESIDE_REPOSITORY


@pytest.fixture(scope="session")
def real_data():
    """Folder of public data: what GLIOMA_UQ_REAL_DATA names, or the one beside the repository."""
    folder = Path(os.environ.get("GLIOMA_UQ_REAL_DATA", BESIDE_REPOSITORY))
    if not folder.is_dir():
        pytest.skip(f"no public data in {folder}: set GLIOMA_UQ_REAL_DATA to its folder")
    return folder


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
