"""Texts from outside: ids pass every shell as they are, and no sentence moves a terminal."""

import json
import subprocess
from itertools import product
from unicodedata import normalize

import pytest
from snakemake_interface_executor_plugins.utils import (
    TargetSpec,
    encode_target_jobs_cli_args,
    format_cli_arg,
)

from glioma_uq.errors import BadCase, BadInput
from glioma_uq.texts import checked_id, checked_text, kept_text

PUBLIC = (
    "UCSF-PDGM-004_FU001d", "TCGA-02-0003", "BraTS-GLI-00000-000", "BraTS2021_00000", "EGD-0001",
    "Brats17_2013_10_1", "UPENN-GBM-00001_11", "Patient-001", "PatientID_0003_1", "sub-01", "007",
    "phantom-001_size-065", "NA", "Müller_1", "Ж-2", "患者1", "W39_1998.09.19", "a+b", "_1",
)  # fmt: skip
HOSTILE = (
    "", "$(touch x)", "`touch x`", "a;touch x", "a'b", 'a"b', "a b", "a\tb", "a\nb", "a\\b", "a/b",
    "..", ".a", "-rf", "+1", "=1+1", "@x", "a|b", "a&b", "a#b", "a$b", "a{b}", "a*", "a?", "a~",
    "a,b", "a:b", "a%b", "a\x00b", "\x1b[2J", "a\u202eb", "a\u200bb", "a\xadb", "..\uff0fa", "²",
    "\u3164", "a\uffa0", "\ufeffa", "a\ud800", "Ü" * 76, "a" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_ids_as_public_datasets_have_them_stay_as_they_are(name):
    assert checked_id(name, "case", "t.csv") == name
    assert checked_id(normalize("NFD", name), "case", "t.csv") == name


@pytest.mark.parametrize("name", HOSTILE)
def test_other_ids_are_refused_in_one_printable_sentence(name):
    with pytest.raises(BadInput, match=r"^expected an id of .* as case in t.csv, found") as refusal:
        checked_id(name, "case", "t.csv")
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500


def through_shells(cases):
    """Return the target jobs that reach a job of these cases, as Slurm's executor submits it."""
    targets = encode_target_jobs_cli_args([TargetSpec("r", {"case": case}) for case in cases])
    words = format_cli_arg("--target-jobs", targets)
    script = f"python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' {words}"
    escaped = script.replace('"', '\\"')
    # The shell of the submit host reads the quotes, that of the job what is in them.
    done = subprocess.run(["sh", "-c", f'sh -c "{escaped}"'], capture_output=True, check=True)
    return json.loads(done.stdout)[1:]


def is_id(name):
    try:
        return checked_id(name, "case", "t.csv") == name
    except BadInput:
        return False


def test_an_id_that_passes_reaches_a_job_through_every_shell():
    signs = "aZ0_.-+ü患$`'\"\\;&|(){}<>[]*?~#!%^=,: \t\n"
    cases = list(filter(is_id, ("".join(signs) for signs in product(signs, repeat=2))))
    assert len(cases) == 6 * 8  # which begin with a letter, digit or _, and end in no point
    assert through_shells(cases) == [f"r:case={case}" for case in cases]


def test_what_is_refused_would_have_run_in_a_shell():
    """The command is one of the kind in which another id runs, so that the test above can fail."""
    assert through_shells(["$(echo ran)"]) == ["r:case=ran"]


def test_free_texts_hold_any_signs_but_control_and_format_characters():
    assert checked_text("=T1 +C; 50 % (Bern)", "source", "t.csv") == "=T1 +C; 50 % (Bern)"
    assert checked_text("a\xa0b\tc\nd", "source", "t.csv") == "a b c d"
    assert checked_text("u\u0308", "source", "t.csv") == "ü"
    for text in ("\x1b[2J", "a\u202eb", "a\u200bb", "a\x00", "\x7f"):
        with pytest.raises(BadInput, match="no control or format characters in source of t.csv"):
            checked_text(text, "source", "t.csv")
    with pytest.raises(BadInput, match="at most 500 characters in source of t.csv, found 5000"):
        checked_text("a" * 5000, "source", "t.csv")


def test_texts_of_headers_are_kept_short_and_printable():
    assert kept_text("AX T1\x1b[2J\u202e ") == r"AX T1\x1b[2J\u202e"
    assert len(kept_text("T1 " * 16_000)) == 64
    assert kept_text(3) == 3


@pytest.mark.parametrize("error", [BadInput, BadCase])
def test_no_sentence_holds_a_control_character_or_fills_a_screen(error):
    said = str(error(f"expected one file, found \x1b]0;title\x07\u202e{'x' * 10**6}, remove one"))
    assert said.isprintable()
    assert len(said) <= 2000
    assert said.startswith(r"expected one file, found \x1b]0;title\x07\u202e")
    assert said.endswith("remove one")


@pytest.mark.parametrize("case", ["CON", "nul", "com1.x", "a."])
def test_a_name_that_windows_cannot_have_is_refused(case):
    with pytest.raises(BadInput, match="an id that can be a folder on any system"):
        checked_id(case, "case", "t.csv")


def test_names_that_begin_as_a_device_pass():
    assert [checked_id(case, "case", "t.csv") for case in ("CONTROL-1", "com", "LPT10")]
