"""Sheets of Excel as lines of texts.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from datetime import datetime

from glioma_uq.bounded_workbooks import open_workbook
from glioma_uq.errors import BadInput, in_one_line, is_fault_of_machine
from glioma_uq.texts import composed

LEADING_ZEROS = re.compile(r"0+")  # number format of ids like 007


def lines_of_sheet(path, sheet):
    """Return [(number, texts)] of a sheet of a workbook."""
    try:
        values, formulas = open_workbook(path)
    except ImportError as error:
        raise BadInput(
            f"expected openpyxl for the workbook {path}, found no such package, install it with "
            "`make excel`"
        ) from error
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
        (number, [composed(_text_of(*cells, path)) for cells in zip(*row, strict=True)])
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
