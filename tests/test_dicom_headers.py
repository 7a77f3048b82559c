"""Whatever a header holds is a problem of its series alone, and a series not taken does not matter.

Each example writes other values into one tag of all files of one series of a small case.
"""

import shutil
import struct
import warnings

import pytest

pytest.importorskip("dcm2niix", reason="dcm2niix is installed by `make downloads`")
pytest.importorskip("hypothesis", reason="hypothesis is installed by `make test`")

import pydicom
from dicom_series import write_series
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword

import convert_case
from glioma_uq.cohorts.dicom import read_folder
from glioma_uq.cohorts.dicom_files import HEADER_TAGS
from glioma_uq.cohorts.selection import taken
from glioma_uq.cohorts.selection import write_series as write_table
from glioma_uq.cohorts.series import choose_series
from glioma_uq.errors import BadCase
from glioma_uq.quality.rows import read_rows

RULES = {"fewest_slices": 3}
FOUR = ["t1", "t1ce", "t2", "flair"]
DESCRIPTIONS = {"t1": "AX T1", "t2": "AX T2", "flair": "AX FLAIR", "t1ce": "AX T1 POST"}
# Which cases belong to one patient, and which file to which series, is of the whole folder.
OF_THE_FOLDER = ("PatientID", "PatientName", "SeriesInstanceUID")
OF_DCM2NIIX = [
    "PixelSpacing", "BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation",
    "InstanceNumber", "SpecificCharacterSet", "StudyTime", "Manufacturer", "RescaleSlope",
    "RescaleIntercept", "SequenceName", "ScanningSequence", "PatientPosition", "SOPClassUID",
]  # fmt: skip
TAGS = [*HEADER_TAGS, *OF_DCM2NIIX]
TYPES = ["LO", "DS", "IS", "UI", "FD", "US", "OB", "UN", "SQ", "AT", "PN", "DA", "TM"]
LONG_TYPES = ("OB", "UN", "SQ")  # with four bytes for the length
TEXTS = [
    b"", b" ", b"\\", b"1\\2", b"1\\2\\3\\4\\5\\6", b"nan", b"inf", b"1e999", b"-1", b"1e308\\1\\1",
    b"NONE", b"x" * 70, b"T1 " * 20000, b"\x1b$B;3ED\x1b(B", b"\xc9\xbd\xbf\xbc", b"\xff\xfe\x00",
    b"ISO_IR 999", b"ISO 2022 IR 87", b"GB18030", b"\\ISO 2022 IR 87", b"ISO_IR 192",
    b"out of memory", b"std::bad_alloc", b"\x00", b"\x1b[31m", b"../../x", b"0\\0\\0\\0\\0\\0",
    struct.pack("<d", float("nan")), struct.pack("<d", 1e308), b"12345",
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(TEXTS), st.binary(max_size=40))
MUTATIONS = st.one_of(
    st.none(),  # missing
    st.tuples(st.sampled_from([None, *TYPES]), VALUES, st.none()),
    st.tuples(st.sampled_from(TYPES), VALUES, st.integers(0, 2**16 - 1)),  # of a wrong length
    st.tuples(st.sampled_from(LONG_TYPES), VALUES, st.integers(0, 2**32 - 1)),
)


def spoil(path, name, mutation):
    """Write another type, value or length into an element of a DICOM file, or remove it."""
    dataset = pydicom.dcmread(path)
    dataset.pop(name, None)
    dataset.save_as(path)
    if mutation is None:
        return
    kind, value, length = mutation
    tag = tag_for_keyword(name)
    kind = kind or pydicom.datadict.dictionary_VR(tag)
    kind = "US" if " or " in kind else kind
    value += b" " * (len(value) % 2)
    length = len(value) if length is None else length
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + kind.encode()
    head += struct.pack("<HI", 0, length) if kind in LONG_TYPES else struct.pack("<H", length)
    content = path.read_bytes()
    at = place_of(dataset, tag, content)
    path.write_bytes(content[:at] + head + value + content[at:])


def place_of(dataset, tag, content):
    """Return the byte at which an element of this tag belongs: before the first of a higher tag."""
    following = next(each for each in sorted(dataset.keys()) if each > tag)
    start = struct.pack("<HH", following.group, following.element)
    return content.index(start + dataset.get_item(following).VR.encode(), 132)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a small case: four series and a localiser."""
    folder = tmp_path_factory.mktemp("whole") / "a"
    for number, description in enumerate(DESCRIPTIONS.values(), start=2):
        write_series(folder, description, number=number, slices=3, size=(4, 4), seed=number)
    write_series(folder, "LOC", number=1, slices=2, tilt=1, size=(4, 4))
    return folder


def spoilt(whole, folder, number, name, mutation):
    """Return a copy of a case with one tag spoilt in all files of one series."""
    shutil.rmtree(folder / "a", ignore_errors=True)
    shutil.copytree(whole, folder / "a")
    for path in sorted((folder / "a").glob(f"{number}_*")):
        spoil(path, name, mutation)
    return folder / "a"


def fate(folder):
    """Return {modality: UID} of what is taken, or the sentence of the case's exclusion."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom, about every value
        try:
            table, files = read_folder(folder, "a")
            chosen = choose_series(table, FOUR, RULES)
            write_table(folder.parent / "series.csv", chosen)
            rows = taken(chosen, FOUR)
            for modality, row in rows.items():
                convert_case.check_stack(row, modality)
                assert files[row.SeriesInstanceUID]
        except BadCase as refusal:
            return str(refusal)
    assert [row["reason"] for row in read_rows(folder.parent / "series.csv")] == list(chosen.reason)
    return {modality: row.SeriesInstanceUID for modality, row in rows.items()}


FEW = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(FEW, max_examples=150)
@given(name=st.sampled_from(TAGS), mutation=MUTATIONS)
@example(name="EchoTime", mutation=("DS", b"10\\90", None))
@example(name="EchoTime", mutation=("DS", b"out of memory", None))
@example(name="SpecificCharacterSet", mutation=("CS", b"nonsense", None))
@example(name="PerFrameFunctionalGroupsSequence", mutation=("SQ", b"x" * 8, None))
@example(name="SeriesDescription", mutation=("UN", b"T1", 2**32 - 2))
def test_a_series_that_is_not_taken_does_not_matter(whole, tmp_path, name, mutation):
    right = fate(whole)
    assert set(right) == set(FOUR)
    found = fate(spoilt(whole, tmp_path, 1, name, mutation))
    if isinstance(found, str):  # whose file it is, or where it ends, cannot be read
        is_cut = mutation is not None and mutation[2] is not None
        assert name in (*OF_THE_FOLDER, "SpecificCharacterSet") or is_cut, found
        assert found.startswith("expected DICOM")
    else:
        assert found == right


@settings(FEW, max_examples=150)
@given(name=st.sampled_from(TAGS), mutation=MUTATIONS)
@example(name="ImagePositionPatient", mutation=("DS", b"1e308\\1e308\\1e308", None))
@example(name="ImageOrientationPatient", mutation=("DS", b"0\\0\\0\\0\\0\\0", None))
@example(name="Rows", mutation=("US", b"\xff\xff\xff\xff", None))
def test_a_series_that_is_taken_is_kept_or_excludes_the_case(whole, tmp_path, name, mutation):
    right = fate(whole)
    found = fate(spoilt(whole, tmp_path, 3, name, mutation))
    if isinstance(found, str):
        assert found.startswith("expected ")
        assert "\n" not in found
    else:
        assert {**found, "t2": ""} == {**right, "t2": ""}


@settings(FEW, max_examples=25)
@given(name=st.sampled_from(TAGS), mutation=MUTATIONS)
@example(name="SamplesPerPixel", mutation=("US", b"\x03\x00", None))
@example(name="Rows", mutation=("US", b"\xff\xff", None))
@example(name="BitsAllocated", mutation=("US", b"\x20\x00", None))
@example(name="SeriesDescription", mutation=("LO", b"T2 \x1b$B;3ED\x1b(B", None))
def test_what_dcm2niix_makes_of_it_is_a_volume_or_a_sentence(whole, tmp_path, name, mutation):
    folder = spoilt(whole, tmp_path, 3, name, mutation)
    for path in folder.glob("[2456]_*"):
        path.unlink()
    out = tmp_path / "out"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        convert_case.main(
            case="a", folder=folder, rules=RULES, modalities=["t2"], on_bad_case="exclude",
            images={"t2": out / "t2.nii.gz"}, sidecars={"t2": out / "t2.json"},
            series=out / "series.csv", quality=out / "quality.csv",
        )  # fmt: skip
    said = read_rows(out / "quality.csv")[0]["reason"]
    assert said.startswith("expected ") == (not (out / "t2.nii.gz").stat().st_size)
    assert str(tmp_path.parent.parent / "dcm2niix_") not in said
