"""A folder of patients: a wrong table is refused, a broken case is named, the others go on."""

import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

import check_cohort
import collect_cohort
import import_case
from glioma_uq.cohorts.cases import list_cases
from glioma_uq.cohorts.collection import (
    check_someone_is_left,
    divide_cases,
    gather_metrics,
)
from glioma_uq.cohorts.labels import LABEL_COLUMNS, RAW_COLUMNS, read_labels
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.errors import BadInput
from glioma_uq.images import is_missing, read_image
from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.quality.rows import read_rows, write_row, write_table
from glioma_uq.volumes import Manifest

COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
NAMES = {
    "t1": "T1.nii.gz",
    "t1ce": "T1CE.nii.gz",
    "t2": "T2.nii.gz",
    "flair": "FLAIR.nii.gz",
    "segmentation": "segmentation.nii.gz",
    "brain_mask": "brain_mask.nii.gz",
}
MODALITIES = ["t1", "t1ce", "t2", "flair"]
PARTS = [*MODALITIES, "segmentation", "brain_mask"]


def table_of(tmp_path, *rows, header="case,idh,1p19q,grade"):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_labels_are_read_and_an_empty_one_is_unknown(tmp_path):
    table = table_of(tmp_path, "a,1,1,2", "b,0,,4", "c,-1,0,-1")
    assert read_labels(table, COLUMNS, source="here")[1] == {
        "case": "b", "patient": "b", "session": "", "source": "here", "idh": 0, "1p19q": -1,
        "grade": 4, "idh_raw": "0", "1p19q_raw": "", "grade_raw": "4",
    }  # fmt: skip
    assert [row["grade"] for row in read_labels(table, COLUMNS)] == [2, 4, -1]


def test_columns_go_by_the_names_that_the_config_gives(tmp_path):
    table = table_of(tmp_path, "a,1,0,3,site 1", header="Patient,IDH,codel,Grade,Site")
    names = {"case": "Patient", "idh": "IDH", "1p19q": "codel", "grade": "Grade", "source": "Site"}
    assert read_labels(table, names)[0]["source"] == "site 1"


def test_a_spreadsheets_byte_order_mark_and_a_tsv_are_read(tmp_path):
    path = tmp_path / "labels.tsv"
    path.write_text("\ufeffcase\tidh\t1p19q\tgrade\na\t1\t0\t3\n", encoding="utf-8")
    assert read_labels(path, COLUMNS)[0]["case"] == "a"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "expected a row for each case, found no row in .* fill the table"),
        (["a,1,0,2", "a,1,0,2"], "expected each case once, found a 2 times"),
        (["a,2,0,2"], "idh among 0, 1, -1, n/a, NA or empty in .* found idh '2' in 1 row: name"),
        (["a,yes,0,2"], "found idh 'yes' in 1 row: name each in cohort.labels.values.idh, as"),
        (["a,1,0,1"], "expected grade among 2, 3, 4, -1, .* found grade '1' in 1 row: name"),
        (["a,0,1,3"], "IDH mutated where 1p19q is co-deleted, found case a with idh 0 and 1p19q 1"),
        (["../a,1,0,2"], "expected an id of letters, digits and .* as case in .*, found '../a'"),
        (["..,1,0,2"], "expected an id of letters, digits and .* as case in .*, found '..'"),
        (
            [",1,0,2"],
            "expected an id as case in each row of .* found none in 1 of 1 .line 2.,",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path, rows, sentence):
    with pytest.raises(BadInput, match=sentence):
        read_labels(table_of(tmp_path, *rows), COLUMNS)


def test_a_missing_column_names_the_nearest(tmp_path):
    table = table_of(tmp_path, "a,1,0,2", header="case,IDH_,1p19q,grade")
    names = COLUMNS | {"idh": "IDH"}
    with pytest.raises(BadInput, match=r"expected a column 'IDH' .*nearest: IDH_"):
        read_labels(table, names)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(BadInput, match="expected a labels table, found no file"):
        read_labels(tmp_path / "none.csv", COLUMNS)


def test_the_phantoms_cases_are_those_that_it_draws():
    options = dict(
        separation_subtype=1.0, separation_grade=1.0, small_share=0.1,
        missing={"idh": 0, "1p19q": 0, "grade": 0},
    )  # fmt: skip
    labels, _ = draw_cohort(12, 1, **options)
    listed = list_cases({"source": "phantom"}, {"cases": 12})
    assert listed == [row["case"] for row in labels]


def test_planning_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from glioma_uq.cohorts import cases, collection, labels, sources\n"
        "sources.cases_there('datasets', {'datasets': []})\n"
        "for name in ('folder', 'bids'): sources.cases_there(name, {'path': 'nowhere'})\n"
        "print({'numpy', 'nibabel', 'pandas'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert shown.stdout.strip() == "set()"


@pytest.fixture
def folder(tmp_path):
    """Two whole patients, `good` with a segmentation, `plain` without; oblique nothing."""
    rng = np.random.default_rng(0)
    for case in ("good", "plain"):
        (tmp_path / case).mkdir()
        for modality in MODALITIES:
            save(tmp_path / case / NAMES[modality], rng.integers(0, 500, (5, 6, 7)))
    save(tmp_path / "good" / NAMES["segmentation"], rng.integers(0, 4, (5, 6, 7)))
    return tmp_path


def save(path, data, dtype=np.int16, affine=None):
    affine = np.diag([-1.0, 1, 1, 1]) if affine is None else affine
    nib.save(nib.Nifti1Image(np.asarray(data, dtype), affine), path)


def source_of(folder):
    return {
        "source": "folder",
        "options": {"path": str(folder), "names": NAMES},
        "follow_links": False,
    }


def look_at(folder, on_bad_case="exclude"):
    rows = [f"{name},1,0,3" for name in ("good", "plain", "absent")]
    output = folder / "out" / "labels.csv"
    check_cohort.main(
        table={"table": table_of(folder, *rows), "columns": COLUMNS}, parts=PARTS,
        on_bad_case=on_bad_case, labels=output, **source_of(folder),
    )  # fmt: skip
    return {row["case"]: row["problem"] for row in read_rows(output)}


def bring_in(folder, case, may_lack=()):
    out = folder / "out"
    images = {name: out / case / f"{name}.nii.gz" for name in NAMES}
    import_case.main(
        case=case, modalities=MODALITIES, coding=CANONICAL, on_bad_case="exclude", images=images,
        quality=out / "row.csv", may_lack=may_lack, **source_of(folder),
    )  # fmt: skip
    return images, read_rows(out / "row.csv")[0]


def test_problems_are_found_before_any_work(folder, capsys):
    (folder / "plain" / "T2.nii.gz").unlink()
    (folder / "stranger").mkdir()
    problems = look_at(folder)
    assert problems["good"] == ""
    assert "expected T2.nii.gz in" in problems["plain"]
    assert "expected the case's folder, found no" in problems["absent"]
    assert "stranger has no row" in capsys.readouterr().out
    unlisted = check_cohort.unlisted("folder", {"path": folder}, [{"case": "good"}])
    assert unlisted == ["out", "plain", "stranger"]
    with pytest.raises(BadInput, match=r"plain: expected T2.nii.gz .*2 of 3 cases with a problem"):
        look_at(folder, on_bad_case="stop")


def test_the_texts_of_the_table_stay_beside_the_labels(folder):
    table = table_of(folder, "good,IDH1 R132H,,4.0", "plain,wt,0,3")
    values = {"idh": {"wt": 0, "IDH*": 1}, "1p19q": None, "grade": None}
    output = folder / "out" / "labels.csv"
    check_cohort.main(
        table={"table": table, "columns": COLUMNS, "values": values}, parts=PARTS,
        on_bad_case="exclude", labels=output, **source_of(folder),
    )  # fmt: skip
    first, _ = read_rows(output)
    assert {name: first[name] for name in (*LABEL_COLUMNS, *RAW_COLUMNS)} == {
        "case": "good", "patient": "good", "session": "", "source": "folder", "idh": "1",
        "1p19q": "-1", "grade": "4", "idh_raw": "IDH1 R132H", "1p19q_raw": "", "grade_raw": "4.0",
    }  # fmt: skip


def test_a_cohort_without_a_usable_case_stops_with_the_most_frequent_reason(folder, tmp_path):
    """As after a wrong cohort.folder.path: every case would go through every step as nothing."""
    for image in (folder / "good").glob("T1*"):
        image.unlink()
    empty = tmp_path / "empty"
    empty.mkdir()
    rows = [f"P-{i},1,0,3" for i in range(4)]
    arguments = {
        "table": {"table": table_of(folder, "good,1,0,3", *rows), "columns": COLUMNS},
        "parts": PARTS, "on_bad_case": "exclude", "labels": tmp_path / "labels.csv",
    }  # fmt: skip
    with pytest.raises(BadInput) as refused:
        check_cohort.main(**arguments, **source_of(folder))
    assert str(refused.value).startswith(
        "expected a case that can be used, found a problem in all 5, the most frequent in 4: "
        f"expected the case's folder, found no {folder}/P-0"
    )


def test_an_empty_file_is_a_problem(folder):
    (folder / "good" / "T1.nii.gz").write_bytes(b"")
    assert "found the empty file" in look_at(folder)["good"]


def test_a_case_is_brought_in_as_ras_with_its_labels(folder):
    images, row = bring_in(folder, "good")
    source = nib.load(folder / "good" / "T1.nii.gz")
    image = read_image(images["t1"], dtype=None)
    assert row["reason"] == ""
    assert row["t1_orientation"] == "LAS"
    assert image.data.dtype == np.int16
    np.testing.assert_array_equal(image.data, np.asarray(source.dataobj)[::-1])
    assert read_image(images["segmentation"], dtype=None).data.dtype == np.uint8
    assert images["brain_mask"].stat().st_size == 0


def test_a_case_without_segmentation_has_an_empty_one(folder):
    images, row = bring_in(folder, "plain")
    assert row["reason"] == ""
    assert images["segmentation"].stat().st_size == 0
    assert images["t1"].stat().st_size > 0


def test_a_segmentation_must_lie_on_the_t1ce_and_hold_labels(folder):
    path = folder / "good" / NAMES["segmentation"]
    save(path, np.ones((5, 6, 8)))
    reason = bring_in(folder, "good")[1]["reason"]
    assert "expected the segmentation on the grid of the T1CE" in reason
    save(path, np.full((5, 6, 7), 0.5), np.float32)
    reason = bring_in(folder, "good")[1]["reason"]
    assert "expected the labels 0, 1, 2, 3 in" in reason
    assert "found 0.5 in 210 voxels" in reason


@pytest.mark.parametrize("fault", ["nan", "flat", "broken"])
def test_a_bad_image_excludes_its_case(folder, fault):
    path = folder / "good" / "FLAIR.nii.gz"
    if fault == "broken":
        save(path, np.random.default_rng(0).integers(0, 9999, (20, 20, 20)))
        path.write_bytes(path.read_bytes()[:2000])
    else:
        save(path, np.full((5, 6, 7), np.nan if fault == "nan" else 3.0), np.float32)
    images, row = bring_in(folder, "good")
    assert "FLAIR.nii.gz" in row["reason"]
    assert {image.stat().st_size for image in images.values()} == {0}


def rows_of(**reasons):
    steps = ("correct_bias_field", "coregister", "normalise_case")
    return [
        {"case": case, "step": step, "reason": reasons[case].get(step, ""), f"{step}_x": "1"}
        for case in reasons
        for step in steps
    ]


def test_a_cohort_divides_by_the_first_reason_of_its_own():
    known = {"idh": "1", "1p19q": "0", "grade": "3"}
    labels = [
        {"case": case, "patient": case, "session": "", "source": "s", **known, "problem": problem}
        for case, problem in (("a", ""), ("b", ""), ("c", "no folder"))
    ]
    quality = rows_of(
        a={},
        b={"coregister": "no overlap", "normalise_case": "excluded at an earlier step"},
        c={"correct_bias_field": "excluded at an earlier step"},
    )
    cases, excluded = divide_cases(labels, quality)
    assert [row["case"] for row in cases] == ["a"]
    assert excluded == [
        {"case": "b", "step": "coregister", "reason": "no overlap"},
        {"case": "c", "step": "check_cohort", "reason": "no folder"},
    ]
    columns, metrics = gather_metrics(quality)
    assert columns == ["case", "correct_bias_field_x", "coregister_x", "normalise_case_x"]
    assert len(metrics) == 3


def test_a_missing_series_is_an_empty_file_that_the_row_names(folder):
    (folder / "good" / "T2.nii.gz").unlink()
    images, row = bring_in(folder, "good", may_lack=["t1", "t2"])
    assert (row["reason"], row["imputed"]) == ("", "t2")
    assert images["t2"].stat().st_size == 0
    assert not [name for name in row if name.startswith("t2_")]
    assert is_missing(images["t2"], images["t1ce"])
    assert not is_missing(images["t1"], images["t1ce"])
    assert not is_missing(images["t1ce"], images["t1ce"])


def test_a_case_without_any_series_is_excluded_and_not_imputed(folder):
    """As DICOM that could not be converted, which leaves nothing but empty files."""
    for name in MODALITIES:
        (folder / "good" / NAMES[name]).write_bytes(b"")
    images, row = bring_in(folder, "good", may_lack=["t1", "t2"])
    assert row["reason"] == "excluded at an earlier step"
    assert "imputed" not in row
    assert not is_missing(images["t2"], images["t1ce"])


def test_without_registration_cases_on_another_grid_than_most_are_excluded(tmp_path):
    """A case that was excluded before, here d, has no grid."""
    labels = [{"case": c, "patient": c, "session": "", "source": "s", "idh": 1, "1p19q": 0,
               "grade": 3, "problem": ""} for c in "abcd"]  # fmt: skip
    write_table(tmp_path / "labels.csv", list(labels[0]), labels)
    for case, shape in zip("abc", ("2 x 3 x 4", "3 x 3 x 4", "3 x 3 x 4"), strict=True):
        grid = {"voxel_mm": "1.0", "shape": shape, "template_scale": "1.0", "t1_sha256": case}
        row = {"case": case, "step": "normalise_case", "reason": "", **grid}
        write_row(tmp_path / f"normalise_case-{case}.csv", row)
    for step, reason in (("import_case", "no T2"), ("normalise_case", "excluded at an earlier")):
        row = {"case": "d", "step": step, "reason": reason}
        write_row(tmp_path / f"{step}-d.csv", row)
    paths = {name: tmp_path / f"{name}.csv" for name in ("volumes", "excluded", "metrics")}
    paths |= {"labels": tmp_path / "labels.csv", "quality": sorted(tmp_path.glob("*_case-*.csv"))}
    collect_cohort.main(**paths, on_own_grid=True)
    assert [row["case"] for row in read_rows(paths["volumes"])] == ["b", "c"]
    before, row = read_rows(paths["excluded"])
    assert (before["case"], before["reason"]) == ("d", "no T2")
    assert (row["case"], row["step"]) == ("a", "collect_cohort")
    assert "expected the grid of most cases, 3 x 3 x 4 voxels of 1 mm," in row["reason"]
    assert "found 2 x 3 x 4 voxels of 1 mm, bring it there" in row["reason"]
    with pytest.raises(BadInput, match="a: expected the grid of most cases"):
        collect_cohort.main(**paths, on_own_grid=True, on_bad_case="stop")
    with pytest.raises(BadInput, match=r"2 x 3 x 4 voxels of 1 mm in 1 \(as a\)"):
        collect_cohort.main(**paths)  # registered cases differ only where some are of a former run
    nobody = [row for row in read_rows(tmp_path / "labels.csv") if row["case"] == "d"]
    write_table(tmp_path / "labels.csv", list(nobody[0]), nobody)
    with pytest.raises(BadInput, match="found all 1 excluded .1 at import_case: no T2"):
        collect_cohort.main(**paths, on_own_grid=True)


def test_the_manifest_says_which_series_are_imputed(tmp_path):
    labels = [{"case": c, "patient": c, "session": "", "source": "s", "idh": 1, "1p19q": 0,
               "grade": 3, "problem": ""} for c in "ab"]  # fmt: skip
    write_table(tmp_path / "labels.csv", list(labels[0]), labels)
    for case, imputed in (("a", {}), ("b", {"imputed": "t1 flair"})):
        grid = {"voxel_mm": "1.0", "shape": "3 x 3 x 3", "template_scale": "1.0"}
        files = grid | {"t1_sha256": case}
        for step, found in (("import_case", imputed), ("normalise_case", files)):
            row = {"case": case, "step": step, "reason": "", **found}
            write_row(tmp_path / f"{step}-{case}.csv", row)
    paths = {name: tmp_path / f"{name}.csv" for name in ("volumes", "excluded", "metrics")}
    collect_cohort.main(
        labels=tmp_path / "labels.csv", quality=sorted(tmp_path.glob("*_case-*.csv")), **paths
    )
    manifest = Manifest(paths["volumes"])
    assert {case: manifest.imputed(case) for case in "ab"} == {"a": [], "b": ["t1", "flair"]}
    assert [row["imputed"] for row in read_rows(paths["metrics"])] == ["", "t1 flair"]


def test_a_cohort_of_nobody_is_refused():
    out = [{"case": c, "step": "coregister", "reason": "no overlap"} for c in "ab"]
    with pytest.raises(BadInput, match=r"found all 2 excluded \(2 at coregister: no overlap\)"):
        check_someone_is_left([], out)
