"""Write the study's report: one page of HTML that works offline."""

import json
import os
from pathlib import Path

from glioma_uq.files import written_whole
from glioma_uq.report import contents, page
from glioma_uq.report.verdict import learned
from glioma_uq.statistics.selected_cell import read_selected_cell
from glioma_uq.steps import run
from glioma_uq.tables import read_table


def main(
    *,
    statistics,
    figures,
    learning_curves,
    curves,
    viewer,
    overlays,
    volumes,
    excluded,
    provenance,
    config,
    network,
    output,
    template=page.TEMPLATE,
):
    paths = {Path(path).stem: path for path in statistics}
    selected = read_selected_cell(paths["selection"])
    paths |= {"curves": curves, "cases": volumes, "excluded": excluded}
    tables = {name: read_table(path) if path else None for name, path in paths.items()}
    judged = ("classification", "segmentation", "overlap")
    verdict = learned(*map(tables.get, judged))
    shown = contents.from_tables(tables, config, network, selected)
    folder = Path(output).parent
    html = page.render(
        {
            "verdict": verdict,
            **shown,
            **page.pictures(figures, learning_curves, overlays, folder, **shown["cell"]),
            "viewer": os.path.relpath(viewer, folder) if viewer else None,
            "provenance": page.provenance_parts(json.loads(Path(provenance).read_text())),
            "config": page.as_yaml(config),
        },
        template,
    )
    with written_whole(output) as path:
        path.write_text(html, encoding="utf-8")
    print(verdict.sentence)


if __name__ == "__main__":
    run(main, snakemake)
