"""Bad input to a cohort, kind by kind: each is refused with a sentence, and nobody else stops.

`at_the_door` is what check_cohort says from headers alone; `inside` is what import_case says
once it has read every voxel.
"""

import errno
import os
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import check_cohort
import import_case
from glioma_uq.cohorts import read_labels
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.headers import check_header
from glioma_uq.images import Grid, read_image, write_image
from glioma_uq.quality import one_case, read_rows

CASE = "P-001"
COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
MODALITIES = ["t1", "t1ce", "t2", "flair"]
PARTS = [*MODALITIES, "segmentation", "brain_mask"]
NAMES = {part: f"{part}.nii.gz" for part in PARTS}
SHAPE = (8, 9, 10)


def some_scan(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).integers(1, 900, shape).astype(np.int16)


def save(path, data, affine=None, sform=1, qform=1):
    """Write a NIfTI file with the given codes, int16 or as the array is."""
    image = nib.Nifti1Image(np.asarray(data), np.eye(4) if affine is None else affine)
    image.set_sform(image.affine, sform)
    image.set_qform(image.affine, qform)
    nib.save(image, path)


def header_only(path, shape, affine=None):
    """Write a file whose header promises a volume that is not there."""
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header.set_sform(np.eye(4) if affine is None else affine, 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    path.write_bytes(header.binaryblock + bytes(4))


@pytest.fixture
def folder(tmp_path):
    """A cohort of one whole case with four scans, a segmentation and a brain mask."""
    place = tmp_path / "cohort" / CASE
    place.mkdir(parents=True)
    for seed, modality in enumerate(MODALITIES):
        save(place / NAMES[modality], some_scan(seed))
    tumour = np.zeros(SHAPE, np.uint8)
    tumour[2:5, 2:5, 2:5], tumour[3, 3, 3] = 2, 3
    save(place / NAMES["segmentation"], tumour)
    brain = np.zeros(SHAPE, np.uint8)
    brain[1:7, 1:7, 1:7] = 1
    save(place / NAMES["brain_mask"], brain)
    return tmp_path / "cohort"


def source_of(folder, names=NAMES, follow_links=False):
    options = {"path": str(folder), "names": names}
    return {"source": "folder", "options": options, "follow_links": follow_links}


def look(folder, rows=f"{CASE},1,0,3", **source):
    """Run check_cohort on a table of `rows` and return {case: problem}."""
    table, labels = folder.parent / "table.csv", folder.parent / "labels.csv"
    table.write_text(f"case,idh,1p19q,grade\n{rows}\n")
    check_cohort.main(
        table={"table": table, "columns": COLUMNS}, parts=PARTS, on_bad_case="exclude",
        labels=labels, **source_of(folder, **source),
    )  # fmt: skip
    return {row["case"]: row["problem"] for row in read_rows(labels)}


def at_the_door(folder, **source):
    return look(folder, **source)[CASE]


def inside(folder):
    """Run both steps; return (the row of import_case, {part: path of what it wrote})."""
    look(folder)
    out = folder.parent / "raw"
    images = {part: out / f"{part}.nii.gz" for part in PARTS}
    import_case.main(
        case=CASE, labels=folder.parent / "labels.csv", modalities=MODALITIES, coding=CANONICAL,
        on_bad_case="exclude", images=images, quality=out / "row.csv", **source_of(folder),
    )  # fmt: skip
    return read_rows(out / "row.csv")[0], images


def test_the_whole_case_has_no_problem(folder):
    row, images = inside(folder)
    assert at_the_door(folder) == row["reason"] == ""
    assert (row["et_mm3"], row["tc_mm3"], row["wt_mm3"]) == ("1.0", "1.0", "27.0")
    assert all(path.stat().st_size for path in images.values())


# Files that are no image, or not a whole one.


def test_a_truncated_gzip_is_found_at_the_door(folder):
    path = folder / CASE / NAMES["t2"]
    path.write_bytes(path.read_bytes()[:700])
    assert "t2.nii.gz breaks off" in at_the_door(folder)


def test_a_truncated_plain_file_is_found_at_the_door(folder):
    path = folder / CASE / "plain.nii"
    save(path, some_scan())
    path.write_bytes(path.read_bytes()[:-100])
    assert "plain.nii breaks off" in at_the_door(folder, names=NAMES | {"t2": "plain.nii"})


def test_what_is_not_nifti_is_named(folder):
    (folder / CASE / NAMES["t2"]).write_bytes(b"<html>404 not found</html>" * 40)
    assert "expected a NIfTI image, found that" in at_the_door(folder)
    nib.save(nib.MGHImage(some_scan(), np.eye(4)), folder / CASE / "t2.mgz")
    problem = at_the_door(folder, names=NAMES | {"t2": "t2.mgz"})
    assert "expected a NIfTI image, found MGHImage in" in problem


def test_an_empty_file_is_named(folder):
    (folder / CASE / NAMES["t2"]).write_bytes(b"")
    assert "expected an image, found the empty file" in at_the_door(folder)


def test_a_folder_in_the_place_of_a_file_is_no_file(folder):
    path = folder / CASE / NAMES["t2"]
    path.unlink()
    path.mkdir()
    assert "expected t2.nii.gz in" in at_the_door(folder)
    with pytest.raises(BadCase, match="found a folder .*t2.nii.gz, name the file inside it"):
        check_header(path)


# Shapes and numbers.


def test_four_dimensions_are_refused(folder):
    save(folder / CASE / NAMES["t2"], some_scan(shape=(*SHAPE, 2)))
    assert "expected one 3-D volume, found shape (8, 9, 10, 2)" in at_the_door(folder)


def test_an_axis_of_no_voxels_is_refused(folder):
    header_only(folder / CASE / "t2.nii", (8, 0, 10))
    problem = at_the_door(folder, names=NAMES | {"t2": "t2.nii"})
    assert "expected one 3-D volume, found shape (8, 0, 10)" in problem


def test_one_slice_is_no_volume(folder):
    save(folder / CASE / NAMES["t2"], some_scan(shape=(8, 9, 1)))
    assert "expected 4 voxels or more on each axis, found shape (8, 9, 1)" in at_the_door(folder)


def test_a_picture_in_colours_is_refused(folder):
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    save(folder / CASE / NAMES["t2"], colours)
    assert "expected one number in each voxel, found" in at_the_door(folder)


def test_nan_is_found_when_all_voxels_are_read(folder):
    data = some_scan().astype(np.float32)
    data[1, 1, 1] = np.nan
    save(folder / CASE / NAMES["t2"], data)
    assert at_the_door(folder) == ""
    row, images = inside(folder)
    assert "expected finite intensities, found 1 NaN or infinite voxels" in row["reason"]
    assert {path.stat().st_size for path in images.values()} == {0}


def test_a_constant_image_is_refused(folder):
    save(folder / CASE / NAMES["t2"], np.full(SHAPE, 7, np.int16))
    assert "expected an image, found the value 7 in every voxel" in inside(folder)[0]["reason"]


# Geometry.


def test_no_spatial_transform_is_refused(folder):
    save(folder / CASE / NAMES["t2"], some_scan(), sform=0, qform=0)
    assert "found that both codes are 0 in" in at_the_door(folder)


def test_sform_and_qform_that_disagree_about_left_are_refused(folder):
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    image.set_qform(np.diag([-1.0, 1, 1, 1]), 1)
    image.set_sform(np.eye(4), 1)
    nib.save(image, folder / CASE / NAMES["t2"])
    assert "sform and qform to agree, found axes RAS and LAS in" in at_the_door(folder)


@pytest.mark.parametrize("axes", ["LAS", "LPS", "ASR", "PIR", "ILA"])
def test_any_order_and_direction_of_axes_is_turned_to_ras_and_recorded(folder, axes):
    """The voxel at every place of the world is the same as before."""
    turn = nib.orientations.axcodes2ornt(axes)
    ras = nib.Nifti1Image(some_scan(2), np.diag([1.0, 2, 3, 1]))
    turned = ras.as_reoriented(nib.orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], turn))
    nib.save(turned, folder / CASE / NAMES["t2"])
    row, images = inside(folder)
    assert row["reason"] == ""
    assert row["t2_orientation"] == axes
    read = read_image(images["t2"], dtype=None)
    np.testing.assert_array_equal(read.data, some_scan(2))
    np.testing.assert_allclose(read.grid.affine, ras.affine)
    np.testing.assert_allclose(check_header(folder / CASE / NAMES["t2"]).affine, ras.affine)


@pytest.mark.parametrize(("degrees", "passes"), [(30, True), (43, False)])
def test_an_oblique_scan_passes_and_an_unclear_one_does_not(folder, degrees, passes):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine = np.array([[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    save(folder / CASE / NAMES["t2"], some_scan(9), affine)
    if passes:
        row = inside(folder)[0]
        assert (row["reason"], row["t2_tilt_deg"]) == ("", "30.0")
    else:
        assert "axes within 40 degrees of the patient's, found 43" in at_the_door(folder)


def test_slanting_axes_are_refused(folder):
    affine = np.eye(4)
    affine[1, 2] = 0.2
    save(folder / CASE / NAMES["t2"], some_scan(), affine, qform=0)
    assert "expected perpendicular axes, found a cosine of 0.20" in at_the_door(folder)


def test_a_voxel_of_no_size_is_refused(folder):
    header_only(folder / CASE / "t2.nii", SHAPE, np.diag([1.0, 0, 1, 1]))
    problem = at_the_door(folder, names=NAMES | {"t2": "t2.nii"})
    assert "expected positive voxel sizes, found [1. 0. 1.] mm" in problem


@pytest.mark.parametrize(
    ("shape", "size_mm", "sentence"),
    [
        ((2000, 2000, 2000), 0.1, "expected at most 268435456 voxels, found shape (2000,"),
        ((240, 240, 155), 5.0, "a scan of at most 1000 mm, found voxels of 5 x 5 x 5 mm and"),
    ],
)
def test_a_huge_image_is_refused_before_it_takes_memory(folder, shape, size_mm, sentence):
    header_only(folder / CASE / "t2.nii", shape, np.diag([size_mm] * 3 + [1]))
    assert sentence in at_the_door(folder, names=NAMES | {"t2": "t2.nii"})


def test_metres_are_not_millimetres(folder):
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    image.header.set_xyzt_units("meter")
    nib.save(image, folder / CASE / NAMES["t2"])
    assert "found voxels of 1 x 1 x 1 metres" in at_the_door(folder)


def test_damaged_headers_raise_nothing_but_sentences(tmp_path):
    """Five hundred headers with random bytes: each passes or is refused, none is a crash."""
    rng, path = np.random.default_rng(0), tmp_path / "a.nii"
    save(path, some_scan())
    whole, refused = path.read_bytes(), 0
    for _ in range(500):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(0, 348, 6)] = rng.integers(0, 256, 6)
        path.write_bytes(damaged.tobytes())
        try:
            check_header(path)
        except BadCase as error:
            refused += str(error).startswith("expected ")
    assert refused > 100


# Which file is which.


def test_a_missing_modality_names_the_nearest_file(folder):
    (folder / CASE / NAMES["t2"]).rename(folder / CASE / "T2w.nii.gz")
    problem = at_the_door(folder)
    assert "expected t2.nii.gz in" in problem
    assert "(nearest: T2w.nii.gz), add or rename it" in problem


def test_two_candidates_for_one_modality_are_both_named(folder):
    save(folder / CASE / "t2_repeat.nii.gz", some_scan())
    problem = at_the_door(folder, names=NAMES | {"t2": "t2*.nii.gz"})
    assert "expected one file for t2 in" in problem
    assert "found t2.nii.gz and t2_repeat.nii.gz, remove one or narrow" in problem


def test_one_file_for_two_modalities_is_refused(folder):
    problem = at_the_door(folder, names=NAMES | {"t1": "t1ce.nii.gz"})
    assert "expected a file each for t1 and t1ce, found" in problem


def test_the_same_voxels_under_two_names_are_refused(folder):
    save(folder / CASE / NAMES["t1"], some_scan(1))
    assert "found the same voxels as t1 in" in inside(folder)[0]["reason"]


def test_two_rows_for_the_same_files_are_refused(folder):
    (folder / "P-002").symlink_to(folder / CASE)
    problems = look(folder, f"{CASE},1,0,3\nP-002,1,0,3")
    assert problems[CASE] == ""
    assert "expected images of its own, found that" in problems["P-002"]
    assert f"is also that of {CASE}, keep one row for each patient" in problems["P-002"]


# Segmentations and brain masks.


@pytest.mark.parametrize("part", ["segmentation", "brain_mask"])
def test_a_mask_on_another_grid_is_found_at_the_door(folder, part):
    save(folder / CASE / NAMES[part], np.ones(SHAPE, np.uint8), np.diag([1.0, 1, 1.1, 1]))
    assert f"expected the {part} on the grid of the T1CE" in at_the_door(folder)


def test_a_mask_with_unknown_labels_is_refused(folder):
    save(folder / CASE / NAMES["segmentation"], np.full(SHAPE, 4, np.uint8))
    reason = inside(folder)[0]["reason"]
    assert "expected the labels 0, 1, 2, 3 in" in reason
    assert "found 4 in 720 voxels" in reason


def test_an_empty_mask_is_refused(folder):
    save(folder / CASE / NAMES["segmentation"], np.zeros(SHAPE, np.uint8))
    assert "expected a tumour in the segmentation, found no voxel" in inside(folder)[0]["reason"]


@pytest.mark.parametrize(("value", "found"), [(0, "no"), (1, "every")])
def test_a_brain_mask_of_nothing_or_everything_is_refused(folder, value, found):
    save(folder / CASE / NAMES["brain_mask"], np.full(SHAPE, value, np.uint8))
    assert f"expected a brain mask, found {found} voxel" in inside(folder)[0]["reason"]


def test_a_segmentation_by_another_name_is_not_lost_in_silence(folder):
    (folder / CASE / NAMES["segmentation"]).rename(folder / CASE / "W39_Segm.nii.gz")
    problem = at_the_door(folder)
    assert "expected the segmentation as segmentation.nii.gz" in problem
    assert "found W39_Segm.nii.gz" in problem
    assert at_the_door(folder, names=NAMES | {"segmentation": None}) == ""


# The labels table.


def read(folder, rows):
    table = folder.parent / "table.csv"
    table.write_text(f"case,idh,1p19q,grade\n{rows}\n")
    return read_labels(table, COLUMNS)


def test_a_folder_without_a_row_is_reported_with_the_closest(folder, capsys):
    (folder / "P-0001").mkdir()
    assert look(folder) == {CASE: ""}
    assert "P-0001 is there but in no row of" in capsys.readouterr().out
    look(folder)
    assert "takes no part (closest: P-001)" in capsys.readouterr().out


def test_a_row_without_a_folder_says_which_is_closest(folder):
    (folder / "TCGA-HT-A614").mkdir()
    problem = look(folder, f"{CASE},1,0,3\nTCGA-HT_A614,1,0,3")["TCGA-HT_A614"]
    assert "expected the case's folder, found no" in problem
    assert problem.endswith("add it or remove its row (closest: TCGA-HT-A614)")


def test_a_case_without_labels_takes_part_and_nothing_is_known_of_it(folder):
    assert read(folder, f"{CASE},,,")[0] | {"source": ""} == {
        "case": CASE, "source": "", "idh": -1, "1p19q": -1, "grade": -1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("a,1,0,2\nb,0,0,4\na,1,0,2", "expected each case once, found a 2 times in .*table.csv"),
        ("a,0,1,3", "IDH mutated where 1p19q is co-deleted, found case a with idh 0 and 1p19q 1"),
        ("a,1,0,1", "expected grade of case a to be one of 2, 3, 4, -1 or empty, found '1'"),
        ("../a,1,0,2", "expected the name of a folder as case, found '../a'"),
        ("a/b,1,0,2", "expected the name of a folder as case, found 'a/b'"),
    ],
)
def test_a_table_that_cannot_be_is_refused(folder, rows, sentence):
    with pytest.raises(BadInput, match=sentence):
        read(folder, rows)


# Places and the machine.


def test_a_link_out_of_the_cohorts_folder_is_followed_on_request_only(folder):
    outside = folder.parent / "elsewhere.nii.gz"
    (folder / CASE / NAMES["t2"]).rename(outside)
    (folder / CASE / NAMES["t2"]).symlink_to(outside)
    problem = at_the_door(folder)
    assert f"expected the images of {CASE} inside {folder}, found that" in problem
    assert f"leads to {outside}, copy it there or set cohort.follow_links: true" in problem
    assert at_the_door(folder, follow_links=True) == ""


def test_a_name_that_climbs_out_of_the_cohorts_folder_is_refused(folder):
    save(folder.parent / "secret.nii.gz", some_scan())
    problem = at_the_door(folder, names=NAMES | {"t2": "../../secret.nii.gz"})
    assert f"expected the images of {CASE} inside" in problem


@pytest.fixture
def nobody():
    """A folder that all may read, and no more rights than nobody has for the test's duration."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        user = os.geteuid()
        yield Path(place), lambda: os.seteuid(65534) if user == 0 else None
        os.seteuid(user)
        for path in Path(place).rglob("*"):
            path.chmod(0o755)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_or_folder_that_may_not_be_read_is_named(nobody, what):
    place, become_nobody = nobody
    (place / CASE).mkdir()
    for seed, modality in enumerate(MODALITIES):
        save(place / CASE / NAMES[modality], some_scan(seed))
    options = source_of(place)["options"]

    def problem_now():
        return check_cohort.find_problem(
            "folder", options, CASE, PARTS, False, strangers=[], owners={}
        )

    assert problem_now() == ""
    (place / CASE / NAMES["t1"] if what == "file" else place / CASE).chmod(0)
    become_nobody()
    problem = problem_now()
    assert "expected the right to read" in problem
    assert "change its permissions" in problem


def test_a_full_disk_stops_the_run_and_leaves_no_half_file(tmp_path):
    """The kernel's own full device stands in the place of the temporary file."""
    path, row = tmp_path / "a.nii.gz", tmp_path / "row.csv"
    (tmp_path / f".{os.getpid()}.a.nii.gz").symlink_to("/dev/full")
    with (
        pytest.raises(OSError, match="expected room for .*a.nii.gz, found the disk full") as raised,
        one_case(CASE, "import_case", quality=row, outputs=[path], on_bad_case="exclude"),
    ):
        write_image(path, some_scan(), Grid(SHAPE, np.eye(4)))
    assert raised.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
