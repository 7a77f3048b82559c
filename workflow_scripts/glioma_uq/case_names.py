"""Names of cases, sessions and series: twins, the order of time, UIDs, and the closest of some.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from difflib import get_close_matches
from unicodedata import normalize

from glioma_uq.errors import BadInput

YEAR_FIRST = re.compile(r"(?<!\d)(19|20)\d\d([./_-]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
# Dates that begin with a day or a month, 20.01.2019, 1/20/19, 20012019, and months in letters.
DAY_FIRST = re.compile(
    r"(?<!\d)(\d\d?[./ _-]\d\d?[./ _-](\d{2}|\d{4})|[0-3]\d[0-3]\d(19|20)\d\d)(?!\d)"
)
MONTH = re.compile(
    r"(?<![a-z])(jan(uary?)?|feb(ruary?)?|mar(ch)?|apr(il)?|ma[iy]|jun[ei]?|jul[iy]?|aug(ust)?|"
    r"sept?(ember)?|o[ck]t(ober)?|nov(ember)?|de[cz](ember)?)(?![a-z])"
)
UID = re.compile(r"[0-9.]{1,64}", re.ASCII)  # PS3.5 9.1


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
    """Return whether the natural order of two names is that of time: numbers, or ISO dates.

    >>> tells_order("week-2", "week-10"), tells_order("2018-05-03", "2019-01-20")
    (True, True)
    >>> tells_order("post", "pre"), tells_order("03.05.2018", "20.01.2019")
    (False, False)
    >>> tells_order("6months", "1year"), tells_order("FU1", "FU1b"), tells_order("", "FU1")
    (False, True, True)
    """
    pair = [name.casefold() for name in (first, second)]
    if any(map(is_date_of_another_order, pair)):
        return False
    parts = [re.findall(r"\d+|\D+", name) for name in pair]
    for i, (one, other) in enumerate(zip(*parts, strict=False)):
        if one != other:
            units = {re.match(r"[^\W\d_]*", "".join(part[i + 1 : i + 2]))[0] for part in parts}
            return one.isdecimal() and other.isdecimal() and len(units) == 1
    return True


def is_date_of_another_order(name):
    """Return whether a name holds a date whose order as text is not that of time."""
    if YEAR_FIRST.search(name):
        return False
    return bool(DAY_FIRST.search(name) or (MONTH.search(name) and re.search(r"\d", name)))


def natural(name):
    """Return the sort key by which week-2 comes before week-10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(text), "") if text.isdecimal() else (1, 0, text) for text in parts]
