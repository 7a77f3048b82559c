"""Images go in and out here: read whole or refused with a sentence, written with the same bytes."""

import errno
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from glioma_uq.errors import BadCase
from glioma_uq.files import written_whole

GRID_TOLERANCE_MM = 1e-3
# What nibabel raises for damaged bytes; a nonsense number in a header overflows somewhere.
BROKEN_FILE = (
    EOFError,
    OSError,
    OverflowError,
    ValueError,
    zlib.error,
    nib.filebasedimages.ImageFileError,
    nib.spatialimages.HeaderDataError,
)
# errno of what a damaged file can ask of the machine: nothing, or to seek to a nonsense place.
FAULT_OF_FILE = (None, errno.EINVAL)


class ExcludedBefore(BadCase):
    """An earlier step excluded the case and left this step an empty file."""


@dataclass(frozen=True)
class Grid:
    """Where voxels lie: `shape` (x, y, z) and `affine`, 4x4, voxel index to world mm (RAS)."""

    shape: tuple
    affine: np.ndarray

    @property
    def voxel_sizes(self):
        """Edge lengths of a voxel in mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @property
    def voxel_volume(self):
        """Volume of a voxel in mm3."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))


@dataclass(frozen=True)
class Image:
    """Voxel values on a grid: `data`, an array of shape grid.shape."""

    data: np.ndarray
    grid: Grid


def is_empty(path):
    """Say whether `path` is the empty file that an excluded case (or no segmentation) leaves."""
    return Path(path).stat().st_size == 0


def read_image(path, dtype=np.float32):
    """Return the image at `path` as an Image turned to the closest RAS orientation.

    A fourth axis of length one is dropped. `dtype` None keeps the type of the file
    where it is int16, uint8 or float32 without scaling and is float32 otherwise.
    Raises ExcludedBefore for an empty file and BadCase for a broken one.
    """
    image, data = read_voxels(open_image(path), path)
    if dtype is None:
        dtype = data.dtype if data.dtype in (np.int16, np.uint8) else np.float32
    return Image(data.astype(dtype), Grid(image.shape, image.affine))


def read_mask(path):
    """Return the mask at `path` as an Image of booleans (voxel > 0)."""
    image = read_image(path, dtype=None)
    return Image(image.data > 0, image.grid)


def write_image(path, data, grid):
    """Write `data` on `grid` to `path`: the same voxels give the same bytes.

    nibabel leaves time and name out of the gzip header and packs at level 1.
    """
    image = nib.Nifti1Image(np.ascontiguousarray(data), grid.affine)
    image.header.set_xyzt_units("mm")
    with written_whole(path) as temporary:
        nib.save(image, temporary)


def same_grid(first, second, tolerance_mm=GRID_TOLERANCE_MM):
    """Say whether two grids have one shape and affines that differ by at most `tolerance_mm`."""
    return tuple(first.shape) == tuple(second.shape) and np.allclose(
        first.affine, second.affine, rtol=0, atol=tolerance_mm
    )


def check_values(data, path):
    """Raise BadCase when an image holds NaN or infinity, or the same value everywhere."""
    if not np.isfinite(data).all():
        bad = int((~np.isfinite(data)).sum())
        raise BadCase(
            f"expected finite intensities, found {bad} NaN or infinite voxels in {path}, "
            "export the series again"
        )
    if data.min() == data.max():
        raise BadCase(
            f"expected an image, found the value {data.flat[0]:g} in every voxel of {path}, "
            "export the series again"
        )


def read_voxels(image, path):
    """Return (image, its voxels) of an open nibabel image, turned to RAS; or raise BadCase."""
    try:
        image = nib.as_closest_canonical(nib.funcs.squeeze_image(image))
        return image, np.asarray(image.dataobj)
    except BROKEN_FILE as error:
        _raise_unless_broken(error)
        raise BadCase(
            f"expected a whole image, found that {path} breaks off ({in_one_line(error)}), "
            "copy it again"
        ) from error


def open_image(path):
    """Return the nibabel image at `path`, voxels unread, once it is one 3-D volume.

    Raises ExcludedBefore for an empty file and BadCase for a broken one; the stricter
    checks of scans from outside are those of glioma_uq.headers.
    """
    path = Path(path)
    if path.is_dir():
        raise BadCase(f"expected an image, found a folder {path}, name the file inside it")
    if not path.is_file():
        raise BadCase(f"expected an image, found no file {path}, add it or correct its name")
    if is_empty(path):
        raise ExcludedBefore(f"excluded at an earlier step, which left {path.name} empty")
    try:
        path.open("rb").close()  # nibabel keeps to itself that it has no right to read
        image = nib.load(path)
    except PermissionError as error:
        raise BadCase(
            f"expected the right to read {path}, found none, ask its owner or change its "
            "permissions"
        ) from error
    except BROKEN_FILE as error:
        _raise_unless_broken(error)
        raise BadCase(
            f"expected a NIfTI image, found that {path} cannot be read ({in_one_line(error)}), "
            "export it again"
        ) from error
    shape = image.shape
    if len(shape) < 3 or any(n != 1 for n in shape[3:]) or min(shape) < 1:
        raise BadCase(
            f"expected one 3-D volume, found shape {shape} in {path}, export a single volume"
        )
    sizes = nib.affines.voxel_sizes(image.affine)
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise BadCase(
            f"expected positive voxel sizes, found {sizes} mm in {path}, correct its header"
        )
    return image


def in_one_line(error):
    """Return what an error says without its line breaks."""
    return " ".join(str(error).split())


def _raise_unless_broken(error):
    """Raise an error of the machine (disk, memory, rights) again: it says nothing of the file."""
    if isinstance(error, OSError) and error.errno not in FAULT_OF_FILE:
        raise error
