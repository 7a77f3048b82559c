"""One log for each job: all that the job prints, then the sentence or traceback if it fails."""

import io
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from glioma_uq.errors import Sentence, escaped
from glioma_uq.files import no_link


class Log(io.TextIOWrapper):
    """A text file that a terminal can show: control characters are escaped, but for line ends."""

    def write(self, text):
        """Write a text and return the number of its characters."""
        super().write(escaped(text))
        return len(text)


@contextmanager
def log_to(path):
    """Send stdout and stderr of the enclosed work to the file `path`, line by line.

    An exception is written at the end of the log, a sentence without its traceback, and raised
    again, with the log's path as its last line. The log is UTF-8 whatever the locale;
    undecodable names and control characters, as of a file's name or a header that a tool prints,
    are escaped.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    stdout, stderr = sys.stdout, sys.stderr
    with _opened(path) as log:
        sys.stdout = sys.stderr = log
        try:
            yield
        except BaseException as error:
            if isinstance(error, Sentence):
                print(error, file=log)
            else:
                traceback.print_exc(file=log)
            error.add_note(f"The log of this job: {path}")
            raise
        finally:
            sys.stdout, sys.stderr = stdout, stderr


def log_crash_to(path):
    """Write an exception that ends this process to the file `path` too, before it is shown."""

    def write(kind, error, trace):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with _opened(path) as log:
            traceback.print_exception(kind, error, trace, file=log)
        sys.__excepthook__(kind, error, trace)

    sys.excepthook = write


def _opened(path):
    return Log(open(path, "wb", opener=no_link), "utf-8", "backslashreplace", line_buffering=True)


def progress(items, what):
    """Yield the items; after each, print the number done and the estimated time left."""
    began = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        pace = (time.monotonic() - began) / done
        print(
            f"{done} of {len(items)} {what}, {pace:.1f} s each, "
            f"about {pace * (len(items) - done) / 60:.1f} min left"
        )
