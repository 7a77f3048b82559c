"""CSV tables: ids stay text, numbers keep every digit, files are written whole."""

import pandas as pd

from glioma_uq.csv_cells import marked, unmarked
from glioma_uq.files import written_whole

TEXT = {"case": str, "patient": str, "source": str}


def read_table(path):
    """Return a table with its ids as text; blanks, and nan among numbers, are missing values."""
    columns = pd.read_csv(path, nrows=0).columns
    # Only these: a case may be called NA or nan.
    missing = {name: [""] if name in TEXT else ["", "nan", "NaN"] for name in columns}
    table = pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values=missing)
    return _with_texts(table, unmarked)


def write_table(table, path):
    """Write a table whole or not at all: all digits of each number, and no text that can run."""
    with written_whole(path) as temporary:
        _with_texts(table, marked).to_csv(temporary, index=False)


def append_rows(rows, path):
    """Add rows (dicts of the same keys) to the CSV at `path`, which may not exist yet."""
    if not rows:
        return
    with open(path, "a", encoding="utf-8") as file:
        table = _with_texts(pd.DataFrame(rows), marked)
        table.to_csv(file, index=False, header=file.tell() == 0)


def _with_texts(table, change):
    """Return a table with `change` of each text; the same table where nothing changes."""
    changed = {}
    for name in table.select_dtypes(["object", "string", "category"]):
        texts = {text: change(text) for text in table[name].unique() if isinstance(text, str)}
        if any(text != new for text, new in texts.items()):
            changed[name] = table[name].map(lambda text, texts=texts: texts.get(text, text))
    return table.assign(**changed) if changed else table
