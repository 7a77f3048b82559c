"""Headers as other programs write them, or as a fault leaves them."""

import nibabel as nib
import numpy as np

from situations import situation
from situations.tiny import CASE, NAMES, TAKES_PART, some_scan

SCAN = some_scan(9)
AT = {
    "pixdim[2]": 84, "vox_offset": 108, "scl_slope": 112, "scl_inter": 116, "quatern_b": 256,
    "srow_y[1]": 300,
}  # fmt: skip


def fate_of(cohort, image, ending=".nii", **fields):
    """Return what comes of a case whose T2 is `image`, with some fields of its header changed."""
    cohort.scan("t2").unlink()
    path = cohort.scan("t2").with_name(f"t2{ending}")
    nib.save(image, path)
    content = bytearray(path.read_bytes())
    for name, value in fields.items():
        content[AT[name] : AT[name] + 4] = np.float32(value).tobytes()
    path.write_bytes(content)
    return cohort.fate(names=NAMES | {"t2": path.name})


def nifti(data=SCAN, affine=None, kind=nib.Nifti1Image, sform=1, qform=1, **options):
    """Return an image with the given codes."""
    image = kind(data, np.eye(4) if affine is None else affine, **options)
    image.set_sform(image.affine, sform)
    image.set_qform(image.affine, qform)
    return image


def enter(what, right, make=nifti, ending=".nii", **fields):
    @situation("geometry", what, right=right)
    def attempt(cohort):
        return fate_of(cohort, make(), ending, **fields)


enter("voxels that begin at byte 0", "the first voxel at byte 352 or later", vox_offset=0)
enter("voxels that begin at no number", "cannot be read", vox_offset=np.nan)
enter("a slope of NaN, which is none", TAKES_PART, scl_slope=np.nan)
enter("a slope of 0, which is none", TAKES_PART, scl_slope=0, scl_inter=7)
enter("a slope with an intercept of NaN", "invalid intercept", scl_slope=2, scl_inter=np.nan)
enter("voxels that a slope makes infinite", "NaN or infinite voxels", scl_slope=1e38, scl_inter=0)
enter(
    "a qform alone, with a voxel size of 0",
    "expected positive voxel sizes, found [1. 0. 1.]",
    lambda: nifti(sform=0),
    **{"pixdim[2]": 0},
)
enter(
    "a qform alone, with a voxel size of NaN",
    "expected positive voxel sizes",
    lambda: nifti(sform=0),
    **{"pixdim[2]": np.nan},
)
enter("a quaternion of no rotation", "a broken qform", quatern_b=2)
enter(
    "an origin of 1e30 mm",
    "within 10000 mm of the origin",
    lambda: nifti(affine=nib.affines.from_matvec(np.eye(3), [0, 1e30, 0])),
)
enter(
    "an sform of NaN",
    "expected positive voxel sizes, found [ 1. nan 1.]",
    lambda: nifti(qform=0),
    **{"srow_y[1]": np.nan},
)
enter("complex voxels", "found complex64", lambda: nifti(SCAN.astype(np.complex64)))
enter("64-bit integers", TAKES_PART, lambda: nifti(SCAN.astype(np.int64), dtype=np.int64))
enter("a volume in an axis of length one", TAKES_PART, lambda: nifti(SCAN[..., None]))
enter("NIfTI-2", TAKES_PART, lambda: nifti(kind=nib.Nifti2Image))
enter(
    "big-endian numbers",
    TAKES_PART,
    lambda: nifti(SCAN.astype(">i2"), header=nib.Nifti1Header(endianness=">")),
)


@situation("geometry", "a header whose image is missing", right="in one file, found Nifti1Pair")
def header_alone(cohort):
    cohort.scan("t2").unlink()
    path = cohort.path / CASE / "t2.hdr"
    nib.save(nib.Nifti1Pair(SCAN, np.eye(4)), path)
    path.with_suffix(".img").unlink()
    return cohort.fate(names=NAMES | {"t2": path.name})


@situation("geometry", "big-endian numbers are read right", right=True)
def big_endian(cohort):
    header = nib.Nifti1Header(endianness=">")
    nib.save(nib.Nifti1Image(SCAN.astype(">i2"), np.eye(4), header), cohort.scan("t2"))
    return bool((cohort.imported("t2") == SCAN).all())
