"""Workbooks of Excel (.xlsx), opened within bounds: openpyxl makes every cell that a sheet names.

Snakemake reads this module while it plans, so it imports openpyxl only when there is a workbook.
"""

import re
import zipfile
from contextlib import suppress
from xml.etree import ElementTree

from glioma_uq.unpacking import unpacked

MOST_UNPACKED_BYTES = 2**26  # ASSUME: 10,000 rows of 50 columns have 20 MiB
MOST_CELLS = 2**20  # ASSUME: of one sheet, from A1 to the last; openpyxl makes them all
NAMED = ("c", "row", "mergeCell", "hyperlink")  # elements that name cells
CELL = re.compile(r"\$?([A-Z]{0,3})\$?([0-9]{1,7})")


def open_workbook(path):
    """Return [the workbook with its stored values, the same with its formulas], by openpyxl.

    Raises ValueError if it is too large, and whatever openpyxl raises on a damaged one.
    """
    from openpyxl import load_workbook

    file = unpacked(path, MOST_UNPACKED_BYTES)
    with zipfile.ZipFile(file) as packed:
        for name in packed.namelist():
            with packed.open(name) as part, suppress(ElementTree.ParseError):  # of a picture
                _check_cells(part, name)
    return [load_workbook(file, data_only=stored) for stored in (True, False)]


def _check_cells(sheet, name):
    """Raise ValueError if XML, which a sheet is by any name, names a cell too far from A1."""
    rows = columns = 0
    for _, element in ElementTree.iterparse(sheet):  # noqa: S314  # expat bounds its entities
        if element.tag.rpartition("}")[2] in NAMED:
            for letters, row in CELL.findall(element.get("r") or element.get("ref") or ""):
                rows, columns = max(rows, int(row)), max(columns, _number_of(letters))
        element.clear()
    if rows * columns > MOST_CELLS:
        raise ValueError(
            f"{rows} rows of {columns} columns in {name}, more than {MOST_CELLS} cells: delete "
            "what is below and beside the table"
        )


def _number_of(letters):
    """Return the number of a column.

    >>> _number_of("A"), _number_of("XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
