"""Reading of users' CSV and TSV files as plain text, with checks.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import csv
from pathlib import Path

from glioma_uq.errors import BadInput


def read_text_table(path):
    """Return (header, rows) of a CSV, or of a TSV by its ending: names, and dicts of text.

    Spaces around fields, line breaks in column names, blank lines and a byte order mark are
    dropped. Both are empty for an empty file. Raises BadInput for a file that cannot be read
    as text, and for a line with more or fewer fields than the header.
    """
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            lines = [(reader.line_num, [text.strip() for text in fields]) for fields in reader]
    except (csv.Error, OSError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(
            f"expected a table as text in UTF-8 in {path}, found {reason}, save it as CSV UTF-8"
        ) from error
    lines = [(number, fields) for number, fields in lines if any(fields)]
    header = [" ".join(name.split()) for name in lines[0][1]] if lines else []
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            raise BadInput(
                f"expected {len(header)} fields in line {number} of {path}, as in its header, "
                f"found {len(fields)}, put texts that hold a comma in quotes"
            )
    return header, [dict(zip(header, fields, strict=True)) for _, fields in lines[1:]]


def check_named_once(column, header, path):
    """Raise BadInput if the header has a column of this name more than once."""
    if header.count(column) > 1:
        raise BadInput(
            f"expected one column {column!r} in {path}, found {header.count(column)}, "
            "rename all but one"
        )
