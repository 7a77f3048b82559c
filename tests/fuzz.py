"""Give damaged files to everything that reads one: `make fuzz`, for ten minutes or MINUTES=...

Each input is a whole file with some bytes changed, made from --seed, the name of its target and its
number alone. A crash is any other end than an answer or one sentence (BadInput, BadCase), more than
SLOWEST_S, or more than MOST_BYTES of memory. The files of a crash are kept, and the exit code is 1.
"""

import argparse
import copy
import faulthandler
import gzip
import io
import logging
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from contextlib import redirect_stdout
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "workflow_scripts")]

import nibabel as nib
import numpy as np
import psutil
from configs import DEFAULT, merge
from dicom_series import write_series
from openpyxl import Workbook
from scans import some_scan

from glioma_uq.cohorts.conversion import _facts_in
from glioma_uq.cohorts.dicom import read_folder
from glioma_uq.cohorts.idc import _file, _parsed
from glioma_uq.cohorts.labels import read_labels
from glioma_uq.cohorts.selection import read_series, taken
from glioma_uq.cohorts.selection import write_series as write_table
from glioma_uq.cohorts.series import choose_series
from glioma_uq.cohorts.sources import lines_by_case
from glioma_uq.cohorts.tcia import _unpack, check_zip
from glioma_uq.configuration.documents import read_yaml
from glioma_uq.configuration.schema import check_config
from glioma_uq.errors import BadCase, BadInput
from glioma_uq.headers import check_header
from glioma_uq.images import read_image
from glioma_uq.predictions import import_predictions
from glioma_uq.quality.rows import read_rows

SLOWEST_S = 5.0
HANGS_S = 120  # then the run ends with a traceback
MOST_BYTES = 3 * 2**29  # 1.5 GiB more than before the first input
FOUR = ["t1", "t1ce", "t2", "flair"]
COLUMNS = {"case": "case", "idh": "idh", "1p19q": "1p19q", "grade": "grade", "source": None}
THEIRS = {"case": "case", "idh": {"label": "idh", "probabilities": ["a", "b"]}}
TOKENS = [
    b"\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\\", b'"', b"\n",
    b",", b";", b"\t", b"\x1b$B", b"\xef\xbb\xbf", b"\xff\xfe", b"nan", b"inf", b"1e999", b"-1",
    b"NONE", b"{", b"[", b"&a ", b"*a", b": ", b"- ", b"!!python/name:os.system", b"9" * 30, b"../",
    b"SQ", b"DS", b"UN", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"<!DOCTYPE x>", b"a" * 300,
    b"out of memory",
]  # fmt: skip


def damaged(rng, content, most=4, within=None):
    """Return bytes with one to `most` changes, in the first `within` of them."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, most))):
        at = rng.randrange(min(within or len(content), len(content)) or 1)
        end = min(at + rng.choice((1, 2, 4, 8, 40)), len(content))
        kind = rng.randrange(6)
        if kind == 0:
            content[at:end] = rng.randbytes(end - at)
        elif kind == 1:
            content[at:end] = b""
        elif kind == 2:
            content[at:at] = content[at:end] * rng.choice((1, 3, 50))
        elif kind == 3:
            content[at:at] = rng.choice(TOKENS)
        elif kind == 4:
            token = rng.choice(TOKENS)
            content[at : at + len(token)] = token
        elif rng.random() < 0.2:
            del content[at:]
    return bytes(content)


def csv_of(rng, header, rows):
    """Return a small table as bytes, in one of the dialects that are read."""
    separator = rng.choice(",;\t")
    text = "\n".join(separator.join(fields) for fields in [header, *rows]) + "\n"
    return damaged(rng, text.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16"))))


def nifti(rng, folder):
    """Check and read a NIfTI file with another header, or that is packed wrong."""
    image = nib.Nifti1Image(some_scan(rng.randrange(9)), np.eye(4))
    image.set_qform(np.eye(4), 1)
    if rng.random() < 0.3:
        image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"of a scanner"))
    content = damaged(rng, image.to_bytes(), within=400)
    is_packed = rng.random() < 0.5
    if is_packed:
        content = gzip.compress(content, 1)
        content = damaged(rng, content) if rng.random() < 0.3 else content
    path = folder / ("a.nii.gz" if is_packed else "a.nii")
    path.write_bytes(content)
    check_header(path)
    read_image(path)


def dicom(rng, folder):
    """Read a case of DICOM some of whose files are damaged, and choose among its series."""
    shutil.copytree(WHOLE / "dicom", folder / "a")
    files = sorted((folder / "a").iterdir())
    for path in rng.sample(files, rng.choice((1, 1, 3))):
        content = path.read_bytes()
        element = rng.randrange(300, 900)  # behind what makes a file one of DICOM
        start, rest = content[:element], content[element:]
        path.write_bytes(start + damaged(rng, rest, within=700) if rng.random() < 0.7 else
                         damaged(rng, content, within=1000))  # fmt: skip
    table, _ = read_folder(folder / "a", "a")
    chosen = choose_series(table, FOUR, {"fewest_slices": 3})
    write_table(folder / "series.csv", chosen)
    if [row["reason"] for row in read_rows(folder / "series.csv")] != list(chosen.reason):
        raise AssertionError("the table of series is not read as it was written")
    taken(chosen, FOUR)


def labels(rng, folder):
    """Read a table of labels."""
    rows = [["a", "1", "0", "2"], ["b", "", "1", "4"], ["c", "0", "0", "4"]]
    (folder / "labels.csv").write_bytes(csv_of(rng, ["case", "idh", "1p19q", "grade"], rows))
    read_labels(folder / "labels.csv", COLUMNS)


def predictions(rng, folder):
    """Import a table of predictions."""
    rows = [["a", "1", ".2", ".8"], ["b", "0", "0.5", "0.5"], ["c", "1", "1e-5", ".99999"]]
    (folder / "theirs.csv").write_bytes(csv_of(rng, ["case", "idh", "a", "b"], rows))
    import_predictions(folder / "theirs.csv", THEIRS)


def reviewed(rng, folder):
    """Read a reviewed table of series."""
    rows = [["a", "t1", "1.2"], ["a", "t2", "1.3"], ["b", "", "1.4"]]
    path = folder / "series.csv"
    path.write_bytes(csv_of(rng, ["case", "modality", "SeriesInstanceUID"], rows))
    read_series(path)
    lines_by_case(path)


def workbook(rng, folder):
    """Read a workbook one of whose parts is damaged, or its zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(WHOLE / "a.xlsx") as old, zipfile.ZipFile(packed, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, damaged(rng, content) if name == chosen else content)
    content = packed.getvalue()
    (folder / "a.xlsx").write_bytes(damaged(rng, content) if rng.random() < 0.3 else content)
    read_labels(folder / "a.xlsx", COLUMNS)


def study(rng, folder):
    """Read a study's YAML and check it against the schema and across its keys."""
    path = rng.choice(STUDIES)
    (folder / "study.yaml").write_bytes(damaged(rng, path.read_bytes()))
    override = read_yaml(folder / "study.yaml")
    if isinstance(override, dict):
        config = merge(copy.deepcopy(DEFAULT), override)
        check_config(config)


def sidecar(rng, folder):
    """Read what dcm2niix says of a series."""
    text = b'{"Modality": "MR", "EchoTime": 0.09, "ImageType": ["ORIGINAL", "M"], "Name": "x"}'
    (folder / "series.json").write_bytes(damaged(rng, text))
    _facts_in(folder / "series.json")


def archive(rng, folder):
    """Check an archive's zip, and unpack it if it is whole."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((0, 8, 8, 12, 14))) as new:
        for i in range(3):
            new.writestr(f"deep/{i}.dcm", rng.randbytes(40) * 9)
    (folder / "a.zip").write_bytes(damaged(rng, packed.getvalue()))
    if not check_zip(folder / "a.zip", 3):
        _unpack(folder / "a.zip", folder / "out")


def bucket(rng, folder):
    """Read the list of a bucket's files."""
    entry = b'<Contents><Key>a/1.dcm</Key><Size>9</Size><ETag>"0"</ETag></Contents>'
    text = b'<ListBucketResult xmlns="http://s3">' + 2 * entry + b"</ListBucketResult>"
    page = _parsed(damaged(rng, text), "https://x")
    for found in page.findall("{*}Contents"):
        _file(found, "https://x")


TARGETS = [
    nifti, dicom, labels, predictions, reviewed, workbook, study, sidecar, archive, bucket
]  # fmt: skip
STUDIES = sorted((ROOT / "studies").glob("*.yaml")) + sorted((ROOT / "cohorts").glob("*.yaml"))
WHOLE = Path()  # files that targets damage; see `prepare`


def prepare(folder):
    """Write the whole files of DICOM and Excel."""
    global WHOLE
    WHOLE = folder
    for number, text in enumerate(("LOC", "AX T1", "AX T1 POST", "AX T2", "AX FLAIR"), start=1):
        write_series(folder / "dicom", text, number=number, slices=3, size=(4, 4), seed=number)
    book = Workbook()
    for row in (["case", "idh", "1p19q", "grade"], ["a", 1, 0.0, "2"], ["b", None, 1, 4]):
        book.active.append(row)
    book.save(folder / "a.xlsx")


def attempt(target, seed, number, folder):
    """Return "answered", "refused" or "crash: ..." of one input, whose files stay in `folder`."""
    rng = random.Random(f"{seed} {target.__name__} {number}")
    began = time.monotonic()
    try:
        target(rng, folder)
        end = "answered"
    except (BadInput, BadCase):
        end = "refused"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        end = f"crash: {type(error).__name__} in {frame.name}, {frame.filename}:{frame.lineno}"
    if (took := time.monotonic() - began) > SLOWEST_S:
        end = f"crash: {took:.0f} s"
    return end


def one_input(target, seed, number, crashes):
    """Try one input in a folder of its own; a crash's is moved to `crashes`."""
    with tempfile.TemporaryDirectory() as place, open(os.devnull, "w", encoding="utf-8") as null:
        folder = Path(place, "input")
        folder.mkdir()
        with redirect_stdout(null):
            end = attempt(target, seed, number, folder)
        if end.startswith("crash"):
            kept = crashes / f"{target.__name__}-{seed}-{number}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.move(folder, kept)
            print(
                f"{end}: --seed {seed} --target {target.__name__} --first {number}, {kept}",
                flush=True,
            )
    return end


def fuzz(targets, seed, inputs, first=0, minutes=None, crashes=ROOT / "results" / "fuzz"):
    """Give inputs to the targets in turn and print what came of them; return the crashes' number.

    `inputs`: for each target, None for as many as fit into `minutes`.
    """
    counts = {target: dict.fromkeys(("answered", "refused", "crash"), 0) for target in targets}
    until = time.monotonic() + 60 * (minutes or 1e6)
    crashes = Path(crashes)
    with tempfile.TemporaryDirectory() as whole, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare(Path(whole))
        for number in count(first) if inputs is None else range(first, first + inputs):
            for target in targets:
                faulthandler.dump_traceback_later(HANGS_S, exit=True, file=sys.__stderr__)
                end = one_input(target, seed, number, crashes)
                counts[target][end.partition(":")[0]] += 1
            if time.monotonic() > until:
                break
    faulthandler.cancel_dump_traceback_later()
    for target, ends in counts.items():
        print(f"{target.__name__:12}", *(f"{many:7} {end}" for end, many in ends.items()))
    crashed = sum(ends["crash"] for ends in counts.values())
    print(f"{sum(map(sum, (ends.values() for ends in counts.values())))} inputs, {crashed} crashes")
    return crashed


def main():
    """Read the command line, bound the memory and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--inputs", type=int, help="for each target, in place of --minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--target", choices=[target.__name__ for target in TARGETS])
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    bound = psutil.Process().memory_info().vms + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    targets = [target for target in TARGETS if given.target in (None, target.__name__)]
    minutes = None if given.inputs else given.minutes
    return int(fuzz(targets, given.seed, given.inputs, given.first, minutes) > 0)


if __name__ == "__main__":
    sys.exit(main())
