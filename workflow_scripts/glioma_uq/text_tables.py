"""Reading of users' tables as text: CSV and TSV in every dialect, and sheets of Excel.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import codecs
import csv
import io
import re
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from glioma_uq.errors import BadInput, in_one_line, is_fault_of_machine

WORKBOOKS = (".xlsx", ".xlsm")
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".numbers")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
QUOTED = re.compile(r'(^|[,;\t]) *"(?:[^"]|"")*"', re.MULTILINE)
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
# What tables have where no patient and no session is known; #n/a is a failed look-up of Excel.
BLANK = ("", "na", "n/a", "#n/a", "nan", "none", "null", "-", "?", "unknown")
LEADING_ZEROS = re.compile(r"0+")  # number format of ids like 007


class Row(dict):
    """A row of a table, {column: text}; `line` is the line of the file in which it ends."""

    def __init__(self, fields, line):
        super().__init__(fields)
        self.line = line


def read_text_table(path, sheet=None):
    """Return (header, rows) of a table: its column names, and a `Row` of texts for each line.

    A file that ends in .xlsx or .xlsm is a workbook, any other is text in UTF-8 or, with a
    byte order mark, UTF-16. Text is separated by tabs where it ends in .tsv, otherwise by
    the comma, semicolon or tab that its header has most often outside quotes. Spaces around
    fields, line breaks in column names and blank lines are dropped. Both are empty for an
    empty file.

    Args:
        path: of the table.
        sheet: name or number, from 1, of the sheet of a workbook; None for the first visible one.

    Raises BadInput for a file that cannot be read as one of these, and for a line with more
    or fewer fields than the header.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in OTHER_WORKBOOKS:
        raise BadInput(
            f"expected a table as CSV, TSV or .xlsx, found {path}, save it as CSV UTF-8 or .xlsx"
        )
    if ending in WORKBOOKS:
        lines, advice = _lines_of_sheet(path, sheet), "fill or delete the others"
    elif sheet is None:
        lines, separator = _lines_of_text(path)
        advice = f"put texts that hold a {SEPARATORS[separator]} in quotes"
    else:
        raise BadInput(
            f"expected a workbook (.xlsx) with the sheet {sheet!r}, found {path}, remove sheet"
        )
    lines = [(number, [text.strip() for text in fields]) for number, fields in lines]
    lines = [(number, fields) for number, fields in lines if any(fields)]
    header = [" ".join(name.split()) for name in lines[0][1]] if lines else []
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            raise BadInput(
                f"expected {len(header)} fields in line {number} of {path}, as in its header, "
                f"found {len(fields)}, {advice}"
            )
    return header, [Row(zip(header, fields, strict=True), n) for n, fields in lines[1:]]


def number_of(text):
    """Return the number that a text is, with a decimal point or comma, or None.

    >>> number_of("1,50"), number_of("2e-1"), number_of("1,234.5")
    (1.5, 0.2, None)
    """
    return float(text.replace(",", ".")) if NUMBER.fullmatch(text) else None


def check_column(column, header, path, key):
    """Raise BadInput unless the header has the column once; `key` of the config names it."""
    if column not in header:
        near = get_close_matches(column, header, 1, cutoff=0)
        raise BadInput(
            f"expected a column {column!r} in {path}, found {', '.join(header)}, "
            f"set {key} (nearest: {near[0] if near else 'none'})"
        )
    check_named_once(column, header, path)


def check_named_once(column, header, path):
    """Raise BadInput if the header has a column of this name more than once."""
    if header.count(column) > 1:
        raise BadInput(
            f"expected one column {column!r} in {path}, found {header.count(column)}, "
            "rename all but one"
        )


def select_rows(rows, only, path, key):
    """Return the rows whose texts are among those that `only`, {column: texts}, allows.

    Raises BadInput for a text that no row has; `key` of the config holds `only`.
    """
    for column, allowed in only.items():
        texts = [str(text) for text in allowed]
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
    """Return ([(number, fields)], separator) of a text."""
    try:
        text = _decoded(path.read_bytes())
        separator = "\t" if path.suffix.lower() == ".tsv" else _separator(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return [(reader.line_num, fields) for fields in reader], separator
    except csv.Error as error:
        raise BadInput(
            f"expected fields and quotes as CSV has them in line {reader.line_num} of {path}, "
            f"found {in_one_line(error)}, double a quote inside a field in quotes"
        ) from error
    except (OSError, UnicodeError) as error:
        raise BadInput(
            f"expected a table as text in UTF-8 in {path}, found {in_one_line(error)}, save it as "
            "CSV UTF-8"
        ) from error


def _decoded(content):
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def _separator(text):
    """Return the separator that is most frequent in the header outside quotes."""
    lines = QUOTED.sub(r"\1quoted", text).splitlines()
    header = next((line for line in lines if line.strip()), "")
    return max(SEPARATORS, key=header.count)


def _lines_of_sheet(path, sheet):
    """Return [(number, texts)] of a sheet of a workbook."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise BadInput(
            f"expected openpyxl for the workbook {path}, found no such package, install it with "
            "`make excel`"
        ) from error
    try:
        values, formulas = (load_workbook(path, data_only=stored) for stored in (True, False))
    except Exception as error:  # a damaged workbook makes openpyxl fail in any way
        if is_fault_of_machine(error) and not isinstance(error, OSError):
            raise
        raise BadInput(
            f"expected a workbook of Excel in {path}, found {in_one_line(error)}, save it anew as "
            ".xlsx"
        ) from error
    name = _name_of_sheet(values, sheet, path)
    if merged := sorted(map(str, formulas[name].merged_cells.ranges)):
        raise BadInput(
            f"expected a sheet without merged cells, found {', '.join(merged[:5])} in sheet "
            f"{name!r} of {path}, unmerge them and write each value where it belongs"
        )
    return [
        (number, [_text_of(*cells, path) for cells in zip(*row, strict=True)])
        for number, row in enumerate(zip(values[name], formulas[name], strict=True), start=1)
    ]


def _name_of_sheet(book, sheet, path):
    names = [each.title for each in book.worksheets]
    visible = [each.title for each in book.worksheets if each.sheet_state == "visible"]
    number = (visible or names or [1])[0] if sheet is None else sheet
    if number in names:
        return number
    if isinstance(number, int) and 0 < number <= len(names):
        return names[number - 1]
    raise BadInput(
        f"expected a sheet {number!r} in {path}, found {', '.join(names) or 'none'}, name one by "
        f"its name or number, from 1 to {len(names)}"
    )


def _text_of(cell, formula, path):
    """Return a cell as text: a whole number without point, a date as YYYY-MM-DD."""
    value = cell.value
    if value is None:
        # Only a text that is empty is stored with its type.
        if formula.value is not None and cell.data_type != "str":
            raise BadInput(
                f"expected the value of the formula in cell {cell.coordinate} of {path}, found "
                "none stored, save it once more with Excel or LibreOffice"
            )
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        zeros = LEADING_ZEROS.fullmatch(cell.number_format)
        return str(int(value)).zfill(len(zeros[0]) if zeros else 1)
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)
