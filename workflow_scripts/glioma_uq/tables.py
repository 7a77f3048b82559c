"""CSV tables: ids stay text, numbers keep every digit, files are written whole."""

import pandas as pd

from glioma_uq.files import written_whole

TEXT = {"case": str, "patient": str, "source": str}


def read_table(path):
    """Return a table with its ids as text; only blanks and nan are missing values."""
    blanks = ["", "nan", "NaN"]  # only these: a case may be called NA
    return pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=blanks)


def write_table(table, path):
    """Write a table whole or not at all, with all digits of each number."""
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False)


def append_rows(rows, path):
    """Add rows (dicts of the same keys) to the CSV at `path`, which may not exist yet."""
    if not rows:
        return
    with open(path, "a", encoding="utf-8") as file:
        pd.DataFrame(rows).to_csv(file, index=False, header=file.tell() == 0)
