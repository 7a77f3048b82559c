"""No name leaves a header, no secret leaves the shell, and no call of ours runs what is read."""

import ast
import gzip
import json
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from configs import DEFAULT
from scans import CASE, MODALITIES, NAMES, PARTS, inside, save, some_scan, source_of, whole_case

import check_cohort
import convert_case
import correct_bias_field
import import_case
from glioma_uq.cohorts.sources import CANONICAL
from glioma_uq.configuration.validation import values_of
from glioma_uq.logs import log_to
from record_provenance import describe

ROOT = Path(__file__).resolve().parents[1]
NAME = "Zebedee"  # in no package, and in no test but these


def where_named(folder):
    """Return the files below `folder` that hold the name, unpacked or packed, or have it."""
    found = []
    for path in sorted(Path(folder).rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        opened = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""
        texts = (content, opened, str(path).encode())
        if any(NAME.lower().encode() in text.lower() for text in texts):
            found.append(path.name)
    return found


# Scans.


def sign(path):
    """Write a name into every text of a NIfTI header, an extension and the header of gzip."""
    image = nib.load(path)
    for field, length in {"descrip": 80, "aux_file": 24, "db_name": 18, "intent_name": 16}.items():
        image.header[field] = f"{NAME}^Quux"[:length].encode()
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", f"{NAME}^Quux".encode()))
    content = image.to_bytes()
    with open(path, "wb") as packed, gzip.GzipFile(f"{NAME}.nii", "wb", fileobj=packed) as file:
        file.write(content)


def test_no_name_of_a_nifti_header_gets_beyond_the_import(tmp_path):
    cohort = whole_case(tmp_path)
    for name in NAMES.values():
        sign(cohort / CASE / name)
    assert len(where_named(cohort)) == len(NAMES)
    with log_to(tmp_path / "out" / "import.log"):
        row, images = inside(cohort)
    assert row["reason"] == ""
    corrected = {m: tmp_path / "out" / f"{m}.nii.gz" for m in MODALITIES}
    with log_to(tmp_path / "out" / "correct.log"):
        correct_bias_field.main(
            case=CASE, scans={m: images[m] for m in MODALITIES}, options=None,
            corrected=corrected, quality=tmp_path / "out" / "row.csv", on_bad_case="exclude",
            limits={},
        )  # fmt: skip
    assert corrected["t1"].stat().st_size > 0
    assert where_named(tmp_path / "raw") == where_named(tmp_path / "out") == []


@pytest.mark.parametrize("spoilt", ["constant", "four dimensions"])
def test_no_name_is_in_the_reason_for_which_a_case_is_excluded(tmp_path, spoilt):
    cohort = whole_case(tmp_path)
    path = cohort / CASE / NAMES["t2"]
    save(path, np.ones((8, 9, 10)) if spoilt == "constant" else some_scan(shape=(8, 9, 10, 2)))
    sign(path)
    with log_to(tmp_path / "raw" / "import.log"):
        row, _ = inside(cohort)
    assert row["reason"]
    assert where_named(tmp_path / "raw") == []


def test_other_columns_of_the_labels_table_are_left_where_they_are(tmp_path):
    cohort = whole_case(tmp_path)
    table = tmp_path / "table.csv"
    table.write_text(f"case,name,idh,1p19q,grade\n{CASE},{NAME},1,0,3\n")
    columns = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
    with log_to(tmp_path / "out" / "job.log"):
        check_cohort.main(
            table={"table": table, "columns": columns}, parts=PARTS, on_bad_case="exclude",
            labels=tmp_path / "out" / "labels.csv", **source_of(cohort),
        )  # fmt: skip
    assert where_named(tmp_path / "out") == []


# DICOM.

PLANTED = {
    "PatientName": f"{NAME}^Quux", "PatientID": f"{NAME}-1", "OtherPatientNames": f"{NAME}^Q",
    "PatientBirthName": f"{NAME}^Q", "PatientAddress": f"{NAME} street", "StudyID": NAME,
    "PatientComments": f"asks for {NAME}", "ReferringPhysicianName": f"{NAME}^Doctor",
    "OperatorsName": f"{NAME}^Operator", "PerformingPhysicianName": f"{NAME}^Second",
    "InstitutionName": f"{NAME} hospital", "InstitutionAddress": f"{NAME} road",
    "InstitutionalDepartmentName": f"{NAME} ward", "StationName": NAME, "DeviceSerialNumber": NAME,
    "StudyDescription": f"brain of {NAME}", "AccessionNumber": NAME, "ImageComments": f"by {NAME}",
    "PerformedProcedureStepDescription": f"of {NAME}", "RequestedProcedureDescription": NAME,
    "ProtocolName": f"{NAME} protocol", "CountryOfResidence": NAME, "SoftwareVersions": NAME,
}  # fmt: skip


@pytest.mark.parametrize("patients", [1, 2])
def test_no_name_of_a_dicom_header_gets_beyond_the_conversion(tmp_path, patients):
    pytest.importorskip("dcm2niix", reason="dcm2niix is installed by `make downloads`")
    from dicom_series import write_series

    descriptions = {"t1": "AX T1", "t2": "AX T2", "flair": "AX FLAIR", "t1ce": "AX T1 POST"}
    for number, description in enumerate(descriptions.values(), start=1):
        planted = PLANTED | {"PatientID": f"{NAME}-{number % patients}"}
        write_series(tmp_path / "dicom", description, number=number, seed=number, **planted)
    out = tmp_path / "converted" / CASE
    with log_to(out / "job.log"):
        convert_case.main(
            case=CASE, folder=tmp_path / "dicom", files=None, reviewed=None, rules={},
            modalities=MODALITIES, on_bad_case="exclude", series=out / "series.csv",
            images={name: out / f"{name}.nii.gz" for name in MODALITIES},
            sidecars={name: out / f"{name}.json" for name in MODALITIES},
            quality=out / "quality.csv",
        )  # fmt: skip
    assert (f"that of {patients} (" in (out / "quality.csv").read_text()) == (patients == 2)
    assert where_named(tmp_path / "converted") == []
    if patients == 1:
        images = {part: tmp_path / "raw" / f"{part}.nii.gz" for part in PARTS}
        names = dict.fromkeys(PARTS) | {name: f"{name}.nii.gz" for name in MODALITIES}
        options = {"path": tmp_path / "converted", "names": names}
        import_case.main(
            case=CASE, modalities=MODALITIES, coding=CANONICAL, source="folder", options=options,
            follow_links=False, on_bad_case="exclude", images=images,
            quality=tmp_path / "raw" / "row.csv",
        )  # fmt: skip
        assert images["t1"].stat().st_size > 0
        assert where_named(tmp_path / "raw") == []


# Secrets.


def test_nothing_of_the_environment_is_in_the_provenance(monkeypatch, tmp_path):
    for variable in ("TCIA_USER", "TCIA_PASSWORD", "HOME", "SLURM_JOB_USER"):
        monkeypatch.setenv(variable, f"{NAME}-secret")
    assert NAME not in json.dumps(describe(DEFAULT, [], 1))


# What is read.

SCRIPTS = sorted(
    path
    for folder in ("workflow_scripts", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
RULES = [ROOT / "Snakefile", *sorted((ROOT / "rules").rglob("*.smk"))]
NEVER_CALLED = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads",
    "pickle.Unpickler", "pd.read_pickle", "marshal.loads", "shelve.open", "joblib.load",
    "yaml.load", "yaml.full_load", "yaml.unsafe_load", "tempfile.mktemp",
}  # fmt: skip


def calls_of(path):
    """Yield (name as written, keywords) of each call in a Python file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}


def why_unsafe(name, keywords):
    """Return "" or what is wrong with a call."""
    if name in NEVER_CALLED:
        return name
    if keywords.get("shell", "False") != "False":
        return f"{name} through a shell"
    if name.endswith("torch.load") and keywords.get("weights_only") != "True":
        return "torch.load of any object"
    if keywords.get("allow_pickle", "False") != "False":
        return f"{name} with pickles"
    if keywords.get("verify") == "False":
        return f"{name} without certificates"
    return ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_script_or_test_has_a_call_by_which_what_is_read_could_run_code(path):
    assert [why for call in calls_of(path) if (why := why_unsafe(*call))] == []


def strange_in(rules):
    """Return the words in the text of a rule file by which what is read could run code."""
    calls = [re.escape(name) for name in NEVER_CALLED]
    words = rf"^\s*(?:shell|run|cwl|notebook|wrapper|envvars) *:|(?<![\w.])(?:{'|'.join(calls)})\("
    return re.findall(words + r"|\bshell\(|\bsubprocess\b|\bimport_module\b", rules, re.MULTILINE)


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.name)
def test_rules_start_scripts_of_ours_and_nothing_else(path):
    text = path.read_text(encoding="utf-8")
    assert strange_in(text) == []
    started = re.findall(r"^\s*script:\s*\n?\s*(.+)$", text, re.MULTILINE)
    for script in started:
        assert re.fullmatch(r'"\.\./\.\./workflow_scripts/\w+\.py"', script), script


@pytest.mark.parametrize(
    "text", ["    shell:\n", "    run:\n", "eval(x)", "shell('ls')", "import subprocess"]
)
def test_what_is_strange_in_rules_is_found(text):
    assert strange_in(text)


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(p)", "torch.load(p, weights_only=False)", "np.load(p, allow_pickle=True)",
        "yaml.load(t)", "subprocess.run('ls', shell=True)", "eval(t)", "pickle.loads(b)",
    ],
)  # fmt: skip
def test_what_could_run_code_is_found(line, tmp_path):
    (tmp_path / "a.py").write_text(line)
    assert [why for call in calls_of(tmp_path / "a.py") if (why := why_unsafe(*call))]


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.stem)
def test_no_study_holds_a_login(path):
    keys = [key for key, _ in values_of(yaml.safe_load(path.read_text()))]
    assert not [key for key in keys if key.endswith(("password", "token", "secret"))]
