"""The two errors of bad input: the study cannot start, or one case cannot be used.

Any other exception is a fault of the machine or a bug, and stops the run. Only calls of a
library that may fail on a scan stand inside `bad_case_on` or `reading_case_file`.
"""

import difflib
import errno
import re
from contextlib import contextmanager

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "bad_alloc")
# errno of an OSError that a damaged file can cause: none, or that of seeking to a bad position.
FAULT_OF_FILE = (None, errno.EINVAL)
LONGEST_SENTENCE = 2000  # characters
POINTER = re.compile(r"\(0x[0-9a-f]+\)")  # in ITK's messages, different in every run


class Sentence(ValueError):
    """An error of one sentence: what was expected, what was found, what to do.

    What it quotes comes from outside: control characters are escaped, and of a sentence longer
    than LONGEST_SENTENCE the middle is left out.
    """

    def __init__(self, message=""):
        super().__init__(shortened(printable(message)))


class BadInput(Sentence):
    """The configuration or a table is wrong; nothing starts until it is fixed."""


class BadCase(Sentence):
    """One case cannot be used; it is excluded with this reason and the others continue."""


@contextmanager
def bad_case_on(errors, expected, found, do):
    """Raise BadCase when the enclosed call of a library raises one of `errors` on a case's data.

    `errors`: an exception type or several. The sentence is "expected `expected`, found `found`
    (the library's reason), `do`". Faults of the machine are raised unchanged.
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

    A damaged file can make a parser fail in any way. `bad_case_on` describes the message;
    here it should name the file.
    """
    try:
        with bad_case_on(Exception, expected, found, do):
            yield
    except PermissionError as error:
        raise no_right_to_read(path) from error


def no_right_to_read(path):
    """Return the BadCase for a file or folder without permission to read."""
    return BadCase(
        f"expected the right to read {path}, found none, ask its owner or change its permissions"
    )


@contextmanager
def installed_by_downloads(package, purpose):
    """Raise BadInput when a package that `make downloads` installs cannot be imported."""
    try:
        yield
    except ImportError as error:
        raise BadInput(
            f"expected {package} for {purpose}, found no such package, install it with "
            "`make downloads`"
        ) from error


def is_fault_of_machine(error):
    """Return whether an error is of memory, disk, permissions or installation, not of a scan."""
    if isinstance(error, OSError):
        return error.errno not in FAULT_OF_FILE
    if isinstance(error, (MemoryError, ImportError)):
        return True
    # Libraries in C++ tell it in words; other errors may quote words of the file itself.
    told = isinstance(error, RuntimeError)
    return told and any(sign in str(error).lower() for sign in OUT_OF_MEMORY)


def in_one_line(error):
    """Return an error's message without line breaks and memory addresses, or its type if empty."""
    return " ".join(POINTER.sub("", printable(error)).split()) or type(error).__name__


def shortened(text, longest=LONGEST_SENTENCE):
    """Return a text without its middle if it is too long: its ends say what and what to do.

    >>> shortened("expected a, found bbbbbbbbbbbbbbbbbbbbbb, do c", 24)
    'expected ... bbb, do c'
    """
    if len(text) <= longest:
        return text
    half = (longest - 5) // 2
    return f"{text[:half].rstrip()} ... {text[-half:]}"


def printable(text):
    """Return a text on one line: white space as spaces, control characters escaped."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(map(_printable_character, text))


def escaped(text):
    """Return a text with control characters escaped, but for ends of lines and tabs."""
    return text if text.isprintable() else "".join(map(_escaped_character, text))


def _printable_character(character):
    return " " if character.isspace() else _escaped_character(character)


def _escaped_character(character):
    if character.isprintable() or character in "\n\r\t\xa0":
        return character
    return character.encode("unicode_escape").decode()


def closest(word, words):
    """Return a hint that names the closest of `words` to `word`."""
    near = difflib.get_close_matches(str(word), [str(w) for w in words], n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(map(str, words))}."
