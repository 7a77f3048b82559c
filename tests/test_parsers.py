"""Whatever a parser is given, it answers or says BadInput or BadCase: nothing else comes out."""

import copy
import io
import math
import re
import zipfile

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from configs import DEFAULT, checked
from scans import save, some_scan

pytest.importorskip("hypothesis", reason="hypothesis is installed by `make test`")

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from glioma_uq.case_names import check_uid
from glioma_uq.cohorts.bids import entities_of
from glioma_uq.cohorts.labels import read_labels
from glioma_uq.cohorts.selection import read_series
from glioma_uq.cohorts.series import choose_series
from glioma_uq.cohorts.sources import find_images, lines_by_case
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.headers import check_header
from glioma_uq.images import read_image
from glioma_uq.predictions import import_predictions
from glioma_uq.texts import checked_id

COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
THEIRS = {"case": "case", "idh": {"label": "idh", "probabilities": ["a", "b"]}}
FOUR = ["t1", "t1ce", "t2", "flair"]
TRIED = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Fields as people and programs leave them, beside any text at all.
FIELDS = st.one_of(
    st.sampled_from(
        ["", "0", "1", "2", "-1", "1.0", "nan", "inf", "1e999", "NA", "../a", '"', "a"]
    ),
    st.text(max_size=6),
)


def tables(header):
    """Return a strategy of CSV files, as bytes: this header or any, rows of any lengths."""
    rows = st.lists(st.lists(FIELDS, min_size=1, max_size=len(header) + 1), max_size=4)
    even = st.lists(st.tuples(*[FIELDS] * len(header)), max_size=4)
    heads = st.one_of(st.just(header), st.lists(FIELDS, min_size=1, max_size=4))
    written = st.builds(
        lambda head, rows: "\n".join(",".join(fields) for fields in [head, *rows]).encode(
            errors="surrogatepass"
        ),
        heads,
        st.one_of(even, rows),
    )
    return st.one_of(written, st.binary(max_size=60))


def answers(parse, *arguments):
    """Return what a parser answers, None where it refuses in one sentence."""
    try:
        return parse(*arguments)
    except (BadInput, BadCase) as refusal:
        said = str(refusal)
    assert re.fullmatch(r"expected .*found .*", said), said  # of one line
    return None


@TRIED
@given(content=tables(["case", "idh", "1p19q", "grade"]))
@example(content=b"case,idh,1p19q,grade\n,,,")
@example(content=b'case,idh,1p19q,grade\n"a,1,0,2\n')
@example(content=b"case,idh,1p19q,grade\na,1,0,2,\n")
def test_labels(content, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    cases = answers(read_labels, path, COLUMNS)
    for case in cases or []:
        assert (tmp_path / case["case"]).parent == tmp_path
        assert (case["idh"] in (-1, 0, 1), case["grade"] in (-1, 2, 3, 4)) == (True, True)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """Return the bytes of a whole workbook and the path that damaged ones go to."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is installed by `make excel`")
    path = tmp_path_factory.mktemp("workbook") / "labels.xlsx"
    book = openpyxl.Workbook()
    for row in (["case", "idh", "1p19q", "grade"], ["a", 1, 0.0, "2"], ["b", None, 1, 4]):
        book.active.append(row)
    book.save(path)
    return path.read_bytes(), path


@TRIED
@given(data=st.data())
def test_workbooks_of_any_bytes(workbook, data):
    whole, path = workbook
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            damage = st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)))
            if name.endswith(("sheet1.xml", "workbook.xml", "styles.xml")):
                for place, byte in data.draw(damage):
                    content[place] = byte
            new.writestr(name, bytes(content))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(whole))))
    path.write_bytes(path.read_bytes()[:cut])
    for case in answers(read_labels, path, COLUMNS) or []:
        assert (case["idh"] in (-1, 0, 1), case["grade"] in (-1, 2, 3, 4)) == (True, True)


@TRIED
@given(content=tables(["case", "idh", "a", "b"]))
@example(content=b"case,idh,a,b\nx,1,1e-5,inf\n")
@example(content=b"case,idh,a,b\nx,1,1_0,0\n")
@example(content=b"case,idh,a,b\nx,1,1e-" + b"5" * 5000 + b",1\n")
def test_predictions(content, tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_bytes(content)
    cells = answers(import_predictions, path, THEIRS)
    if cells is not None:
        sums = cells[["idh_probability_0", "idh_probability_1"]].sum(axis=1)
        assert sums.tolist() == pytest.approx([1.0] * len(cells))
        assert cells["case"].is_unique


@TRIED
@given(content=tables(["case", "modality", "SeriesInstanceUID"]))
def test_reviewed_series(content, tmp_path):
    path = tmp_path / "series.csv"
    path.write_bytes(content)
    table = answers(read_series, path)
    answers(lines_by_case, path)
    for uid in [] if table is None else filter(None, table.SeriesInstanceUID):
        assert (tmp_path / uid).parent == tmp_path


@TRIED
@given(name=st.text(max_size=30))
@example(name="..")
@example(name="\u2025")
@example(name="a\x00b")
@example(name=" ")
def test_an_id_that_passes_is_one_folder_below_its_own(name, tmp_path):
    if answers(checked_id, name, "case", "table"):
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()
        (tmp_path / name).mkdir(exist_ok=True)
    if answers(lambda: check_uid(name, "table") or True):
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()


@TRIED
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "case": st.sampled_from(["a", "b"]),
                "SeriesInstanceUID": st.text("1.", max_size=3),
                "SeriesDescription": st.one_of(
                    st.none(),
                    st.text(max_size=12),
                    st.sampled_from(["AX T1", "t1 +c", "T2 FLAIR", "t2*", "AX T1 POST", "\u2028"]),
                ),
                "StudyDate": st.sampled_from(["", "20010101", "2001-01-09", "2001", "20019999"]),
                "SeriesNumber": st.sampled_from(["", "3", 4, None, float("nan")]),
                "instances": st.integers(0, 200),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_series_descriptions(rows):
    table = choose_series(pd.DataFrame(rows), FOUR)
    assert table.reason.str.len().gt(0).all()
    assert set(table.modality) <= {"", *FOUR}
    taken = table[table.modality != ""]
    assert not taken.duplicated(["case", "modality"]).any()


PARTS_OF_NAMES = st.sampled_from(
    ["sub-1", "ses-", "ce-gd", "T1w", "dseg", "_", "-", ".", "desc-brain"]
)


@TRIED
@given(names=st.lists(st.lists(PARTS_OF_NAMES, max_size=5).map("".join), max_size=4))
def test_bids_names(names, tmp_path):
    root = tmp_path / str(abs(hash(tuple(names))))
    place = root / "sub-1" / "anat"
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        entities, suffix = entities_of(f"{name}.nii.gz")
        assert "_" not in suffix
        assert all(entities) or "" in entities
        (place / f"{name}.nii.gz").write_bytes(b"x")
    options = {"path": str(root), "session": "first", "entities": {}, "derivatives": {}}
    answers(find_images, "bids", options, "1", [*FOUR, "segmentation"])


@TRIED
@given(name=st.text("a*?[]{}/.\\", max_size=6))
def test_patterns_of_a_folder_that_the_config_lets_in(name, tmp_path):
    (tmp_path / "a").mkdir(exist_ok=True)
    names = dict.fromkeys(FOUR, "b.nii.gz") | {"t1": name, "segmentation": None}
    override = {"source": "folder", "folder": {"path": str(tmp_path), "names": names}}
    override["labels"] = {"table": str(tmp_path / "none.csv")}
    config = copy.deepcopy(DEFAULT)
    config["cohort"] |= override
    if answers(check_config, config):
        answers(find_images, "folder", override["folder"], "a", FOUR)


@pytest.fixture(scope="module")
def nifti(tmp_path_factory):
    """Return the bytes of a whole file and the path that damaged ones go to."""
    path = tmp_path_factory.mktemp("nifti") / "a.nii"
    save(path, some_scan())
    return path.read_bytes(), path


@settings(TRIED, max_examples=150)
@given(data=st.data())
def test_headers_of_any_bytes(nifti, data):
    """Every header passes or is refused; one that passes is read or refused too."""
    whole, path = nifti
    damaged = bytearray(whole)
    places = st.integers(0, 351)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        damaged[place] = byte
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    if path.stat().st_size == 0:
        return
    if answers(check_header, path) and path.stat().st_size == len(whole):
        answers(read_image, path)


def test_most_damaged_headers_are_refused(nifti):
    """Two hundred with six random bytes each."""
    whole, path = nifti
    rng, refused = np.random.default_rng(0), 0
    for _ in range(200):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(0, 348, 6)] = rng.integers(0, 256, 6)
        path.write_bytes(damaged.tobytes())
        refused += answers(check_header, path) is None
    assert refused > 50


@TRIED
@given(extension=st.binary(max_size=64), code=st.integers(-1, 50))
def test_headers_with_any_extension(tmp_path, extension, code):
    image = nib.Nifti1Image(some_scan(), np.eye(4))
    path = tmp_path / "a.nii"
    nib.save(image, path)
    content = bytearray(path.read_bytes())
    size = (-(8 + len(extension)) % 16) + 8 + len(extension)
    content[108:112] = np.float32(352 + size).tobytes()
    content[348:352] = b"\1\0\0\0"
    packed = np.array([size, code], "<i4").tobytes() + extension
    path.write_bytes(bytes(content[:352]) + packed.ljust(size, b"\0") + bytes(content[352:]))
    if answers(check_header, path):
        answers(read_image, path)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), st.floats(), st.text(max_size=5), st.just("csnet")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


def keys_of(part, above=()):
    """Return the paths to all values of a config."""
    keys = [above] if above else []
    for key, value in part.items() if isinstance(part, dict) else ():
        keys += keys_of(value, (*above, key))
    return keys


WHOLE = checked({})  # with all keys that have a default


@settings(TRIED, max_examples=80)
@given(change=st.sampled_from(keys_of(WHOLE)), value=VALUES)
@example(change=("networks",), value=[])
@example(change=("rates",), value=[math.nan])
@example(change=("cohort", "modalities"), value=["t1", "t1"])
@example(change=("network_options", "csnet"), value={"": None})
@example(change=("preprocessing", "quality", "limits"), value={"": [None, None]})
@example(change=("cohort",), value="\0")
@example(change=("cohort",), value="Makefile")
@example(change=("cohort",), value="docs")
@example(change=("cohort",), value="docs/images/dice_by_size.png")
@example(change=("departures",), value={"": ""})
def test_configs_with_any_value_anywhere(change, value):
    config = copy.deepcopy(WHOLE)
    part = config
    for key in change[:-1]:
        part = part[key]
    assume(part[change[-1]] != value)
    part[change[-1]] = value
    answers(check_config, config)


@TRIED
@given(text=st.text(max_size=30))
def test_configs_of_any_yaml(text):
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    except ValueError:  # of a date such as 2001-13-41, which PyYAML reads as one
        return
    answers(check_config, config if isinstance(config, dict) else {text: config})
