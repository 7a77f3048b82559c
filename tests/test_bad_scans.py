"""What becomes of a case beside its sentence (docs/bad_scans.md), and what passes."""

import nibabel as nib
import numpy as np
import pytest
from scans import (
    CASE,
    COLUMNS,
    MODALITIES,
    NAMES,
    SHAPE,
    at_the_door,
    inside,
    look,
    save,
    some_scan,
    whole_case,
)

from glioma_uq.cohorts.labels import read_labels
from glioma_uq.errors import BadCase
from glioma_uq.headers import check_header
from glioma_uq.images import read_image


@pytest.fixture
def folder(tmp_path):
    return whole_case(tmp_path)


def test_the_whole_case_has_no_problem(folder):
    row, images = inside(folder)
    assert at_the_door(folder) == row["reason"] == ""
    assert all(path.stat().st_size for path in images.values())


def test_nan_is_found_when_all_voxels_are_read_and_leaves_only_empty_files(folder):
    data = some_scan().astype(np.float32)
    data[1, 1, 1] = np.nan
    save(folder / CASE / NAMES["t2"], data)
    assert at_the_door(folder) == ""
    row, images = inside(folder)
    assert "found 1 NaN or infinite voxels" in row["reason"]
    assert {path.stat().st_size for path in images.values()} == {0}


def test_a_folder_is_no_image(folder):
    with pytest.raises(BadCase, match=f"found a folder .*{CASE}, name the file inside it"):
        check_header(folder / CASE)


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


def test_an_oblique_scan_passes_and_its_tilt_is_recorded(folder):
    cos, sin = np.cos(np.radians(30)), np.sin(np.radians(30))
    affine = np.array([[cos, -sin, 0, 0], [sin, cos, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    save(folder / CASE / NAMES["t2"], some_scan(9), affine)
    row = inside(folder)[0]
    assert (row["reason"], row["t2_tilt_deg"]) == ("", "30.0")


def test_a_segmentation_that_the_config_leaves_alone_is_no_problem(folder):
    (folder / CASE / NAMES["segmentation"]).rename(folder / CASE / "W39_Segm.nii.gz")
    assert at_the_door(folder, names=NAMES | {"segmentation": None}) == ""


def test_of_two_rows_with_the_same_files_the_first_takes_part(folder):
    (folder / "P-002").symlink_to(folder / CASE)
    problems = look(folder, f"{CASE},1,0,3\nP-002,1,0,3")
    assert (problems[CASE], problems["P-002"] != "") == ("", True)


def test_a_folder_without_a_row_is_reported_with_the_closest(folder, capsys):
    (folder / "P-0001").mkdir()
    assert look(folder) == {CASE: ""}
    assert "P-0001 has no row in" in capsys.readouterr().out
    look(folder)
    assert "is not used (closest: P-001)" in capsys.readouterr().out


def test_a_case_without_labels_takes_part_and_nothing_is_known_of_it(folder):
    (folder / "table.csv").write_text(f"case,idh,1p19q,grade\n{CASE},,,\n")
    assert read_labels(folder / "table.csv", COLUMNS)[0] | {"source": ""} == {
        "case": CASE, "patient": CASE, "session": "", "source": "", "idh": -1, "1p19q": -1,
        "grade": -1, "idh_raw": "", "1p19q_raw": "", "grade_raw": "",
    }  # fmt: skip


@pytest.mark.parametrize("case", ["P.001", "Müller-1", "患者1", "_1", "a" * 150])
def test_names_with_letters_of_any_script_pass(tmp_path, case):
    cohort = whole_case(tmp_path)
    (cohort / CASE).rename(cohort / case)
    assert look(cohort, f"{case},1,0,3") == {case: ""}
    assert set(MODALITIES) <= set(NAMES)
    assert read_image(cohort / case / NAMES["t2"]).grid.shape == SHAPE


def test_a_label_that_is_no_number_is_counted(folder):
    labels = np.zeros(SHAPE, np.float32)
    labels[2, 2, 2], labels[3, 3, 3] = 1, np.nan
    save(folder / CASE / NAMES["segmentation"], labels)
    assert "found nan in 1 voxels" in inside(folder)[0]["reason"]


@pytest.mark.parametrize(("size", "sform", "said"), [(0, 0, True), (-1, 0, True), (-1, 1, False)])
def test_sizes_of_a_qform_count_where_there_is_no_sform(folder, size, sform, said):
    """nibabel takes 0 for 1 mm, and the absolute value of others."""
    path = folder / CASE / "t2.nii"
    save(path, some_scan(9), sform=sform)
    content = bytearray(path.read_bytes())
    content[80:84] = np.float32(size).tobytes()  # pixdim[1]
    path.write_bytes(content)
    names = NAMES | {"t2": "t2.nii"}
    assert ("expected positive voxel sizes" in at_the_door(folder, names=names)) == said
