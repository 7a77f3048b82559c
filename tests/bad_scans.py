"""Kinds of bad scans: what check_cohort says from headers, and import_case of every voxel."""

import nibabel as nib
import numpy as np
from bad_input import kind
from scans import (
    CASE,
    NAMES,
    SHAPE,
    at_the_door,
    header_only,
    inside,
    look,
    save,
    some_scan,
    whole_case,
)

HEADER, VOXELS, FILES = "Scans: headers", "Scans: voxels", "Scans: which file is which"
PLAIN = NAMES | {"t2": "t2.nii"}


def scan(group, what, look=at_the_door, **source):
    """Enter a function of (path of the T2, folder of the case) that spoils a whole case."""

    def enter(spoil):
        def show(folder):
            cohort = whole_case(folder)
            spoil(cohort / CASE / source.get("names", NAMES)["t2"], cohort / CASE)
            said = look(cohort, **source)
            return said if look is at_the_door else said[0]["reason"]

        return kind(group, what)(show)

    return enter


@scan(HEADER, "a file that breaks off")
def truncated(path, case):
    path.write_bytes(path.read_bytes()[:700])


@scan(HEADER, "a file without gzip that breaks off", names=PLAIN)
def truncated_plain(path, case):
    save(path, some_scan())
    path.write_bytes(path.read_bytes()[:-100])


@scan(VOXELS, "a compressed file that was damaged in the middle", look=inside)
def damaged(path, case):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@scan(HEADER, "a file that is no image")
def web_page(path, case):
    path.write_bytes(b"<html>404 not found</html>" * 40)


@scan(HEADER, "an image of another format", names=NAMES | {"t2": "t2.mgz"})
def another_format(path, case):
    nib.save(nib.MGHImage(some_scan(), np.eye(4)), path)


@scan(HEADER, "an empty file")
def empty(path, case):
    path.write_bytes(b"")


@scan(HEADER, "several volumes in one file")
def four_dimensions(path, case):
    save(path, some_scan(shape=(*SHAPE, 2)))


@scan(HEADER, "one slice")
def one_slice(path, case):
    save(path, some_scan(shape=(8, 9, 1)))


@scan(HEADER, "an axis without voxels", names=PLAIN)
def no_voxels(path, case):
    header_only(path, (8, 0, 10))


@scan(HEADER, "a picture in colours")
def colours(path, case):
    save(path, np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")]))


@scan(HEADER, "no spatial transform")
def no_transform(path, case):
    save(path, some_scan(), sform=0, qform=0)


@scan(HEADER, "two transforms that disagree about left")
def two_transforms(path, case):
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    image.set_qform(np.diag([-1.0, 1, 1, 1]), 1)
    image.set_sform(np.eye(4), 1)
    nib.save(image, path)


def with_qform(path, qform):
    """Write a T2 whose sform is the identity and whose qform is another."""
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    image.set_sform(np.eye(4), 1)
    image.set_qform(qform, 1)
    nib.save(image, path)


@scan(HEADER, "two transforms of different voxel sizes")
def two_sizes(path, case):
    with_qform(path, np.diag([0.8, 0.8, 0.8, 1]))


@scan(HEADER, "two transforms at an angle")
def two_angles(path, case):
    cos, sin = np.cos(np.radians(5)), np.sin(np.radians(5))
    with_qform(path, [[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


@scan(HEADER, "two transforms to different places")
def two_places(path, case):
    with_qform(path, nib.affines.from_matvec(np.eye(3), [0, 12, 0]))


@scan(HEADER, "a second transform without numbers", names=PLAIN)
def nan_qform(path, case):
    save(path, some_scan())
    content = bytearray(path.read_bytes())
    content[268:272] = np.float32(np.nan).tobytes()  # qoffset_x
    path.write_bytes(content)


@scan(HEADER, "voxels that begin within the header", names=PLAIN)
def no_offset(path, case):
    save(path, some_scan())
    content = bytearray(path.read_bytes())
    content[108:112] = np.float32(0).tobytes()  # vox_offset
    path.write_bytes(content)


@scan(HEADER, "axes that are too oblique")
def oblique(path, case):
    cos, sin = np.cos(np.radians(43)), np.sin(np.radians(43))
    save(path, some_scan(9), [[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


@scan(HEADER, "axes that are not perpendicular")
def slanting(path, case):
    affine = np.eye(4)
    affine[1, 2] = 0.2
    save(path, some_scan(), affine, qform=0)


@scan(HEADER, "voxels of no size", names=PLAIN)
def no_size(path, case):
    header_only(path, SHAPE, np.diag([1.0, 0, 1, 1]))


@scan(HEADER, "voxels finer than any scanner's", names=PLAIN)
def too_fine(path, case):
    header_only(path, SHAPE, np.diag([0.001, 0.001, 0.001, 1]))


@scan(HEADER, "an origin that is no number", names=PLAIN)
def no_origin(path, case):
    affine = np.eye(4)
    affine[1, 3] = np.nan
    header_only(path, SHAPE, affine)


@scan(HEADER, "an origin far from any scanner")
def far_away(path, case):
    save(path, some_scan(), nib.affines.from_matvec(np.eye(3), [0, 1e5, 0]))


@scan(HEADER, "a qform whose voxels have no size", names=PLAIN)
def no_size_in_qform(path, case):
    save(path, some_scan(), sform=0)
    content = bytearray(path.read_bytes())
    content[84:88] = np.float32(0).tobytes()  # pixdim[2]
    path.write_bytes(content)


@scan(HEADER, "a header and an image in two files", names=NAMES | {"t2": "t2.hdr"})
def two_files(path, case):
    nib.save(nib.Nifti1Pair(some_scan(), np.eye(4)), path)
    path.with_suffix(".img").unlink()


@scan(HEADER, "more voxels than memory", names=PLAIN)
def too_many_voxels(path, case):
    header_only(path, (2000, 2000, 2000), np.diag([0.1, 0.1, 0.1, 1]))


@scan(HEADER, "a scan of more than a metre", names=PLAIN)
def too_large(path, case):
    header_only(path, (240, 240, 155), np.diag([5.0, 5, 5, 1]))


@scan(HEADER, "metres for millimetres")
def metres(path, case):
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    image.header.set_xyzt_units("meter")
    nib.save(image, path)


@scan(HEADER, "a segmentation on another grid")
def segmentation_elsewhere(path, case):
    save(case / NAMES["segmentation"], np.ones(SHAPE, np.uint8), np.diag([1.0, 1, 1.1, 1]))


@scan(HEADER, "a brain mask on another grid")
def brain_elsewhere(path, case):
    save(case / NAMES["brain_mask"], np.ones((8, 9, 11), np.uint8))


@scan(VOXELS, "NaN", inside)
def nan(path, case):
    data = some_scan().astype(np.float32)
    data[1, 1, 1] = np.nan
    save(path, data)


@scan(VOXELS, "an intensity beyond any scanner's", inside)
def too_bright(path, case):
    data = some_scan().astype(np.float32)
    data[1, 1, 1] = 1e20
    save(path, data)


@scan(VOXELS, "one value everywhere", inside)
def constant(path, case):
    save(path, np.full(SHAPE, 7, np.int16))


@scan(VOXELS, "the same voxels under two names", inside)
def same_voxels(path, case):
    save(path, some_scan(1))


@scan(VOXELS, "a segmentation with an unknown label", inside)
def unknown_label(path, case):
    save(case / NAMES["segmentation"], np.full(SHAPE, 4, np.uint8))


@scan(VOXELS, "a segmentation without a tumour", inside)
def no_tumour(path, case):
    save(case / NAMES["segmentation"], np.zeros(SHAPE, np.uint8))


@scan(VOXELS, "a brain mask of everything", inside)
def all_brain(path, case):
    save(case / NAMES["brain_mask"], np.ones(SHAPE, np.uint8))


@scan(VOXELS, "a brain mask of nothing", inside)
def no_brain(path, case):
    save(case / NAMES["brain_mask"], np.zeros(SHAPE, np.uint8))


@scan(FILES, "a modality that is missing")
def missing(path, case):
    path.rename(case / "T2w.nii.gz")


@scan(FILES, "a folder in the place of a file")
def a_folder(path, case):
    path.unlink()
    path.mkdir()


@scan(FILES, "two candidates for a modality", names=NAMES | {"t2": "t2*.nii.gz"})
def two_candidates(path, case):
    path = case / "t2.nii.gz"
    path.with_name("t2_repeat.nii.gz").write_bytes(path.read_bytes())


@scan(FILES, "one file for two modalities", names=NAMES | {"t1": "t1ce.nii.gz"})
def one_for_two(path, case):
    pass


@scan(FILES, "a segmentation by another name")
def another_name(path, case):
    (case / NAMES["segmentation"]).rename(case / "W39_Segm.nii.gz")


@scan(FILES, "a link that leads out of the cohort")
def link_out(path, case):
    path.rename(case.parent.parent / "elsewhere.nii.gz")
    path.symlink_to(case.parent.parent / "elsewhere.nii.gz")


@kind(FILES, "a row without a folder")
def no_folder(folder):
    cohort = whole_case(folder)
    (cohort / "TCGA-HT-A614").mkdir()
    return look(cohort, f"{CASE},1,0,3\nTCGA-HT_A614,1,0,3")["TCGA-HT_A614"]


@kind(FILES, "two rows with the same files")
def two_rows(folder):
    cohort = whole_case(folder)
    (cohort / "P-002").symlink_to(cohort / CASE)
    return look(cohort, f"{CASE},1,0,3\nP-002,1,0,3")["P-002"]
