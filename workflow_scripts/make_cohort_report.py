"""Write the cohort's report: one page of HTML that needs no network."""

from glioma_uq.files import written_whole
from glioma_uq.logs import log_to
from glioma_uq.report import cohort as contents
from glioma_uq.report import page
from glioma_uq.tables import read_table


def main(*, cohort, cases, excluded, quality, overlays, output, template=page.COHORT_TEMPLATE):
    """Write `output` from the cohort's tables and the overlays (PNG) of some of its cases."""
    tables = [read_table(path) for path in (cases, excluded, quality)]
    shown = contents.from_tables(cohort, *tables)
    html = page.render({**shown, "overlays": [page.overlay(path) for path in overlays]}, template)
    with written_whole(output) as path:
        path.write_text(html, encoding="utf-8")
    print(shown["sentence"])


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cohort=snakemake.wildcards.cohort,
            cases=snakemake.input.cases,
            excluded=snakemake.input.excluded,
            quality=snakemake.input.quality,
            overlays=snakemake.input.overlays,
            template=snakemake.input.template,
            output=snakemake.output.report,
        )
