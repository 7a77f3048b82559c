"""Write the cohort's report: one page of HTML that works offline."""

from glioma_uq.steps import run

from pathlib import Path

from glioma_uq.report import cohort as contents
from glioma_uq.report import page
from glioma_uq.tables import read_table


def main(
    *, cohort, volumes, excluded, quality, limits, figure, sheets, output, datasets=()
):  # fmt: skip
    """Write `output` from the cohort's tables, their figure and all quality sheets (PNG).

    `datasets`: what to say of each dataset by name, its title, citation, doi, licence, verified.
    """
    tables = [read_table(path) for path in (volumes, excluded, quality)]
    shown = contents.from_tables(cohort, *tables, limits) | {"datasets": datasets}
    shown["figure"] = page.figure(figure, Path(output).parent)
    shown["thumbnails"] = {Path(path).stem: page.thumbnail(path) for path in sheets}
    page.write(output, "cohort.html.jinja", shown)
    print(shown["sentence"])


if __name__ == "__main__":
    run(main, snakemake)
