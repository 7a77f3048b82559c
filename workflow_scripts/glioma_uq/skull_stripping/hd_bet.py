"""HD-BET 2 (nnU-Net), run as a command: it needs another version of torch than ours."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from glioma_uq.environment import without_login
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.files import digest
from glioma_uq.images import read_mask, same_grid, write_image
from glioma_uq.machine import HD_BET, settings_of_hd_bet
from glioma_uq.skull_stripping.packages import check_weights

CHECKPOINT = "fold_all/checkpoint_final.pth"
IN_HOME = "hd-bet_params/release_2.0.0"  # below the user's home: where HD-BET 2.0.1 looks


def find_brain(scan, *, sha256, device="cpu", mirrored=False, threads=1):
    """Return the brain in a native scan (Image with skull) as booleans, by HD-BET 2.

    Its command and the folder of its weights (plans.json, dataset.json and
    fold_all/checkpoint_final.pth) are settings of the machine; that last file is a torch pickle,
    which must have this `sha256`. `mirrored` averages over mirror images too. It uses all cores,
    regardless of `threads`. Source: Isensee et al., Human Brain Mapping 2019. Raises BadInput if
    the command or the weights are missing, BadCase if the command fails or writes no mask.
    """
    own = settings_of_hd_bet()
    executable, weights = _executable(own["command"]), Path(own["weights"])
    _check_weights(weights / CHECKPOINT, sha256)
    with TemporaryDirectory() as scratch:
        home = Path(scratch) / "home" / IN_HOME
        home.parent.mkdir(parents=True)
        home.symlink_to(weights.absolute(), target_is_directory=True)
        write_image(f"{scratch}/scan.nii.gz", scan.data, scan.grid)
        arguments = ["-i", f"{scratch}/scan.nii.gz", "-o", f"{scratch}/brain.nii.gz"]
        arguments += ["-device", device, "--save_bet_mask", "--no_bet_image"]
        arguments += [] if mirrored else ["--disable_tta"]
        _run([executable, *arguments], home=f"{scratch}/home")
        return _mask_at(Path(scratch) / "brain_bet.nii.gz", scan)


def _executable(command):
    found = shutil.which(command)
    if found is None:
        raise BadInput(
            f"expected the command {command} for skull_stripping hd-bet, found none, run "
            f"`make hd-bet`, or export its path as {HD_BET['command'][0]}"
        )
    return str(Path(found).absolute())


def _check_weights(path, sha256):
    if sha256 is None and path.is_file():
        raise BadInput(
            f"expected the sha256 of the weights that you trust in {HD_BET['sha256'][0]}, found "
            f"none, export {digest(path)} if {path} comes from HD-BET's authors"
        )
    check_weights(path, sha256, "hd-bet")


def _run(arguments, *, home):
    """Run HD-BET with `home` as the user's home; its last line is the reason if it fails."""
    done = subprocess.run(
        arguments,
        env=without_login() | {"HOME": home},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
    print(done.stdout, done.stderr, sep="\n")
    if done.returncode < 0:
        raise MemoryError(
            f"hd-bet was killed by signal {-done.returncode}, give the job more memory"
        )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise BadCase(
            f"expected hd-bet to find the brain, found that it failed with code {done.returncode} "
            f"and said {said!r}, see the log of strip_skull"
        )


def _mask_at(path, scan):
    if not path.is_file():
        raise BadCase(
            f"expected a brain mask {path.name} from hd-bet, found none, see the log of strip_skull"
        )
    mask = read_mask(path)
    if not same_grid(mask.grid, scan.grid):
        raise BadCase(
            f"expected a brain mask on the grid of the scan, {scan.grid.shape}, found "
            f"{mask.grid.shape} or another affine from hd-bet, check the scan's header"
        )
    return mask.data
