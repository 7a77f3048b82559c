"""Checks of a scan's header, before any voxel is read.

A few hundred bytes reveal most faults of a scan. So a cohort of thousands is checked in
seconds, and an image too large for memory is rejected without being read.
"""

import gzip

import nibabel as nib
import numpy as np

from glioma_uq.errors import BadCase, reading_case_file
from glioma_uq.images import Grid, open_image, read_voxels

FEWEST_VOXELS = 4  # ASSUME: along each axis; fewer cannot be registered
LARGEST_EXTENT_MM = 1000  # ASSUME: no head coil covers more
LARGEST_DISTANCE_MM = 10_000  # ASSUME: from the origin; a scanner's table ends far below
SMALLEST_VOXEL_MM = 0.05  # ASSUME: no scan is finer; blocks in mm would be too large
UNITS = {0: "mm", 1: "metres", 2: "mm", 3: "micrometres"}  # NIfTI codes; 0 is unspecified
LARGEST_SLANT = 0.02  # cosine between two axes, about 1 degree; more is a sheared image
# How far sform and qform of a file may differ: rounding in a header does less, a resampling more.
SAME_SIZE = 0.01  # of a voxel's edge
SAME_ANGLE_DEG = 1.0
SAME_CENTRE_MM = 1.0
FIRST_VOXEL = {nib.Nifti1Image: 352, nib.Nifti2Image: 544}  # byte in the file
BLOCK_BYTES = 2**20
LONGEST_TAIL = 2**20  # bytes behind the last voxel, which are not used
LARGEST_TILT_DEG = 40  # ASSUME: beyond it, axes are ambiguous (45 is half way)


def check_header(path):
    """Return the RAS grid of the scan at `path`, or raise BadCase with one sentence.

    Reads the header and the last bytes; the voxels only if the file's size is unexpected.
    """
    image = open_image(path)
    _check_format(image, path)
    _check_offset(image, path)
    _check_size(image, path)
    _check_transform(image, path)
    _check_axes(image, path)
    _check_whole(image, path)
    return canonical_grid(image)


def canonical_grid(image):
    """Return the grid of a nibabel image after reorienting it to the closest RAS orientation."""
    axes = nib.orientations.io_orientation(image.affine)
    shape = image.shape[:3]
    reordered = tuple(int(shape[i]) for i in np.argsort(axes[:, 0]))
    return Grid(reordered, image.affine @ nib.orientations.inv_ornt_aff(axes, shape))


def orientation(path):
    """Return the orientation of a stored file, such as "LAS"."""
    return "".join(nib.aff2axcodes(open_image(path).affine))


def tilt_deg(affine):
    """Return the largest angle in degrees between an image axis and the nearest world axis."""
    return float(np.degrees(nib.affines.obliquity(affine).max()))


def _check_format(image, path):
    if type(image) not in FIRST_VOXEL:
        raise BadCase(
            f"expected a NIfTI image in one file, found {type(image).__name__} in {path}, convert "
            "it to .nii.gz"
        )


def _check_offset(image, path):
    """Raise BadCase if the voxels would begin within the header."""
    first, offset = FIRST_VOXEL[type(image)], image.dataobj.offset
    if offset < first:
        raise BadCase(
            f"expected the first voxel at byte {first} or later, found vox_offset {offset} in "
            f"{path}, export it again"
        )


def _check_size(image, path):
    shape, sizes = image.shape[:3], nib.affines.voxel_sizes(image.affine)
    if min(shape) < FEWEST_VOXELS:
        raise BadCase(
            f"expected {FEWEST_VOXELS} voxels or more on each axis, found shape {shape} in {path}, "
            "export the whole series"
        )
    extent = np.multiply(shape, sizes)
    units = UNITS.get(int(image.header["xyzt_units"]) & 7, "an unknown unit")
    if units != "mm" or extent.max() > LARGEST_EXTENT_MM:
        raise BadCase(
            f"expected a scan of at most {LARGEST_EXTENT_MM} mm, found voxels of "
            f"{_numbers(sizes)} {units} and shape {shape} in {path}, correct its header"
        )
    if sizes.min() < SMALLEST_VOXEL_MM:
        raise BadCase(
            f"expected voxels of {SMALLEST_VOXEL_MM} mm or more, found {_numbers(sizes)} mm in "
            f"{path}, correct its header"
        )
    centre = image.affine @ [*np.subtract(shape, 1) / 2, 1]
    if np.abs(centre).max() > LARGEST_DISTANCE_MM:
        raise BadCase(
            f"expected a scan within {LARGEST_DISTANCE_MM} mm of the origin, found its centre at "
            f"{_numbers(centre[:3])} mm in {path}, correct its header"
        )


def _check_transform(image, path):
    header = image.header
    if header["sform_code"] == 0 and header["qform_code"] == 0:
        raise BadCase(
            "expected a spatial transform (sform or qform), found that both codes are 0 in "
            f"{path}, so left and right are unknown, convert it from DICOM again"
        )
    if header["sform_code"] == 0:
        _check_stored_sizes(image, path)
    if header["sform_code"] == 0 or header["qform_code"] == 0:
        return
    with reading_case_file(
        path, "a spatial transform", f"a broken qform in {path}", "convert it from DICOM again"
    ):
        qform = header.get_qform()
        difference = difference_of(image.affine, qform, image.shape[:3])
    if difference:
        raise BadCase(
            f"expected sform and qform to agree, found {difference} in {path}, correct the wrong "
            "one"
        )


def _check_stored_sizes(image, path):
    """Raise BadCase for a qform with voxels of no size, which nibabel takes for 1 mm."""
    with image.file_map["image"].get_prepare_fileobj("rb") as file:
        stored = type(image.header).from_fileobj(file, check=False)
    sizes = stored["pixdim"][1:4]
    if not (sizes > 0).all():
        raise BadCase(
            f"expected positive voxel sizes, found {sizes} mm in {path}, correct its header"
        )


def difference_of(sform, qform, shape):
    """Return how two transforms (4x4, voxels to mm) of one image differ, "" if by rounding only.

    The first of: axes, voxel sizes, angle between the axes (degrees), distance of the centres (mm).
    """
    if not np.isfinite(qform).all():
        return "a qform with numbers that are not finite"
    axes = ["".join(map(str, nib.aff2axcodes(affine))) for affine in (sform, qform)]
    if axes[0] != axes[1]:
        return f"axes {axes[0]} and {axes[1]}"
    sizes = [nib.affines.voxel_sizes(affine) for affine in (sform, qform)]
    if not np.allclose(*sizes, rtol=SAME_SIZE, atol=0):
        return f"voxels of {_numbers(sizes[0])} and {_numbers(sizes[1])} mm"
    first, second = (
        affine[:3, :3] / size for affine, size in zip((sform, qform), sizes, strict=True)
    )
    angle = np.degrees(np.arccos(np.clip((first * second).sum(0), -1, 1))).max()
    if angle > SAME_ANGLE_DEG:
        return f"axes {angle:.1f} degrees apart"
    centres = [affine @ [*np.subtract(shape, 1) / 2, 1] for affine in (sform, qform)]
    distance = np.linalg.norm(np.subtract(*centres))
    return f"centres {distance:.3g} mm apart" if distance > SAME_CENTRE_MM else ""


def _check_axes(image, path):
    linear = image.affine[:3, :3] / nib.affines.voxel_sizes(image.affine)
    slant = np.abs(linear.T @ linear - np.eye(3)).max()
    if slant > LARGEST_SLANT:
        raise BadCase(
            f"expected perpendicular axes, found a cosine of {slant:.2f} between two in {path}, "
            "resample it to a straight grid"
        )
    tilt = tilt_deg(image.affine)
    if tilt > LARGEST_TILT_DEG:
        raise BadCase(
            f"expected axes within {LARGEST_TILT_DEG} degrees of the patient's, found "
            f"{tilt:.0f} in {path}, resample it or correct its header"
        )


def _check_whole(image, path):
    """Read the voxels only if the size of the file is not that of the header.

    The last four bytes of a gzip file are the size of its content modulo 2^32, unless it
    was written in several members or padded, hence the full read.
    """
    voxels = int(np.prod(image.shape, dtype=np.int64)) * image.get_data_dtype().itemsize
    size = int(image.dataobj.offset) + voxels
    with open(path, "rb") as file:
        file.seek(-4, 2)
        packed = int.from_bytes(file.read(), "little")
        stored = file.tell()
    if packed != size % 2**32 if str(path).endswith(".gz") else stored < size:
        read_voxels(image, path)


def check_packed(path):
    """Raise BadCase unless a gzip file holds what was packed, by the CRC-32 of each of its parts.

    nibabel reads as many bytes as the header promises and never comes to the CRC-32: where a copy
    was damaged in the middle, it returns other voxels without a word.
    """
    if not str(path).endswith(".gz"):
        return
    image = open_image(path)
    voxels = int(np.prod(image.shape, dtype=np.int64)) * image.get_data_dtype().itemsize
    left = int(image.dataobj.offset) + voxels + LONGEST_TAIL
    with (
        reading_case_file(path, "a whole image", f"that {path} is damaged", "copy it again"),
        gzip.open(path) as file,
    ):
        while block := file.read(min(BLOCK_BYTES, left)):
            left -= len(block)
    if not left:
        raise BadCase(
            f"expected nothing behind the last voxel, found {LONGEST_TAIL} bytes or more in {path},"
            " export it again"
        )


def _numbers(values):
    return " x ".join(f"{value:.4g}" for value in values)
