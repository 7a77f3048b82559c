"""Where tests find public data that is not part of the repository."""

import os
from pathlib import Path

import pytest

# Two threads on a busy machine can be many times slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

BESIDE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "real"


@pytest.fixture(scope="session")
def real_data():
    """Folder of public data: what GLIOMA_UQ_REAL_DATA names, or the one beside the repository."""
    folder = Path(os.environ.get("GLIOMA_UQ_REAL_DATA", BESIDE_REPOSITORY))
    if not folder.is_dir():
        pytest.skip(f"no public data in {folder}: set GLIOMA_UQ_REAL_DATA to its folder")
    return folder
