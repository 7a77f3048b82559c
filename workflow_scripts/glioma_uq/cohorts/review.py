"""Which lines of a reviewed table of series belong to which case, read while Snakemake plans."""

import csv
from pathlib import Path

from glioma_uq.errors import BadInput


def lines_by_case(path):
    """Return {case: ["modality SeriesInstanceUID", ...]} of the series that a table takes."""
    if not Path(path).is_file():
        raise BadInput(
            f"expected the reviewed table of series, found no file {path}, correct the key series "
            "of the cohort's source"
        )
    lines = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row.get("modality"):
                line = f"{row['modality']} {row.get('SeriesInstanceUID')}"
                lines.setdefault(row.get("case"), []).append(line)
    return lines
