"""The lines of each case in a reviewed table of series, read while Snakemake plans."""

from pathlib import Path

from glioma_uq.errors import BadInput
from glioma_uq.text_tables import read_text_table


def lines_by_case(path):
    """Return {case: ["modality SeriesInstanceUID", ...]} of the series selected in a table."""
    if not Path(path).is_file():
        raise BadInput(
            f"expected the reviewed table of series, found no file {path}, correct the key series "
            "of the cohort's source"
        )
    lines = {}
    for row in read_text_table(path)[1]:
        if row.get("modality"):
            line = f"{row['modality']} {row.get('SeriesInstanceUID')}"
            lines.setdefault(row.get("case"), []).append(line)
    return lines
