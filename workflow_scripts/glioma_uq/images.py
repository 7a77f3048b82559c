"""Reading and writing of images, with checks; the same voxels give the same bytes."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np

from glioma_uq.errors import BadCase, reading_case_file
from glioma_uq.files import written_whole
from glioma_uq.nifti_start import check_start
from glioma_uq.subregions import in_region
from glioma_uq.unpacking import MOST_BYTES, in_words

GRID_TOLERANCE_MM = 1e-3
LARGEST_ROUNDING = 0.1  # ASSUME: of a voxel; rounding in a header moves no corner further
LARGEST_INTENSITY = 1e9  # ASSUME: no scanner gives more; squares of 1e19 overflow float32


class ExcludedBefore(BadCase):
    """An earlier step excluded the case and wrote an empty file."""


@dataclass(frozen=True)
class Grid:
    """Position of voxels: `shape` (x, y, z) and `affine`, 4x4, voxel index to world mm (RAS)."""

    shape: tuple
    affine: np.ndarray

    @property
    def voxel_sizes(self):
        """Edge lengths of a voxel in mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @property
    def voxel_volume(self):
        """Volume of a voxel in mm3."""
        x, y, z = self.affine[:3, :3].T
        return float(abs(np.cross(x, y) @ z))  # exact where axes are, unlike a determinant


@dataclass(frozen=True)
class Image:
    """Voxel values on a grid: `data`, an array of shape grid.shape."""

    data: np.ndarray
    grid: Grid


def is_empty(path):
    """Return whether `path` is an empty file, as of an excluded case or a missing segmentation."""
    return Path(path).stat().st_size == 0


def is_missing(path, t1ce):
    """Return whether a series is an empty file though the T1CE is not: the case goes on without it.

    An excluded case has an empty T1CE too.
    """
    return is_empty(path) and not is_empty(t1ce)


def read_image(path, dtype=np.float32):
    """Return the image at `path` as an Image in the closest RAS orientation.

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


def read_tumour(path):
    """Return the whole tumour of the canonical labels at `path` as an Image of booleans."""
    image = read_image(path, dtype=None)
    return Image(in_region(image.data, "wt"), image.grid)


def write_image(path, data, grid):
    """Write `data` on `grid` to `path`: the same voxels give the same bytes.

    nibabel leaves time and name out of the gzip header and compresses at level 1.
    """
    image = nib.Nifti1Image(np.ascontiguousarray(data), grid.affine)
    image.header.set_xyzt_units("mm")
    with written_whole(path) as temporary:
        nib.save(image, temporary)


def same_grid(first, second):
    """Return whether two grids have the same shape, and affines equal to within a micrometre."""
    return tuple(first.shape) == tuple(second.shape) and np.allclose(
        first.affine, second.affine, rtol=0, atol=GRID_TOLERANCE_MM
    )


def corner_distance(first, second):
    """Return how far two grids of one shape are apart at the farthest corner, in voxels.

    That is, of the smallest edge of a voxel of the second.
    """
    corners = np.array(list(product(*((-0.5, n - 0.5) for n in second.shape))))
    apart = nib.affines.apply_affine(first.affine, corners)
    apart -= nib.affines.apply_affine(second.affine, corners)
    return float(np.linalg.norm(apart, axis=1).max() / second.voxel_sizes.min())


def check_on_t1ce(grid, t1ce, what, place=""):
    """Raise BadCase unless the `grid` of an image `what` is that of the T1CE.

    Headers may be rounded: corners may be up to a tenth of a voxel apart.
    """
    if tuple(grid.shape) != tuple(t1ce.shape):
        found = f"shape {tuple(grid.shape)}"
    elif (distance := corner_distance(grid, t1ce)) > LARGEST_ROUNDING:
        found = f"a corner {distance:.2g} voxels from that of the T1CE"
    else:
        return
    raise BadCase(
        f"expected {what} on the grid of the T1CE, shape {t1ce.shape}, found {found}{place}, "
        "resample it to the T1CE"
    )


def check_values(data, path):
    """Raise BadCase for NaN, infinity, an impossibly large value, or a constant image."""
    if bad := np.count_nonzero(~np.isfinite(data)):
        raise BadCase(
            f"expected finite intensities, found {bad} NaN or infinite voxels in {path}, "
            "export the series again"
        )
    if (largest := np.abs([data.min(), data.max()], dtype=float).max()) > LARGEST_INTENSITY:
        raise BadCase(
            f"expected intensities of at most {LARGEST_INTENSITY:g}, found {largest:g} in {path}, "
            "export the series again"
        )
    if data.min() == data.max():
        raise BadCase(
            f"expected an image, found the value {data.flat[0]:g} in every voxel of {path}, "
            "export the series again"
        )


def read_voxels(image, path):
    """Return (image, voxels) of an open nibabel image, reoriented to RAS; or raise BadCase."""
    with reading_case_file(path, "a whole image", f"that {path} breaks off", "copy it again"):
        image = nib.as_closest_canonical(nib.funcs.squeeze_image(image))
        return image, np.asarray(image.dataobj)


def open_image(path):
    """Return the nibabel image at `path`, voxels unread, if it is one 3-D volume.

    Raises ExcludedBefore for an empty file and BadCase for a broken one. Source scans have
    stricter checks, in glioma_uq.headers.
    """
    path = Path(path)
    if path.is_dir():
        raise BadCase(f"expected an image, found a folder {path}, name the file inside it")
    if not path.is_file():
        raise BadCase(f"expected an image, found no file {path}, add it or correct its name")
    if is_empty(path):
        raise ExcludedBefore(f"excluded at an earlier step, which left {path.name} empty")
    with reading_case_file(path, "a NIfTI image", f"that {path} cannot be read", "export it again"):
        path.open("rb").close()  # nibabel hides a PermissionError
        check_start(path)
        image = nib.load(path)
        shape, affine, kind = image.shape, image.affine, image.get_data_dtype()
        is_scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
    _check_geometry(shape, affine, path)
    _check_voxels(shape, kind, is_scaled, path)
    return image


def _check_voxels(shape, kind, is_scaled, path):
    """Raise BadCase unless each voxel is one number, and all are at most MOST_BYTES in memory.

    There they are float32 at least, and float64 if the header scales them.
    """
    if kind.kind not in "iuf":
        raise BadCase(
            f"expected one number in each voxel, found {kind} in {path}, "
            "export the scan instead of a picture of it"
        )
    bytes_each = max(kind.itemsize, 8 if is_scaled else 4)
    size = np.prod(shape, dtype=float) * bytes_each
    if size > MOST_BYTES:
        raise BadCase(
            f"expected at most {in_words(MOST_BYTES)} of voxels, found {in_words(size)} "
            f"(shape {shape}, {bytes_each} bytes each) in {path}, resample it or correct its header"
        )


def _check_geometry(shape, affine, path):
    """Raise BadCase unless an image is one 3-D volume with valid voxel sizes and origin."""
    if len(shape) < 3 or any(n != 1 for n in shape[3:]) or min(shape) < 1:
        raise BadCase(
            f"expected one 3-D volume, found shape {shape} in {path}, export a single volume"
        )
    sizes = nib.affines.voxel_sizes(affine)
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise BadCase(
            f"expected positive voxel sizes, found {sizes} mm in {path}, correct its header"
        )
    if not np.isfinite(affine).all():
        raise BadCase(
            f"expected a finite origin, found {affine[:3, 3]} mm in {path}, correct its header"
        )
