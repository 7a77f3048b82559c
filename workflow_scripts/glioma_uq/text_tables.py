"""Reading of users' tables as text: CSV and TSV in every dialect, and sheets of Excel.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import codecs
import csv
import io
import re
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from glioma_uq.errors import BadInput, in_one_line
from glioma_uq.plurals import counted
from glioma_uq.texts import composed
from glioma_uq.workbooks import lines_of_sheet

WORKBOOKS = (".xlsx", ".xlsm")
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".numbers")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
QUOTED = re.compile(r'(^|[,;\t]) *"(?:[^"]|"")*"', re.MULTILINE)
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
# What tables have where no patient and no session is known; #n/a is a failed look-up of Excel.
BLANK = ("", "na", "n/a", "#n/a", "nan", "none", "null", "-", "?", "unknown")
STATED_SEPARATOR = re.compile(r'"?sep=([,;\t])"?\r?\n?', re.IGNORECASE)  # Excel's first line
FIRST_LINES = 50  # from which the separator is known
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 50_000_000, 100_000, 5_000


class Row(dict):
    """A row of a table, {column: text}; `line` is the line of the file in which it ends.

    A column is found by its name in decomposed letters too.
    """

    def __init__(self, fields, line):
        super().__init__(fields)
        self.line = line

    def __missing__(self, column):
        if composed(column) == column:
            raise KeyError(column)
        return self[composed(column)]


def read_text_table(path, sheet=None):
    """Return (header, rows) of a table: its column names, and a `Row` of texts for each line.

    A file that ends in .xlsx or .xlsm is a workbook, any other is text in UTF-8 or, with a
    byte order mark, UTF-16. Text is separated by tabs where it ends in .tsv, otherwise as a first
    line `sep=;` says, or by the comma, semicolon or tab that gives every line as many fields, of
    several the one that its header has most often outside quotes. Letters are composed; spaces
    around fields, line breaks in column names and blank lines are dropped. Both are empty for an
    empty file.

    Args:
        path: of the table.
        sheet: name or number, from 1, of the sheet of a workbook; None for the first visible one.

    Raises BadInput for a file that cannot be read as one of these or is larger than the limits
    above, and for a line with more or fewer fields than the header.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in OTHER_WORKBOOKS:
        raise BadInput(
            f"expected a table as CSV, TSV or .xlsx, found {path}, save it as CSV UTF-8 or .xlsx"
        )
    if ending in WORKBOOKS:
        lines, advice = lines_of_sheet(path, sheet), "fill or delete the others"
    elif sheet is None:
        lines, separator = _lines_of_text(path)
        advice = (
            f"separate fields by a {SEPARATORS[separator]}, put texts that hold one in quotes, and "
            "begin with the header"
        )
    else:
        raise BadInput(
            f"expected a workbook (.xlsx) with the sheet {sheet!r}, found {path}, remove sheet"
        )
    header, rows = [], []
    for number, fields in lines:
        fields = [text.strip() for text in fields]
        if not any(fields):
            continue
        if not header:
            header = [" ".join(name.split()) for name in fields]
            if len(header) > MOST_COLUMNS:
                raise BadInput(
                    f"expected at most {MOST_COLUMNS:,} columns in {path}, found {len(header):,}, "
                    "leave some out"
                )
            continue
        if len(fields) != len(header):
            raise BadInput(
                f"expected {counted(len(header), 'field')} in line {number} of {path}, as in its "
                f"header, found {len(fields)}, {advice}"
            )
        if len(rows) == MOST_ROWS:
            raise BadInput(
                f"expected at most {MOST_ROWS:,} rows in {path}, found more, leave some out"
            )
        rows.append(Row(zip(header, fields, strict=True), number))
    return header, rows


def number_of(text):
    """Return the number that a text is, with a decimal point or comma, or None.

    >>> number_of("1,50"), number_of("2e-1"), number_of("1,234.5")
    (1.5, 0.2, None)
    """
    return float(text.replace(",", ".")) if NUMBER.fullmatch(text) else None


def check_column(column, header, path, key):
    """Raise BadInput unless the header has the column once; `key` of the config names it."""
    if composed(column) not in header:
        near = get_close_matches(column, header, 1, cutoff=0)
        raise BadInput(
            f"expected a column {column!r} in {path}, found {', '.join(header)}, "
            f"set {key} (nearest: {near[0] if near else 'none'})"
        )
    check_named_once(column, header, path)


def check_named_once(column, header, path):
    """Raise BadInput if the header has a column of this name more than once."""
    if (times := header.count(composed(column))) > 1:
        raise BadInput(
            f"expected one column {column!r} in {path}, found {times}, rename all but one"
        )


def select_rows(rows, only, path, key):
    """Return the rows whose texts are among those that `only`, {column: texts}, allows.

    Raises BadInput for a text that no row has; `key` of the config holds `only`.
    """
    for column, allowed in only.items():
        texts = [composed(str(text)) for text in allowed]
        there = {row[column] for row in rows}
        meant = {text: {x for x in there if _is_same(x, text)} for text in texts}
        if absent := [text for text in texts if not meant[text]]:
            raise BadInput(
                f"expected rows of {path} with {' and '.join(absent)} as {column}, found "
                f"{', '.join(sorted(there))}, correct {key}"
            )
        wanted = set().union(*meant.values())
        rows = [row for row in rows if row[column] in wanted]
    return rows


def _is_same(text, wanted):
    """Return whether two texts are the same, or the same number: 1 and 1.0."""
    both = number_of(text), number_of(wanted)
    return text == wanted or (None not in both and both[0] == both[1])


def is_blank(text):
    """Return whether a text stands for no patient, or no session, at all."""
    return text.lower() in BLANK


def check_ids(rows, column, path, none=("",)):
    """Raise BadInput if rows have no id in a column; it tells their number and their lines.

    `none`: texts in small letters that are no id. A case may be called NA, a patient is not.
    """
    blank = [str(row.line) for row in rows if row[column].lower() in none]
    if blank:
        more = ", ..." if len(blank) > 10 else ""
        lines = f"line {blank[0]}" if len(blank) == 1 else f"lines {', '.join(blank[:10])}{more}"
        raise BadInput(
            f"expected an id as {column} in each row of {path}, found none in {len(blank)} of "
            f"{len(rows)} ({lines}), fill it in, or leave out such rows with only"
        )


def _lines_of_text(path):
    """Return ([(number, fields)], separator) of a text; the lines are read one by one."""
    with _reading_text(path):
        if (size := path.stat().st_size) > MOST_BYTES:
            raise BadInput(
                f"expected a table of at most {MOST_BYTES / 1e6:.0f} MB, found {path} with "
                f"{size / 1e6:.0f} MB, keep the columns and rows that are used"
            )
        text = composed(_decoded(path.read_bytes()))
    stated = STATED_SEPARATOR.match(text)
    separator = "\t" if path.suffix.lower() == ".tsv" else stated[1] if stated else _separator(text)
    skipped = stated.end() if stated else 0
    return _fields_of(text[skipped:], separator, path, bool(stated)), separator


def _fields_of(text, separator, path, above):
    """Yield (number, fields) of each line of a text with `above` lines above it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for fields in reader:
            yield reader.line_num + above, fields
    except csv.Error as error:
        raise BadInput(
            f"expected fields and quotes as CSV has them in line {reader.line_num + above} of "
            f"{path}, found {in_one_line(error)}, double a quote inside a field in quotes"
        ) from error


@contextmanager
def _reading_text(path):
    try:
        yield
    except (OSError, UnicodeError) as error:
        raise BadInput(
            f"expected a table as text in UTF-8 in {path}, found {in_one_line(error)}, save it as "
            "CSV UTF-8"
        ) from error


def _decoded(content):
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def _separator(text):
    """Return the separator by which every first line has as many fields, two or more.

    Where several do, or none does, it is the one most frequent in the header outside quotes.
    """
    beginning = "".join(islice(io.StringIO(text, newline=""), FIRST_LINES))
    lines = QUOTED.sub(r"\1quoted", beginning).splitlines()
    lines = [line for line in lines if line.strip()]
    frequent = sorted(SEPARATORS, key=lambda sign: -lines[0].count(sign)) if lines else [","]
    for sign in frequent:
        counts = {line.count(sign) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return sign
    return frequent[0]
