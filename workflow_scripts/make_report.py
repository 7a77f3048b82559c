"""Write the study's report: one page of HTML that works offline."""

from glioma_uq.steps import run

import json
import os
from pathlib import Path

from glioma_uq.report import contents, page
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.tables import read_table


def main(*, statistics, tested, figures, learning_curves, curves, viewer, overlays, volumes,
         excluded, provenance, config, network, has, output):  # fmt: skip
    paths = {Path(path).stem: path for path in statistics}
    selected = read_selected_cell(paths["selection"])
    paths |= {"tested": tested, "curves": curves, "cases": volumes, "excluded": excluded}
    tables = {name: read_table(path) if path else None for name, path in paths.items()}
    shown = contents.from_tables(tables, config, network, selected) | {"has": has}
    folder, facts = Path(output).parent, shown["cell"] | {"has": has}
    curves = page.figure(learning_curves, folder, **facts) if learning_curves else None
    shown |= {
        "figures": [page.figure(path, folder, **facts) for path in figures],
        "learning_curves": curves,
        "overlays": [page.overlay(path) for path in overlays],
        "viewer": os.path.relpath(viewer, folder) if viewer else None,
        "provenance": json.loads(Path(provenance).read_text(encoding="utf-8")),
    }
    page.write(output, "report.html.jinja", shown)
    print(shown["verdict"].sentence)


if __name__ == "__main__":
    run(main, snakemake)
