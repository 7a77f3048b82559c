"""The two ways in which input can be bad: the study cannot start, or one case cannot take part.

Every other exception is the machine's fault or a bug, and stops the run. A library that may
fail on a scan is called inside `bad_case_on` or `reading_case_file`, and nothing else is.
"""

import difflib
import errno
import re
from contextlib import contextmanager

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "bad_alloc")
# errno of what a damaged file can ask of the machine: nothing, or to seek to a nonsense place.
FAULT_OF_FILE = (None, errno.EINVAL)
POINTER = re.compile(r"\(0x[0-9a-f]+\)")  # in ITK's messages, another one in every run


class BadInput(ValueError):
    """The configuration or a table is wrong; nothing may start until it is mended.

    The message is one sentence: what was expected, what was found, what to do.
    """


class BadCase(ValueError):
    """One case cannot take part; it is excluded with this reason and the others go on."""


@contextmanager
def bad_case_on(errors, expected, found, do):
    """Raise BadCase when the enclosed call of a library raises one of `errors` on a case's data.

    `errors`: an exception type or several. The sentence is "expected `expected`, found `found`
    (the library's reason), `do`". What is the machine's fault passes through.
    """
    try:
        yield
    except errors as error:
        if isinstance(error, (BadInput, BadCase)) or is_fault_of_machine(error):
            raise
        raise BadCase(f"expected {expected}, found {found} ({in_one_line(error)}), {do}") from error


@contextmanager
def reading_case_file(path, expected, found, do):
    """Raise BadCase for any exception of a library that reads the file `path` of a case.

    A damaged file makes a parser fail in any way. See `bad_case_on` for the sentence, which
    names the file.
    """
    try:
        with bad_case_on(Exception, expected, found, do):
            yield
    except PermissionError as error:
        raise no_right_to_read(path) from error


def no_right_to_read(path):
    """Return the BadCase of a file or folder of a case that may not be read."""
    return BadCase(
        f"expected the right to read {path}, found none, ask its owner or change its permissions"
    )


def is_fault_of_machine(error):
    """Say whether an error is of memory, disk, rights or installation, and so of no scan."""
    if isinstance(error, OSError):
        return error.errno not in FAULT_OF_FILE
    if isinstance(error, (MemoryError, ImportError)):
        return True
    return any(sign in str(error).lower() for sign in OUT_OF_MEMORY)


def in_one_line(error):
    """Return what an error says without line breaks and memory addresses, or else its type."""
    return " ".join(POINTER.sub("", printable(error)).split()) or type(error).__name__


def printable(text):
    """Return a text in one line: line breaks and the like as spaces, control characters escaped."""
    return "".join(map(_printable_sign, str(text)))


def _printable_sign(sign):
    if sign.isprintable():
        return sign
    return " " if sign.isspace() else sign.encode("unicode_escape").decode()


def closest(word, words):
    """Return the hint that names the word of `words` nearest to `word`."""
    near = difflib.get_close_matches(str(word), [str(w) for w in words], n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(map(str, words))}."
