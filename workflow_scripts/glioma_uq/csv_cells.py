"""Cells of our CSV files that a spreadsheet would run as a formula, marked as text and read again.

A text such as +C, =1+1 or @home is written with an apostrophe before it, as spreadsheets mark a
text; one that begins with apostrophes and then so is given one more. A comma stands inside quotes
in a CSV, but a spreadsheet of another language splits at semicolons: what follows one counts too.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re

NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+|inf)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
# A sign of a formula, those of full width included, and something that it could compute.
FORMULA = re.compile(r"('*)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20].*\w)", re.DOTALL)


def marked(cell):
    """Return a text as a CSV has it; what is no text stays what it is.

    >>> marked("+C"), marked("-1.5"), marked("T1 +C"), marked("a;=1+1"), marked("'=1")
    ("'+C", '-1.5', 'T1 +C', "a;'=1+1", "''=1")
    """
    if not isinstance(cell, str):
        return cell
    return ";".join(f"'{part}" if _would_run(part) else part for part in cell.split(";"))


def unmarked(cell):
    """Return the text that `marked` was given."""
    if not isinstance(cell, str):
        return cell
    return ";".join(
        part[1:] if part.startswith("'") and _would_run(part) else part for part in cell.split(";")
    )


def _would_run(part):
    return bool(FORMULA.match(part)) and not NUMBER.fullmatch(part)
