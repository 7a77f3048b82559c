"""One log for each job: all that is printed, the true error last, and the way to it."""

import os
import subprocess
import sys
import traceback

import pytest

from glioma_uq.logs import log_to


def test_the_log_ends_with_the_error_and_the_error_with_the_path_of_the_log(tmp_path):
    log = tmp_path / "logs" / "job.log"
    with pytest.raises(ZeroDivisionError) as raised, log_to(log):
        print("before")
        1 / 0
    assert log.read_text().splitlines()[-1] == "ZeroDivisionError: division by zero"
    last = "".join(traceback.format_exception(raised.value)).splitlines()[-1]
    assert last == f"The log of this job: {log}"


def test_an_error_that_was_caused_by_another_comes_after_it(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(ValueError, match="second"), log_to(log):
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error
    text = log.read_text()
    assert 0 < text.index("KeyError: 'first'") < text.index("ValueError: second")
    assert text.endswith("ValueError: second\n")


def test_a_log_moves_no_terminal(tmp_path):
    with log_to(tmp_path / "job.log"):
        print("\x1b]0;title\x07 a\u202eb\u2028\x85 \x00\tend")
        sys.stdout.writelines(["one\n", "two\xa0\n"])
    text = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert text == r"\x1b]0;title\x07 a\u202eb\u2028\x85 \x00" + "\tend\none\ntwo\xa0\n"


def test_the_machines_language_and_names_that_are_no_text_do_not_matter(tmp_path):
    """A printed umlaut is no error where the locale knows none, nor is a byte of no encoding."""
    code = (
        "import sys; from glioma_uq.logs import log_to\n"
        "with log_to(sys.argv[1]): print('M\\u00fcller', 'a\\udcffb')"
    )
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "0"}
    environment |= {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code, str(tmp_path / "job.log")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "job.log").read_text(encoding="utf-8") == "Müller a\\udcffb\n"
