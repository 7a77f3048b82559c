"""A folder of DICOM becomes four volumes where the patient lies right, or a sentence."""

import json

import numpy as np
import pytest
from dicom_series import PLANES, write_case, write_file, write_series

import convert_case
from glioma_uq.cohorts import conversion, dicom
from glioma_uq.cohorts.dicom_files import read_header
from glioma_uq.cohorts.selection import write_series as write_table
from glioma_uq.cohorts.series import choose_series
from glioma_uq.cohorts.sources import cases_there, find_images
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.images import read_image
from glioma_uq.quality.rows import read_rows

pytest.importorskip("dcm2niix", reason="dcm2niix is installed by `make downloads`")
import pydicom
from pydicom.dataelem import RawDataElement

FOUR = ["t1", "t1ce", "t2", "flair"]


def run(
    tmp_path, modalities=FOUR, on_bad_case="exclude", reviewed=None, files=None, rules=None,
    may_lack=(),
):  # fmt: skip
    """Run the step on tmp_path/a and return the paths of what it writes."""
    out = tmp_path / "converted"
    paths = {
        "images": {name: out / f"{name}.nii.gz" for name in modalities},
        "sidecars": {name: out / f"{name}.json" for name in modalities},
        "series": out / "series.csv",
        "quality": out / "quality.csv",
    }
    convert_case.main(
        case="a", folder=tmp_path / "a", files=files, reviewed=reviewed, rules=rules or {},
        modalities=modalities, on_bad_case=on_bad_case, may_lack=may_lack, **paths,
    )  # fmt: skip
    return paths


def reason(paths):
    return read_rows(paths["quality"])[0]["reason"]


def test_four_series_are_found_among_seven_and_converted(tmp_path):
    written = write_case(tmp_path / "a")
    paths = run(tmp_path)
    assert reason(paths) == ""
    for name, (_, voxels) in written.items():
        data = read_image(paths["images"][name]).data
        assert sorted(data.ravel()) == sorted(voxels.ravel())


def test_every_series_is_in_the_table_with_a_reason(tmp_path):
    write_case(tmp_path / "a")
    rows = {row["SeriesDescription"]: row for row in read_rows(run(tmp_path)["series"])}
    assert {text: row["modality"] for text, row in rows.items() if row["modality"]} == {
        "AX T1": "t1", "AX T2": "t2", "SAG FLAIR": "flair", "AX T1 POST": "t1ce",
    }  # fmt: skip
    assert len(rows) == 7
    assert rows["LOC"]["reason"].startswith("localiser")
    assert rows["ep2d_perf"]["volumes"] == "3.0"
    assert all(row["reason"] for row in rows.values())


def test_a_modality_without_a_series_is_left_empty_where_a_case_may_lack_it(tmp_path):
    write_series(tmp_path / "a", "AX T1 POST", number=1)
    write_series(tmp_path / "a", "AX T2", number=2)
    paths = run(tmp_path, may_lack=["t1", "t2", "flair"])
    sizes = {name: path.stat().st_size for name, path in paths["images"].items()}
    assert reason(paths) == ""
    assert {name for name, size in sizes.items() if size} == {"t1ce", "t2"}
    assert paths["sidecars"]["flair"].stat().st_size == 0
    assert "expected a T1 series" in reason(run(tmp_path, may_lack=["t2", "flair"]))


@pytest.mark.parametrize("plane", ["axial", "sagittal", "coronal"])
def test_each_voxel_lies_where_the_headers_say(tmp_path, plane):
    """A voxel is found by DICOM's own equation (PS3.3 C.7.6.2.1.1) and by the NIfTI affine."""
    _, voxels = write_series(tmp_path / "a", "T1", plane=plane)
    conversion.convert(
        sorted((tmp_path / "a").glob("*")), tmp_path / "t1.nii.gz", tmp_path / "t1.json"
    )
    image = read_image(tmp_path / "t1.nii.gz")
    rows, columns, step = (np.array(axis, float) for axis in PLANES[plane])
    for i, j, k in [(0, 0, 0), (3, 5, 7), (11, 9, 13)]:
        lps = np.array([-10.0, -20.0, 30.0]) + 2.0 * i * rows + 3.0 * j * columns + 4.0 * k * step
        ras = lps * [-1, -1, 1]
        place = np.linalg.solve(image.grid.affine, [*ras, 1])[:3]
        np.testing.assert_allclose(place, np.round(place), atol=1e-3)
        assert image.data[tuple(np.round(place).astype(int))] == voxels[i, j, k]


def test_the_sidecar_keeps_the_header_and_the_same_bytes_come_twice(tmp_path):
    write_case(tmp_path / "a")
    paths = run(tmp_path)
    first = {name: path.read_bytes() for name, path in paths["images"].items()}
    facts = json.loads(paths["sidecars"]["t1"].read_text())
    assert (facts["SeriesDescription"], facts["RepetitionTime"]) == ("AX T1", 0.5)
    assert "P-1" not in str(facts)
    run(tmp_path)
    assert first == {name: path.read_bytes() for name, path in paths["images"].items()}


def test_two_patients_in_one_folder_are_refused(tmp_path):
    write_case(tmp_path / "a", "P-1")
    write_series(tmp_path / "a" / "deep", "AX T2", patient="P-2", number=30)
    paths = run(tmp_path)
    assert "expected DICOM of one patient in" in reason(paths)
    assert "found that of 2 (115 files as 1_0_0.dcm and 14 files as deep/30" in reason(paths)
    assert "P-1" not in reason(paths)
    assert all(path.stat().st_size == 0 for path in paths["images"].values())
    with pytest.raises(BadCase, match="a: expected DICOM of one patient"):
        run(tmp_path, on_bad_case="stop")


def test_no_folder_and_no_dicom_are_refused(tmp_path):
    assert "expected the case's folder, found no" in reason(run(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("no DICOM")
    assert "expected DICOM files, found none below" in reason(run(tmp_path))


def test_other_files_in_the_folder_are_passed_over(tmp_path):
    write_case(tmp_path / "a")
    (tmp_path / "a" / "notes.txt").write_text("no DICOM")
    (tmp_path / "a" / "DICOMDIR").write_bytes(b"x")
    (tmp_path / "a" / "._0001.dcm").write_bytes(b"of macOS")
    (tmp_path / "a" / "Report.PDF").write_bytes(b"")
    assert reason(run(tmp_path)) == ""


def empty(path):
    path.write_bytes(b"")


def without_preamble(path):
    path.write_bytes(path.read_bytes()[132:])


def half(path):
    path.write_bytes(path.read_bytes()[:100])


def other(path):
    path.write_bytes(b"PK\x03\x04 a zip of slices")


@pytest.mark.parametrize("damage", [empty, without_preamble, half, other])
@pytest.mark.parametrize("ending", ["", ".dcm", ".IMA", ".0001"])
def test_files_that_lost_their_header_exclude_the_case_with_their_number(tmp_path, damage, ending):
    """As an interrupted copy leaves them: the last 8 slices of a series."""
    write_case(tmp_path / "a")
    files = sorted(path for path in (tmp_path / "a").rglob("*") if path.is_file())
    for path in files[-8:]:
        damage(path)
        path.rename(path.with_suffix(ending))
    said = reason(run(tmp_path))
    first = files[-8].with_suffix(ending).relative_to(tmp_path / "a")
    assert f"found 8 files of {len(files)} without its header, as {first}, copy the case" in said


def test_a_missing_modality_is_told(tmp_path):
    write_series(tmp_path / "a", "AX T1", number=1)
    write_series(tmp_path / "a", "AX T2", number=2, slices=3)
    paths = run(tmp_path, ["t1", "t2"])
    assert "expected a T2 series, found 'AX T2' (t2, but only 3 slices" in reason(paths)
    assert [row["modality"] for row in read_rows(paths["series"])] == ["t1", ""]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"volumes": 2}, "t2, but 4-D: 2 volumes"),
        ({"skip": [5]}, "t2, but gaps between slices of 4.00 to 8.00 mm: slices are missing"),
        ({"tilt": 4}, "t2, but slices of several directions"),
        ({"ImagePositionPatient": None}, "t2, but no slice has a position"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "derived map: MPR"),
        ({"Modality": "CT"}, "CT, not MR"),
    ],
)
def test_what_is_no_even_stack_of_slices_is_not_taken(tmp_path, options, problem):
    write_series(tmp_path / "a", "AX T2", **options)
    paths = run(tmp_path, ["t2"])
    assert problem in read_rows(paths["series"])[0]["reason"]
    assert "expected a T2 series" in reason(paths)


def test_one_volume_with_a_slice_there_twice_is_not_taken(tmp_path):
    uid, _ = write_series(tmp_path / "a", "AX T2")
    again = read_header(tmp_path / "a" / "1_0_3.dcm")
    header = {name: again.get(name) for name in ("ImageOrientationPatient", "ImagePositionPatient")}
    header |= {"SeriesInstanceUID": uid, "SeriesDescription": "AX T2", "PatientID": "P-1"}
    header |= {"StudyDate": "20010101", "PixelSpacing": [2, 2], "InstanceNumber": 99}
    write_file(tmp_path / "a" / "again.dcm", header, np.ones((10, 12)))
    table, _ = dicom.read_folder(tmp_path / "a", "a")
    assert table.problem[0] == "1.07 slices for each position: slices are missing or duplicated"


def test_facts_of_a_series(tmp_path):
    write_series(tmp_path / "a", "SAG T1", plane="sagittal", gap=1.5, slices=20)
    table, files = dicom.read_folder(tmp_path / "a", "a")
    row = table.iloc[0]
    assert (row.plane, row.slices, row.volumes, row.slice_mm) == ("sagittal", 20, 1, 1.5)
    assert (row.problem, row.instances) == ("", len(files[row.SeriesInstanceUID]))


def damaged(path, name, value):
    """Write other bytes as the value of an element of a DICOM file, whatever its type asks for."""
    header = pydicom.dcmread(path)
    header[name] = RawDataElement(header[name].tag, "FD", len(value), value, 0, False, True)
    header.save_as(path)


def of_localiser(folder):
    return sorted(path for path in folder.glob("1_*"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("EchoTime", [10.0, 90.0]), ("SeriesNumber", None), ("ImageType", "LOCALIZER")],
)
def test_what_a_header_may_hold_of_a_series_that_is_not_taken_does_not_matter(
    tmp_path, name, value
):
    write_case(tmp_path / "a")
    for path in of_localiser(tmp_path / "a"):
        header = pydicom.dcmread(path)
        setattr(header, name, value)
        header.save_as(path)
    assert reason(run(tmp_path)) == ""


@pytest.mark.parametrize("name", ["SeriesDescription", "ImageOrientationPatient", "ImageType"])
def test_a_part_of_a_header_that_cannot_be_read_is_a_problem_of_its_series_alone(tmp_path, name):
    write_case(tmp_path / "a")
    damaged(of_localiser(tmp_path / "a")[0], name, b"12345")
    paths = run(tmp_path)
    assert reason(paths) == ""
    problems = [row["problem"] for row in read_rows(paths["series"]) if row["problem"]]
    assert "expected DICOM, found that" in problems[0]
    assert "1_0_0.dcm cannot be read" in problems[0]


def test_a_part_of_a_header_that_cannot_be_read_excludes_the_case_that_needs_it(tmp_path):
    write_series(tmp_path / "a", "AX T2")
    damaged(tmp_path / "a" / "1_0_3.dcm", "ImagePositionPatient", b"12345")
    assert "1_0_3.dcm cannot be read" in reason(run(tmp_path, ["t2"]))


def test_a_header_with_too_few_numbers_for_a_place_is_a_problem_of_its_series(tmp_path):
    write_series(tmp_path / "a", "AX T2", ImagePositionPatient=[1.0, 2.0])
    sentence = "expected 3 numbers as ImagePositionPatient, found (1.0, 2.0) in"
    assert sentence in reason(run(tmp_path, ["t2"]))


def test_a_file_that_does_not_say_its_series_excludes_the_case_and_is_named(tmp_path):
    write_case(tmp_path / "a")
    damaged(of_localiser(tmp_path / "a")[0], "SeriesInstanceUID", b"12345")
    assert "1_0_0.dcm cannot be read" in reason(run(tmp_path))


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("patient", [None, "", b"12345"])
def test_a_series_that_names_no_patient_is_not_taken_and_does_not_matter(tmp_path, number, patient):
    write_case(tmp_path / "a")
    for path in (tmp_path / "a").glob(f"{number}_*"):
        header = pydicom.dcmread(path)
        del header.PatientName
        header.PatientID = patient if isinstance(patient, str) else None
        header.save_as(path)
        if isinstance(patient, bytes):
            damaged(path, "PatientID", patient)
    names_none = "t1, but it names no patient, as other series of the case do"
    assert (names_none in reason(run(tmp_path))) == (number == 2)
    assert (reason(run(tmp_path)) == "") == (number == 1)


def test_a_series_with_the_name_alone_is_of_the_patient_of_that_name(tmp_path):
    write_case(tmp_path / "a")
    for path in (tmp_path / "a").glob("*.dcm"):
        header = pydicom.dcmread(path)
        header.PatientName = "Doe^J"
        if path.name.startswith("1_"):
            del header.PatientID
        header.save_as(path)
    assert reason(run(tmp_path)) == ""


@pytest.mark.parametrize("error", [TypeError, IndexError, NotImplementedError, RecursionError])
def test_whatever_pydicom_raises_on_a_file_names_it(tmp_path, monkeypatch, error):
    def fail(*arguments, **options):
        raise error("damaged")

    write_series(tmp_path / "a", "AX T2")
    monkeypatch.setattr(pydicom, "dcmread", fail)
    assert "1_0_0.dcm cannot be read (damaged), copy the case again" in reason(run(tmp_path))


@pytest.mark.filterwarnings("ignore")  # of pydicom, about every value
def test_headers_of_any_bytes_are_read_or_refused(tmp_path):
    """One slice of two with some bytes changed, and every table that follows from it."""
    write_series(tmp_path / "a", "AX T2", slices=2, ContrastBolusAgent="Gd", ProtocolName="x")
    path = tmp_path / "a" / "1_0_0.dcm"
    whole, rng = path.read_bytes()[:1000], np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        content = np.frombuffer(whole, np.uint8).copy()
        content[rng.integers(128, len(content), 5)] = rng.choice([0, 10, 13, 27, 92, 255], 5)
        path.write_bytes(content.tobytes())
        try:
            table, _ = dicom.read_folder(tmp_path / "a", "a")
        except BadCase as refusal:
            outcomes.add(str(refusal).partition(" cannot ")[0])
            continue
        chosen = choose_series(table, ["t2"])
        write_table(tmp_path / "series.csv", chosen)
        assert [row["reason"] for row in read_rows(tmp_path / "series.csv")] == list(chosen.reason)
        outcomes.add(chosen.problem[0] or "none")
    assert {"none", f"expected DICOM, found that {path}"} <= outcomes


def with_position(path, z):
    header = pydicom.dcmread(path)
    header.ImagePositionPatient = [*header.ImagePositionPatient[:2], z]
    header.save_as(path)


def spread(folder, gaps, **options):
    """Write a T2 whose slices have these gaps in mm; return its reason in the table of series."""
    write_series(folder / "a", "AX T2", slices=len(gaps) + 1, **options)
    for k, z in enumerate(np.cumsum([30.0, *gaps])):
        with_position(folder / "a" / f"1_0_{k}.dcm", round(float(z), 4))
    return run(folder, ["t2"])


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("percent", [1, 3, 4.5, 5, 8, 10, 14, 18, 25, 45])
def test_a_gap_that_dcm2niix_cannot_write_is_told_before(tmp_path, signed, percent):
    """One wider gap among thirteen of 4 mm: dcm2niix fails, or resamples, from 0.2 mm on."""
    gaps = [4.0] * 6 + [4.0 + 0.04 * percent] + [4.0] * 6
    paths = spread(tmp_path, gaps, PixelRepresentation=signed)
    if percent < 4.8:
        assert reason(paths) == ""
        assert read_image(paths["images"]["t2"]).grid.voxel_sizes[2] == pytest.approx(4, rel=0.02)
        return
    widest = f"gaps between slices of 4.00 to {max(gaps):.2f} mm: too uneven for one volume"
    assert widest in reason(paths)
    assert paths["images"]["t2"].stat().st_size == 0


@pytest.mark.parametrize("percent", [1, 5, 10, 18])
@pytest.mark.parametrize("place", [0, 38])
def test_no_volume_is_as_long_as_its_first_gap_says(tmp_path, percent, place):
    """39 gaps of 1 mm: dcm2niix takes the first for all, and would make a head 18 % longer."""
    gaps = [1.0] * 39
    gaps[place] += percent / 100
    paths = spread(tmp_path, gaps)
    if percent == 1:
        assert read_image(paths["images"]["t2"]).grid.voxel_sizes[2] == pytest.approx(1, rel=0.02)
    else:
        assert f"1.00 to {max(gaps):.2f} mm: too uneven for one volume" in reason(paths)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.19, 0.3])
def test_gaps_that_differ_all_over_are_a_volume_or_told_before(tmp_path, share):
    gaps = 1.0 + share * np.random.default_rng(0).uniform(-0.5, 0.5, 39)
    paths = spread(tmp_path, gaps)
    if not reason(paths):
        spacing = read_image(paths["images"]["t2"]).grid.voxel_sizes[2]
        assert spacing == pytest.approx(gaps.mean(), rel=0.02)
    else:
        assert "too uneven for one volume" in reason(paths)
    assert (reason(paths) == "") == (share < 0.1)


@pytest.mark.parametrize("text", [b"T2 \x1b$B@\x1b(B\x07", b"T2 \xfcber\tquer"])
def test_any_text_of_a_header_in_a_sidecar_keeps_the_case(tmp_path, monkeypatch, text):
    """dcm2niix copies control characters and bytes that are no UTF-8 as they are."""
    sidecar = tmp_path / "series.json"
    sidecar.write_bytes(b'{"SeriesDescription": "' + text + b'", "EchoTime": 0.09, "Name": "x"}')
    facts = conversion._facts_in(sidecar)
    assert (facts["EchoTime"], facts["SeriesDescription"][:3]) == (0.09, "T2 ")
    assert "Name" not in facts


@pytest.mark.parametrize("text", ["{", "3", "", "[1]"])
def test_a_sidecar_that_is_none_is_a_bad_case(tmp_path, text):
    (tmp_path / "series.json").write_text(text)
    with pytest.raises(BadCase, match="expected a sidecar in JSON, found that dcm2niix wrote none"):
        conversion._facts_in(tmp_path / "series.json")


@pytest.mark.parametrize(
    ("work", "error", "sentence"),
    [
        ("kill -9 $$", MemoryError, "dcm2niix was killed, request more memory"),
        ("kill -11 $$", BadCase, "found neither and the exit code -11 .it may use 4 GiB"),
        ("kill -6 $$", BadCase, "found neither and the exit code -6 .it may use 4 GiB"),
        ("printf 'Error: \\374\\n'; exit 2", BadCase, r"exit code 2 .Error: .xfc., name another"),
        ("exit 0", BadCase, "found neither and the exit code 0 .without a message"),
        (">series.nii", BadCase, "found series.nii and the exit code 0"),
        (
            ">series.nii; >series.json; exit 1",
            BadCase,
            "series.json series.nii and the exit",
        ),
        (">series.nii; >series.json; >series_Eq_1.nii", BadCase, "series_Eq_1.nii and"),
        (
            ">series_ph.nii; >series_ph.json",
            BadCase,
            "found series_ph.json series_ph.nii",
        ),
        (">series_real.nii; >series_real.json", BadCase, "found series_real.json"),
        (">series_ROI1.nii; >series_ROI1.json", BadCase, "found series_ROI1.json"),
        (
            ">series.nii; >series.json",
            BadCase,
            "series.json series.nii and the exit code 0",
        ),
        (
            "echo >series.nii; >series.json",
            BadCase,
            "dcm2niix's series.nii cannot be read",
        ),
        (
            "echo >series_e2.nii; >series_e2.json",
            BadCase,
            "dcm2niix's series_e2.nii cann",
        ),
        ("echo Warning: $from/000000.dcm; exit 3", BadCase, "Warning: 000000.dcm"),
        ("echo Warning: $(ulimit -v) kB; exit 3", BadCase, "Warning: 4194304 kB"),
    ],
)
def test_dcm2niix_that_fails_says_how(tmp_path, monkeypatch, work, error, sentence):
    command = tmp_path / "dcm2niix"
    command.write_text(f'#!/bin/sh\ncd "${{10}}"; from="${{11}}"\n{work}\n')
    command.chmod(0o755)
    monkeypatch.setattr("dcm2niix.bin", str(command))
    with pytest.raises(error, match=sentence):
        conversion.convert([], tmp_path / "t2.nii.gz", tmp_path / "t2.json")


def test_an_enhanced_file_counts_by_its_frames():
    """One file of an enhanced series holds all slices, their directions in shared groups."""
    shared, turn = pydicom.Dataset(), pydicom.Dataset()
    turn.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = [turn]
    frames = []
    for z in range(20):
        frame, place = pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = [0, 0, 2.0 * z]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    header = pydicom.Dataset()
    header.SharedFunctionalGroupsSequence = [shared]
    header.PerFrameFunctionalGroupsSequence = frames
    header.filename = "enhanced.dcm"
    facts = dicom.describe([header])
    assert (facts["slices"], facts["volumes"], facts["slice_mm"]) == (20, 1, 2.0)
    assert facts["instances"] == 1


def test_a_reviewed_table_decides(tmp_path):
    write_series(tmp_path / "a", "AX T2", number=1)
    uid, voxels = write_series(tmp_path / "a", "odd name", number=2, seed=5)
    reviewed = tmp_path / "mine.csv"
    reviewed.write_text(f"case,modality,SeriesInstanceUID\na,t2,{uid}\na,,1.9\n")
    paths = run(tmp_path, ["t2"], reviewed=reviewed)
    assert reason(paths) == ""
    assert sorted(read_image(paths["images"]["t2"]).data.ravel()) == sorted(voxels.ravel())
    rows = {row["SeriesDescription"]: row for row in read_rows(paths["series"])}
    assert rows["AX T2"]["reason"] == "not in the table of series"
    assert "1.9" in [row["SeriesInstanceUID"] for row in read_rows(paths["series"])]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["b,t2,1.2"], "expected series of a in .*mine.csv, found no row, add one for each series"),
        (["a,t2,1.2"], "expected the series 1.2 as t2, found no files"),
        (["a,t2,{uid}", "a,t2,{uid}"], "expected one series as t2, found 2"),
    ],
)
def test_a_reviewed_table_that_is_wrong_is_told(tmp_path, lines, sentence):
    uid, _ = write_series(tmp_path / "a", "AX T2")
    reviewed = tmp_path / "mine.csv"
    text = "\n".join(["case,modality,SeriesInstanceUID", *lines]).format(uid=uid)
    reviewed.write_text(text)
    with pytest.raises(BadCase, match=sentence):
        run(tmp_path, ["t2"], reviewed=reviewed, on_bad_case="stop")


def test_a_reviewed_series_must_be_a_stack_too(tmp_path):
    uid, _ = write_series(tmp_path / "a", "AX T2", volumes=2)
    reviewed = tmp_path / "mine.csv"
    reviewed.write_text(f"case,modality,SeriesInstanceUID\na,t2,{uid}\n")
    paths = run(tmp_path, ["t2"], reviewed=reviewed)
    assert "expected one stack of evenly spaced slices as t2, found 4-D: 2 volumes" in reason(paths)


def test_a_table_without_its_columns_is_refused(tmp_path):
    write_series(tmp_path / "a", "AX T2")
    (tmp_path / "mine.csv").write_text("case,series\na,1\n")
    with pytest.raises(BadInput, match=r"expected a column modality in .*, found case, series"):
        run(tmp_path, ["t2"], reviewed=tmp_path / "mine.csv")


def test_a_case_whose_transfer_failed_is_left_empty(tmp_path):
    (tmp_path / "files.csv").write_bytes(b"")
    paths = run(tmp_path, files=tmp_path / "files.csv")
    assert reason(paths) == "excluded at an earlier step"
    assert all(path.stat().st_size == 0 for path in paths["images"].values())


def test_a_case_at_the_door(tmp_path):
    write_series(tmp_path / "a", "AX T2")
    assert find_images("dicom", {"path": tmp_path}, "a", FOUR) == {}
    assert cases_there("dicom", {"path": tmp_path}) == ["a"]
    assert cases_there("idc", {"collection": "upenn_gbm"}) == []
    with pytest.raises(BadCase, match="expected the case's folder, found no"):
        find_images("dicom", {"path": tmp_path}, "b", FOUR)
