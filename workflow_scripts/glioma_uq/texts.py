"""Texts from outside: ids and free texts, each checked where it enters, before a file has it.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from unicodedata import category, normalize

from glioma_uq.errors import BadInput, printable

SIGNS = "_.-+"  # of ids, besides letters and digits
PLAIN_ID = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9{re.escape(SIGNS)}]*", re.ASCII)
# The fillers of Hangul count as letters and are invisible.
FILLERS = "\u115f\u1160\u3164\uffa0"
# What Windows takes for a device, and so do shares that it mounts.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
IN_SHELLS = "$`\\\"'"  # what a shell reads inside quotes, and quotes
IN_RULES = "{}"  # around wildcards of Snakemake
LONGEST_ID_BYTES = 150  # file systems allow 255; endings and temporary names are added
LONGEST_TEXT = 500  # characters
LONGEST_ELEMENT = 64  # characters of a DICOM element of one line (LO, UI), PS3.5 6.2
QUOTED = 60  # characters of a text that a sentence quotes


def composed(text):
    """Return a text with composed letters (NFC): an u and its dots, as macOS stores it, are ü."""
    return normalize("NFC", text)


def checked_id(text, what, place):
    """Return an id with composed letters; it can be a folder's name and a word of a command.

    Letters are those of any script that needs no combining marks, but no characters that only look
    like other signs (NFKC).

    Args:
        text: of a case or a patient.
        what: what it is the id of, as "case".
        place: the table or folder it comes from.

    Raises BadInput.
    """
    text = composed(text)
    if not PLAIN_ID.fullmatch(text):
        signs = text + normalize("NFKC", text)
        if not (text[:1] == "_" or _is_letter(text[:1])) or not all(map(_is_of_id, signs)):
            raise BadInput(
                f"expected an id of letters, digits and {' '.join(SIGNS)}, which begins with a "
                f"letter, digit or _, as {what} in {place}, found {quoted(text)}, rename it, or "
                "let labels.ids rewrite it"
            )
    if text.endswith(".") or DEVICES.fullmatch(text):
        raise BadInput(
            f"expected an id that can be a folder on any system as {what} in {place}, found "
            f"{quoted(text)}, rename it"
        )
    if (length := len(text.encode())) > LONGEST_ID_BYTES:
        raise BadInput(
            f"expected an id of at most {LONGEST_ID_BYTES} bytes as {what} in {place}, found "
            f"{length}: {quoted(text)}, shorten it"
        )
    return text


def checked_text(text, what, place):
    """Return a free text with composed letters, and any white space in it as plain spaces.

    The arguments are those of `checked_id`. Raises BadInput for control and format characters,
    which write elsewhere than they stand, and for a longer text than LONGEST_TEXT.
    """
    if not text.isascii() or not text.isprintable():
        text = "".join(" " if sign.isspace() else sign for sign in composed(text))
    if not text.isprintable():
        raise BadInput(
            f"expected no control or format characters in {what} of {place}, found "
            f"{quoted(text)}, remove them"
        )
    if len(text) > LONGEST_TEXT:
        raise BadInput(
            f"expected at most {LONGEST_TEXT} characters in {what} of {place}, found {len(text)}: "
            f"{quoted(text)}, shorten it"
        )
    return text


def kept_text(text):
    """Return a text of a header or an archive as tables keep it: printable, as long as DICOM has.

    What is no text stays what it is.
    """
    return printable(text).strip()[:LONGEST_ELEMENT] if isinstance(text, str) else text


def has_control(text):
    """Return whether a text holds control or format characters; a no-break space is none."""
    return not text.isprintable() and any(
        not sign.isprintable() and category(sign) != "Zs" for sign in text
    )


def is_plain_path(path):
    """Return whether the input of a job may have this path: it is printed, and reaches a shell."""
    return not has_control(path) and not set(path) & set(IN_SHELLS + IN_RULES)


def quoted(text, longest=QUOTED):
    """Return the beginning of a text in quotes, with control characters escaped."""
    return repr(text) if len(text) <= longest else f"{text[:longest]!r}..."


def _is_letter(sign):
    return sign != "" and sign not in FILLERS and (category(sign)[0] == "L" or sign.isdecimal())


def _is_of_id(sign):
    return sign in SIGNS or _is_letter(sign)
