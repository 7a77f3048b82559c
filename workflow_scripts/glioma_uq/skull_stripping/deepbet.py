"""deepbet (Fisch et al., Computers in Biology and Medicine 2024): one small, fast network."""

from tempfile import TemporaryDirectory

from glioma_uq.images import read_mask, write_image
from glioma_uq.skull_stripping.packages import check_weights, failures_of, package_folder

# TorchScript files in the wheel of deepbet 1.0.2; only files with these hashes are loaded.
SHA256 = {
    "bbox_model.pt": "39a7b2b5f799faa1391ea97bfcdc0b9299f20d84f2316a4ff8918dc4685e40aa",
    "model.pt": "de8ee7c69654d0dd3935dc4a5d84571d8ecf4637a6bfc01df399c4c2bc86e0fd",
}


def find_brain(scan, *, threads=1):
    """Return the brain in a native scan (Image with skull) as booleans, by deepbet on the CPU.

    Trained on T1 scans of healthy adults. Raises BadInput if the package is missing or
    its weights differ, BadCase if it finds no brain.
    """
    models = package_folder("deepbet", "deepbet", "deepbet").parent / "data" / "models"
    for name, sha256 in SHA256.items():
        check_weights(models / name, sha256, "deepbet")
    from deepbet import run_bet

    from glioma_uq.devices import set_threads  # imports torch

    set_threads(threads)
    with TemporaryDirectory() as scratch:
        native, mask = f"{scratch}/scan.nii", f"{scratch}/mask.nii.gz"
        write_image(native, scan.data, scan.grid)
        with failures_of("deepbet"):
            run_bet([native], mask_paths=[mask], no_gpu=True, skip_broken=False)
        return read_mask(mask).data
