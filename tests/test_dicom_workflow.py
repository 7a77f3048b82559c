"""DICOM through Snakemake: from a folder and from an archive to images in one layout."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from archive_server import Archive, serving

from glioma_uq.cohorts.dicom import read_folder
from glioma_uq.cohorts.selection import write_series
from glioma_uq.cohorts.series import choose_series
from glioma_uq.images import read_image
from glioma_uq.quality.rows import read_rows

pytest.importorskip("dcm2niix", reason="dcm2niix is installed by `make downloads`")

from dicom_series import write_case
from dicom_series import write_series as write_dicom

pytestmark = pytest.mark.workflow
REPOSITORY = Path(__file__).resolve().parents[1]
FOUR = ["t1", "t1ce", "t2", "flair"]


def snakemake(folder, cohort, cases, *arguments):
    """Bring the cases of a cohort as far as import_case in `folder`; return what was printed."""
    (folder / "labels.csv").write_text(
        "case,idh,1p19q,grade\n" + "".join(f"{c},,,\n" for c in cases)
    )
    study = {
        "cohort": {"name": "c", "labels": {"table": "labels.csv"}, **cohort},
        "preprocessing": {"skull_stripping": "hd-bet-v1"},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(REPOSITORY / "Snakefile"),
        "--cores",
        "1",
    ]
    command += ["--configfile", "study.yaml", "--workflow-profile", "none", *arguments]
    targets = [f"results/cohorts/c/raw/{case}/t1.nii.gz" for case in cases]
    done = subprocess.run([*command, *targets], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def jobs_of(said, rule):
    return said.count(f"rule {rule}:")


def reason(folder, case, step):
    return read_rows(folder / "results/cohorts/c/quality" / case / f"{step}.csv")[0]["reason"]


def test_a_folder_of_dicom_with_one_case_of_two_patients(tmp_path):
    for case in ("a", "b"):
        write_case(tmp_path / "dicom" / case, case)
    write_dicom(tmp_path / "dicom" / "b", "AX T2", patient="stranger", number=70)
    cohort = {"source": "dicom", "dicom": {"path": "dicom"}}
    snakemake(tmp_path, cohort, ["a", "b", "absent"])
    assert read_image(tmp_path / "results/cohorts/c/raw/a/t1.nii.gz").grid.shape == (12, 10, 14)
    two = reason(tmp_path, "b", "convert_case")
    assert "found that of 2 (115 files as 1_0_0.dcm and 14 files as 70_0_0.dcm)" in two
    assert "found no dicom/absent" in reason(tmp_path, "absent", "convert_case")
    assert reason(tmp_path, "b", "import_case") == "excluded at an earlier step"
    assert "Nothing to be done" in snakemake(tmp_path, cohort, ["a", "b", "absent"])
    write_dicom(tmp_path / "dicom/a/deep/down", "AX T1", patient="another", number=80)
    again = snakemake(tmp_path, cohort, ["a", "b", "absent"])
    assert jobs_of(again, "convert_case") == 1
    assert "found that of 2" in reason(tmp_path, "a", "convert_case")


def archive_of(tmp_path, cases):
    """Return a bucket with the DICOM of the cases, and the table of series that names it."""
    archive, tables = Archive(), []
    for case in cases:
        write_case(tmp_path / "there" / case, case)
        table, files = read_folder(tmp_path / "there" / case, case)
        tables.append(
            choose_series(table, FOUR).assign(url=lambda t: "s3://b/" + t.SeriesInstanceUID + "/*")
        )
        for uid, paths in files.items():
            archive.files |= {
                f"/b/{uid}/{path.name}": path.read_bytes() for path in map(Path, paths)
            }

    def listing(query, form, headers):
        found = {
            k[3:]: v for k, v in archive.files.items() if k.startswith(f"/b/{query['prefix']}")
        }
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(data)}</Size>"
            f'<ETag>"{hashlib.md5(data).hexdigest()}"</ETag></Contents>'
            for key, data in found.items()
        )
        return 200, f"<ListBucketResult>{entries}</ListBucketResult>".encode()

    archive.answers["/b/"] = listing
    return archive, pd.concat(tables)


def test_an_archive_with_a_reviewed_table_of_series(tmp_path):
    archive, table = archive_of(tmp_path, ["a", "b"])
    write_series(tmp_path / "mine.csv", table)
    with serving(archive) as address:
        transfer = {"timeout_s": 5, "attempts": 2, "pause_s": 0.01}
        options = {"collection": "upenn_gbm", "series": "mine.csv", "transfer": transfer}
        options["bucket_address"] = address + "/{bucket}"
        cohort = {"source": "idc", "idc": options}
        lost = [path for path in archive.files if "/9_0_0.dcm" in path][1]
        archive.behaviour[lost] = [500, 500]
        snakemake(tmp_path, cohort, ["a", "b"])
        failed = [case for case in "ab" if reason(tmp_path, case, "download_series")]
        assert failed == ["b"]
        assert "HTTP 500 after 2 attempts" in reason(tmp_path, "b", "download_series")
        assert reason(tmp_path, "a", "import_case") == ""

        again = "results/cohorts/c/downloaded/b/files.csv"
        said = snakemake(tmp_path, cohort, ["a", "b"], "--forcerun", again, "--")
        assert (jobs_of(said, "download_series"), jobs_of(said, "convert_case")) == (1, 1)
        assert reason(tmp_path, "b", "import_case") == ""

        table.loc[(table.case == "a") & (table.modality == "t2"), "modality"] = ""
        write_series(tmp_path / "mine.csv", table)
        said = snakemake(tmp_path, cohort, ["a", "b"])
        assert (jobs_of(said, "download_series"), jobs_of(said, "convert_case")) == (1, 1)
        assert "expected a T2 series" in reason(tmp_path, "a", "download_series")
