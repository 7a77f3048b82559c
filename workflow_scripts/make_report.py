"""Write the study's report: one page of HTML that needs no network."""

import json
from pathlib import Path

from glioma_uq.files import written_whole
from glioma_uq.logs import log_to
from glioma_uq.report import contents, page
from glioma_uq.report.verdict import learned
from glioma_uq.tables import read_table


def main(
    *,
    classification,
    segmentation,
    ranks,
    figures,
    learning_curves,
    curves,
    overlays,
    cases,
    excluded,
    provenance,
    config,
    network,
    selection,
    output,
    template=page.TEMPLATE,
):
    tables = {
        "classification": classification,
        "segmentation": segmentation,
        "ranks": ranks,
        "curves": curves,
        "cases": cases,
        "excluded": excluded,
    }
    tables = {name: read_table(path) if path else None for name, path in tables.items()}
    verdict = learned(tables["classification"], tables["segmentation"])
    shown = contents.from_tables(tables, config, network, selection)
    folder = Path(output).parent
    html = page.render(
        {
            "verdict": verdict,
            **shown,
            **page.pictures(figures, learning_curves, overlays, folder, **shown["cell"]),
            "provenance": page.provenance_parts(json.loads(Path(provenance).read_text())),
            "config": page.as_yaml(config),
        },
        template,
    )
    with written_whole(output) as path:
        path.write_text(html, encoding="utf-8")
    print(verdict.sentence)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            classification=snakemake.input.classification,
            segmentation=snakemake.input.segmentation,
            ranks=snakemake.input.ranks,
            figures=snakemake.input.figures,
            learning_curves=snakemake.input.learning_curves,
            curves=snakemake.input.curves,
            overlays=snakemake.input.overlays,
            cases=snakemake.input.cases,
            excluded=snakemake.input.excluded,
            provenance=snakemake.input.provenance,
            config=snakemake.params.config,
            network=snakemake.params.network,
            selection=snakemake.params.selection,
            template=snakemake.input.template,
            output=snakemake.output.report,
        )
