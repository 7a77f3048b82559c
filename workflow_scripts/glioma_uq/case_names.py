"""Ids from tables, which become names of folders and files: checks, and the closest of some.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from difflib import get_close_matches
from unicodedata import normalize

from glioma_uq.errors import BadInput

FORBIDDEN = '/\\{}<>*?"'
LONGEST_BYTES = 150  # file systems allow 255; endings and temporary names are added
# Dates whose first number is a day or a month: 20.01.2019, 1/20/19, 20 Jan 2019.
DAY_FIRST = re.compile(r"\D*\d{1,2}([./ -]\d{1,2}[./ -](\d{2}|\d{4})|\D+(\d{1,2}\D+)?\d{4})")
UID = re.compile(r"[0-9.]{1,64}", re.ASCII)  # PS3.5 9.1


def check_case_name(case, table):
    """Raise BadInput unless `case`, an id from `table`, is a valid folder name on any file system.

    Look-alike characters count as those they look like (NFKC: a fullwidth slash is a slash).
    """
    plain = normalize("NFKC", case)
    begins = plain[:1].isalnum() or plain[:1] == "_"
    if not begins or not case.isprintable() or set(case + plain) & set(FORBIDDEN):
        looks = f", which reads as {plain!r}," if plain != case else ""
        raise BadInput(
            f"expected the name of a folder as case, found {case!r}{looks} in {table}, begin it "
            f"with a letter or digit and use no control character and none of {FORBIDDEN}"
        )
    if len(case.encode()) > LONGEST_BYTES:
        raise BadInput(
            f"expected the name of a case in at most {LONGEST_BYTES} bytes, found "
            f"{len(case.encode())} in {table}: {case[:20]}..., shorten it"
        )


def check_no_twins(cases, table):
    """Raise BadInput for two names that file systems or readers take for one: P-1, p-1, "P -1"."""
    seen = {}
    for case in cases:
        signs = normalize("NFKC", case).casefold()
        plain = "".join(x for x in signs if x.isprintable() and not x.isspace())
        other = seen.setdefault(plain, case)
        if other != case:
            raise BadInput(
                f"expected names that differ in more than case and spaces, found {other!r} and "
                f"{case!r} in {table}, which file systems or readers may take for one, rename one"
            )


def check_uid(uid, table):
    """Raise BadInput unless `uid` is a DICOM UID: at most 64 digits and dots."""
    if not UID.fullmatch(uid) or set(uid) == {"."}:
        raise BadInput(
            f"expected a SeriesInstanceUID of digits and dots, found {uid[:80]!r} in {table}, "
            "correct it"
        )


def closest(case, names):
    """Return a hint with the closest of `names`, "" when none is close."""
    near = get_close_matches(case, names, 1)
    return f" (closest: {near[0]})" if near else ""


def tells_order(first, second):
    """Return whether the natural order of two names is one of numbers: not of words, nor of days.

    >>> tells_order("week-2", "week-10"), tells_order("2018-05-03", "2019-01-20")
    (True, True)
    >>> tells_order("post", "pre"), tells_order("03.05.2018", "20.01.2019")
    (False, False)
    """
    if DAY_FIRST.fullmatch(first) or DAY_FIRST.fullmatch(second):
        return False
    pairs = zip(re.split(r"(\d+)", first), re.split(r"(\d+)", second), strict=False)
    parts = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return "" in parts or all(part.isdecimal() for part in parts)


def natural(name):
    """Return the sort key by which week-2 comes before week-10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(text), "") if text.isdecimal() else (1, 0, text) for text in parts]
