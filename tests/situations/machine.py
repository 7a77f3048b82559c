"""Dates, shells and machines as they are."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from scans import CASE

from glioma_uq import environment
from glioma_uq.cohorts.sources import contents_of
from glioma_uq.contents import digest_of_tables
from glioma_uq.errors import BadInput
from glioma_uq.files import written_whole
from situations import situation
from situations.tiny import some_scan

LONG_AGO, IN_THE_FUTURE = (1e9, 1e9), (4e9, 4e9)
SCRIPTS = Path(environment.__file__).resolve().parents[1]


def is_read_again(known, change):
    """Return whether `known()` differs once `change()` was made."""
    before = known()
    change()
    return "read again" if known() != before else "nothing to be done"


def of_case(cohort):
    """Return a function that tells the contents of the case, as the plan does."""
    images = [cohort.scan(part) for part in ("t1", "t1ce", "t2", "flair")]
    options = {"path": str(cohort.path)}
    return lambda: contents_of("folder", options, CASE, images)


@situation("dates", "a scan is replaced by one with an older date", right="read again")
def older_scan(cohort):
    def replace():
        cohort.save("t2", some_scan(9))
        os.utime(cohort.scan("t2"), LONG_AGO)

    return is_read_again(of_case(cohort), replace)


@situation("dates", "a table of labels is corrected and keeps its date", right="read again")
def corrected_table(cohort):
    table = cohort.folder / "labels.csv"
    table.write_text("case,idh\nP-001,0\n")
    os.utime(table, LONG_AGO)

    def correct():
        table.write_text("case,idh\nP-001,1\n")
        os.utime(table, LONG_AGO)

    return is_read_again(lambda: digest_of_tables([table]), correct)


@situation("dates", "all files come back from a backup with new dates", right="nothing to be done")
def from_backup(cohort):
    def touch():
        for path in cohort.path.rglob("*.nii.gz"):
            os.utime(path)

    return is_read_again(of_case(cohort), touch)


@situation("dates", "a scanner's clock is in the year 2096", right="nothing to be done")
def future(cohort):
    known = of_case(cohort)
    for path in cohort.path.rglob("*.nii.gz"):
        os.utime(path, IN_THE_FUTURE)
    return is_read_again(known, lambda: None)


@situation("dates", "the slice that was missing is copied into a nested folder", right="read again")
def nested_slice(cohort):
    cohort.series("AX T1", slices=5)
    options = {"path": str(cohort.dicom.parent)}

    def copy():
        deep = cohort.dicom / "DICOM" / "0001"
        deep.mkdir(parents=True)
        (deep / "IM6").write_bytes((cohort.dicom / "1_0_0.dcm").read_bytes())

    return is_read_again(lambda: contents_of("dicom", options, "a"), copy)


@situation("dates", "a .DS_Store appears in the folder of a case", right="nothing to be done")
def hidden_file(cohort):
    def appear():
        (cohort.path / CASE / ".DS_Store").write_bytes(b"x")

    return is_read_again(of_case(cohort), appear)


def in_a_job(code, **variables):
    """Return what a job prints whose driver was started in a shell with these variables."""
    driver = (
        "import subprocess, sys; sys.path.insert(0, sys.argv[1]); "
        "from glioma_uq.environment import shield_jobs; shield_jobs(True); "
        "print(subprocess.check_output([sys.executable, '-c', sys.argv[2]], text=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", driver, str(SCRIPTS), code],
        env={**os.environ, **variables}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@situation("shell", "PYTHONPATH names an older checkout", right=str(SCRIPTS / "glioma_uq"))
def older_checkout(cohort):
    other = cohort.folder / "older" / "glioma_uq"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    where = "import glioma_uq, pathlib; print(pathlib.Path(glioma_uq.__file__).parent)"
    return in_a_job(where, PYTHONPATH=str(other.parent))


@situation("shell", "snakemake is started from Jupyter, with its backend", right="agg")
def jupyter(cohort):
    backend = "module://matplotlib_inline.backend_inline"
    drawn = "import matplotlib.pyplot as plt; plt.figure(); print(plt.get_backend().lower())"
    return in_a_job(drawn, MPLBACKEND=backend)


@situation("shell", "the locale knows ASCII alone", right="utf-8")
def ascii_locale(cohort):
    opened = "import tempfile; print(open(tempfile.mkstemp()[1]).encoding.lower())"
    return in_a_job(opened, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")


@situation("shell", "a patient Müller and a shell in GBK", right="export PYTHONUTF8=1")
def foreign_shell(cohort):
    try:
        environment.check_names_readable(["Müller"], "GBK")
    except BadInput as error:
        return str(error)


@situation("shell", "a table is written with a umask of 077", right=0o600)
def closed_umask(cohort):
    before = os.umask(0o077)
    try:
        with written_whole(cohort.folder / "table.csv") as path:
            path.write_text("case\n")
    finally:
        os.umask(before)
    return (cohort.folder / "table.csv").stat().st_mode & 0o777


@situation("shell", "the folder of the cohort has spaces, brackets and an umlaut", right=True)
def odd_folder(cohort):
    from scans import inside

    place = cohort.folder / "Köln [2] (neu) 50%"
    place.mkdir()
    cohort.path.rename(place / "cohort")
    row, images = inside(place / "cohort")
    import nibabel as nib

    same = np.asarray(nib.load(images["t1"]).dataobj) == some_scan(0)
    return not row["reason"] and bool(same.all())


@situation("shell", "a package of the environment cannot be imported", right="broken at its head")
def broken_package(cohort):
    """A step as Snakemake starts it: a script behind a preamble that makes `snakemake`."""
    log, broken = cohort.folder / "logs" / "job.log", cohort.folder / "packages"
    (broken / "numpy").mkdir(parents=True)
    (broken / "numpy/__init__.py").write_text("raise ImportError('broken at its head')")
    preamble = f"class snakemake:\n    log = [{str(log)!r}]\n    scriptdir = None\n"
    step = cohort.folder / "step.py"
    step.write_text(preamble + (SCRIPTS / "import_case.py").read_text(encoding="utf-8"))
    path = os.pathsep.join([str(SCRIPTS), str(broken)])
    subprocess.run(
        [sys.executable, str(step)], env=os.environ | {"PYTHONPATH": path}, capture_output=True
    )
    return log.read_text()


@situation("dates", "the address of a series is corrected in a reviewed table", right="read again")
def corrected_address(cohort):
    from glioma_uq.cohorts.sources import lines_by_case

    table = cohort.folder / "series.csv"
    row = "case,modality,SeriesInstanceUID,url,instances\na,t1,1.2,s3://b/{}/*,3\n"
    table.write_text(row.format("wrong"))
    return is_read_again(
        lambda: lines_by_case(table), lambda: table.write_text(row.format("right"))
    )


@situation("dates", "a slice is added behind a link to the folder of a series", right="read again")
def linked_slice(cohort):
    (cohort.folder / "real").mkdir()
    (cohort.dicom / "series").symlink_to(cohort.folder / "real")
    options = {"path": str(cohort.dicom.parent)}
    return is_read_again(
        lambda: contents_of("dicom", options, "a"),
        lambda: (cohort.folder / "real" / "1.dcm").write_bytes(b"1"),
    )
